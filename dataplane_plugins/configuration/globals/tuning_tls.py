"""`tune.…` of TLS, Lua, QUIC and compression (manual, section 3.2)."""

from dataplane_core.plugin import Prop, UnwrittenValue, integer, seconds, seq
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.globals.statements import (
    DoubledProperty,
    boolean,
    choice,
    in_v3,
    on_off_word,
    time,
)
from dataplane_plugins.configuration.globals.tuning import TUNE, tuned

LUA_V3 = "tune_lua_options."
QUIC_V3 = "tune_quic_options."
TLS_V3 = "tune_ssl_options."

LUA = (
    tuned(
        *("lua.forced-yield", "lua_forced_yield"),
        "Lua instructions after which a script must pause.",
    ),
    valued(
        "tune.lua.maxmem",
        seq(
            UnwrittenValue(
                Prop(
                    TUNE + "lua_maxmem",
                    "boolean",
                    help="Whether Lua's memory is limited, by `lua_maxmem_megabytes`.",
                    **in_v3(None),
                ),
                True,
            ),
            integer(
                TUNE + "lua_maxmem_megabytes",
                nullable=True,
                help="Memory of Lua in each process, in megabytes.",
                **in_v3(LUA_V3 + "maxmem"),
            ),
        ),
        "100",
    ),
    *(
        time(f"tune.lua.{keyword}", TUNE + name, help, v3=LUA_V3 + name.removeprefix("lua_"))
        for keyword, name, help in (
            ("session-timeout", "lua_session_timeout", "Time that a Lua session may take."),
            ("burst-timeout", "lua_burst_timeout", "Time that Lua may run without a pause."),
            ("task-timeout", "lua_task_timeout", "Time that a Lua task may take."),
            ("service-timeout", "lua_service_timeout", "Time that a Lua service may take."),
        )
    ),
    on_off_word(
        "tune.lua.log.loggers",
        TUNE + "lua_log_loggers",
        "Whether messages of Lua go to the log.",
        v3=LUA_V3 + "log_loggers",
    ),
    on_off_word(
        "tune.lua.log.stderr",
        TUNE + "lua_log_stderr",
        "Whether messages of Lua go to standard error.",
        v3=LUA_V3 + "log_stderr",
        auto="auto",
    ),
    choice(
        *("tune.lua.bool-sample-conversion", TUNE + "lua_bool_sample_conversion"),
        ("normal", "pre-3.1-bug"),
        "How Lua sees boolean samples.",
        v3=LUA_V3 + "bool_sample_conversion",
    ),
)

_TLS_NUMBERS = (
    ("maxrecord", "maxrecord", "Bytes of a TLS record at most.", True),
    ("hard-maxrecord", "hard_maxrecord", "Bytes of any TLS record at most.", True),
    ("ssl-ctx-cache-size", "ctx_cache_size", "Generated certificates to keep.", False),
    ("capture-buffer-size", "capture_buffer_size", "Bytes of a client's hello to keep.", True),
    (
        *("capture-cipherlist-size", "capture_cipherlist_size"),
        "The old name of the number of bytes of a client's hello to keep.",
        True,
    ),
    (
        *("ocsp-update.maxdelay", "ocsp_update_max_delay"),
        "Longest time between OCSP updates, in seconds.",
        True,
    ),
    (
        *("ocsp-update.mindelay", "ocsp_update_min_delay"),
        "Shortest time between OCSP updates, in seconds.",
        True,
    ),
)
TLS = (
    tuned(
        *("ssl.cachesize", "ssl_cachesize", "Entries of the TLS session cache."),
        group="",
        nullable=True,
    ),
    boolean(
        "tune.ssl.force-private-cache",
        TUNE + "ssl_force_private_cache",
        "Do not share the TLS session cache between processes.",
        TLS_V3 + "force_private_cache",
    ),
    on_off_word(
        "tune.ssl.keylog",
        TUNE + "ssl_keylog",
        "Whether session keys can be logged.",
        TLS_V3 + "keylog",
    ),
    valued(
        "tune.ssl.lifetime",
        seconds(
            TUNE + "ssl_lifetime",
            nullable=True,
            help="How long a TLS session can be taken up again, in seconds.",
            **in_v3(TLS_V3 + "lifetime"),
        ),
        *("300", "5m"),
        rejects=["1500x"],
    ),
    DoubledProperty(
        "tune.ssl.default-dh-param",
        lambda name: integer(
            name,
            1024,
            help="Bits of Diffie-Hellman parameters, where no file has them.",
            **in_v3(TLS_V3 + "default_dh_param"),
        ),
        TUNE + "ssl_default_dh_param",
        Prop(
            "tune_ssl_default_dh_param",
            "integer",
            minimum=1024,
            help="The same as `tune_options.ssl_default_dh_param`.",
            deprecated=True,
            **in_v3(None),
        ),
        examples=["tune.ssl.default-dh-param 2048"],
        rejects=["tune.ssl.default-dh-param"],
    ),
    *(
        tuned(f"ssl.{keyword}", f"ssl_{name}", help, nullable=nullable)
        for keyword, name, help, nullable in _TLS_NUMBERS
    ),
    choice(
        *("tune.ssl.certificate-compression", TUNE + "ssl_certificate_compression"),
        ("auto", "off"),
        "Whether certificates are sent compressed.",
    ),
)

QUIC = (
    *(
        tuned(f"quic.{keyword}", f"quic_{name}", help, nullable=True)
        for keyword, name, help in (
            (
                *("frontend.conn-tx-buffers.limit", "frontend_conn_tx_buffers_limit"),
                "Send buffers of a QUIC connection.",
            ),
            (
                *("frontend.max-streams-bidi", "frontend_max_streams_bidi"),
                "Streams at a time on one QUIC connection.",
            ),
            ("max-frame-loss", "max_frame_loss", "Losses of a frame that end a connection."),
            ("retry-threshold", "retry_threshold", "Half-open connections that ask for a retry."),
            ("reorder-ratio", "reorder_ratio", "Packets in flight that count as reordered, in %."),
        )
    ),
    time(
        "tune.quic.frontend.max-idle-timeout",
        TUNE + "quic_frontend_max_idle_timeout",
        "Inactivity that ends a QUIC connection.",
        v3=QUIC_V3 + "frontend_max_idle_timeout",
    ),
    choice(
        *("tune.quic.socket-owner", TUNE + "quic_socket_owner", ("listener", "connection")),
        "Whether QUIC connections have sockets of their own.",
        v3=QUIC_V3 + "socket_owner",
    ),
    on_off_word(
        "tune.quic.zero-copy-fwd-send",
        TUNE + "quic_zero_copy_fwd_send",
        "Whether QUIC sends without copying.",
        QUIC_V3 + "zero_copy_fwd_send",
    ),
)

ZLIB = (
    tuned("zlib.memlevel", "zlib_memlevel", "Memory of compression, 1 to 9.", 1, 9),
    tuned("zlib.windowsize", "zlib_windowsize", "Window of compression, in bits.", 8, 15),
)
