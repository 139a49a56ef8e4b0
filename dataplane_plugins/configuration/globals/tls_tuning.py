"""`tune.ssl.…`: caches, records and keys of TLS (manual, section 3.2)."""

from dataplane_core.plugin import Prop, duration, integer
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.globals.keywords import boolean, choice, in_v3, on_off_word
from dataplane_plugins.configuration.globals.statements import DoubledProperty
from dataplane_plugins.configuration.globals.tuning import TUNE, tuned

_V3 = "tune_ssl_options."

_NUMBERS = (
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
"""Ends of keywords and of properties, each with its help and whether 0 is unlike an absent line."""

TLS_TUNING = (
    tuned(
        *("ssl.cachesize", "ssl_cachesize", "Entries of the TLS session cache."),
        nullable=True,
    ),
    boolean(
        "tune.ssl.force-private-cache",
        TUNE + "ssl_force_private_cache",
        "Do not share the TLS session cache between processes.",
        _V3 + "force_private_cache",
    ),
    on_off_word(
        "tune.ssl.keylog",
        TUNE + "ssl_keylog",
        "Whether session keys can be logged.",
        _V3 + "keylog",
    ),
    valued(
        "tune.ssl.lifetime",
        duration(
            TUNE + "ssl_lifetime",
            unit="s",
            nullable=True,
            help="How long a TLS session can be taken up again, in milliseconds.",
            types={"v1": "seconds", "v2": "seconds"},
            **in_v3(_V3 + "lifetime"),
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
            **in_v3(_V3 + "default_dh_param"),
        ),
        TUNE + "ssl_default_dh_param",
        Prop(
            "tune_ssl_default_dh_param",
            "integer",
            minimum=1024,
            help="The same as `tune_options.ssl_default_dh_param`.",
            deprecated=True,
        ),
        examples=["tune.ssl.default-dh-param 2048"],
        rejects=["tune.ssl.default-dh-param"],
    ),
    *(
        tuned(f"ssl.{keyword}", f"ssl_{name}", help, nullable=nullable)
        for keyword, name, help, nullable in _NUMBERS
    ),
    choice(
        *("tune.ssl.certificate-compression", TUNE + "ssl_certificate_compression"),
        ("auto", "off"),
        "Whether certificates are sent compressed.",
        v3=_V3 + "certificate_compression",
        types={"v3": "disabled"},
    ),
)
