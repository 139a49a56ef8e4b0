"""What HAProxy 3.3 and 3.4 added to `global`, as version 3 of the interface has it."""

from dataplane_core.plugin import WORD, group, one_of, opt
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.globals.keywords import (
    boolean,
    byte_size,
    number,
    on_off_word,
    text,
)
from dataplane_plugins.configuration.globals.tuning import TUNE, TUNE_BUFFERS, tuned

PROCESS = (
    valued(
        "cpu-affinity",
        group(
            "cpu_affinity",
            one_of(
                *("affinity", "per-core", "per-group", "auto", "per-thread", "per-ccx"),
                required=True,
                help="Which processors a thread may run on.",
            )
            + opt(one_of("argument", "auto", "loose", help="How threads share the processors.")),
        ),
        *("per-core", "per-group loose"),
        rejects=["x"],
    ),
    number(
        *("max-threads-per-group", "max_threads_per_group", "Threads of a group at most.", 1),
        nullable=True,
    ),
    boolean("noktls", "performance_options.noktls", "Do not use TLS in the kernel."),
    text("shm-stats-file", "shm_stats_file", "File with counters that processes share.", WORD),
    number(
        *("shm-stats-file-max-objects", "shm_stats_file_max_objects", "Objects in that file.", 0),
        nullable=True,
    ),
    text("ssl-passphrase-cmd", "ssl_options.passphrase_cmd", "Command that tells passphrases."),
    on_off_word(
        "stats calculate-max-counters",
        "stats_calculate_max_counters",
        "Whether the largest values of counters are kept.",
    ),
)

TUNING = (
    byte_size(
        *("tune.bufsize.large", TUNE_BUFFERS + "bufsize_large"),
        "Size of a large buffer, in bytes.",
    ),
    byte_size(
        *("tune.cli.max-payload-size", TUNE + "cli_max_payload_size"),
        "Payload of a command at most, in bytes.",
    ),
    boolean("tune.defaults.purge", TUNE + "defaults_purge", "Forget unused `defaults` sections."),
    *(
        tuned(
            *(f"h1.{side}.glitches-threshold", f"h1_{side}_glitches_threshold"),
            f"Protocol violations of a {whose} that end an HTTP/1 connection.",
            0,
            nullable=True,
        )
        for side, whose in (("be", "server"), ("fe", "client"))
    ),
    text("tune.lua.openlibs", "tune_lua_options.openlibs", "Standard libraries that Lua may use."),
    number(
        *("tune.quic.frontend.stream-max-total", "tune_quic_options.frontend_stream_max_total"),
        "Streams of a client's QUIC connection until it is closed.",
        nullable=True,
    ),
)
