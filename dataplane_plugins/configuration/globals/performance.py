"""Limits of the process, polling and debugging (manual, sections 3.2 and 3.3)."""

from dataplane_core.plugin import first_counts, mapped, rest, statements
from dataplane_plugins.configuration.globals.keywords import (
    boolean,
    in_v3,
    number,
    on_off_word,
    time,
)
from dataplane_plugins.configuration.globals.statements import NegatableFlag, ValueSynonyms

_V3 = "performance_options."

LIMITS = (
    first_counts(number("maxconn", "maxconn", "Connections of the process.", v3=_V3 + "maxconn")),
    first_counts(
        number(
            *("maxconnrate", "maxconnrate", "New connections in a second."), v3=_V3 + "maxconnrate"
        )
    ),
    number(
        *("maxcomprate", "maxcomprate", "Kilobytes to compress in a second."),
        v3=_V3 + "maxcomprate",
    ),
    number(
        "maxcompcpuusage",
        "maxcompcpuusage",
        "Use of processors, in percent, over which nothing is compressed.",
        *(0, 100),
        v3=_V3 + "maxcompcpuusage",
    ),
    first_counts(number("maxpipes", "maxpipes", "Pipes for splicing.", v3=_V3 + "maxpipes")),
    first_counts(
        number("maxsessrate", "maxsessrate", "New sessions in a second.", v3=_V3 + "maxsessrate")
    ),
    number("maxzlibmem", "maxzlibmem", "Megabytes for compression.", v3=_V3 + "maxzlibmem"),
    first_counts(
        number(
            "fd-hard-limit",
            "fd_hard_limit",
            "File descriptors at most.",
            nullable=True,
            v3=_V3 + "fd_hard_limit",
        )
    ),
    number(
        "thread-hard-limit",
        "thread_hard_limit",
        "Threads at most.",
        nullable=True,
        v3=_V3 + "thread_hard_limit",
    ),
    first_counts(
        number(
            "ulimit-n", "ulimit_n", "File descriptors of the process, instead of those computed."
        )
    ),
    boolean(
        "prealloc-fd", "prealloc-fd", "Allocate all file descriptors at the start.", "prealloc_fd"
    ),
)

CHECKS = (
    time(
        "max-spread-checks",
        "max_spread_checks",
        "How long the start of health checks may take.",
        v3=_V3 + "max_spread_checks",
    ),
    number(
        "spread-checks",
        "spread_checks",
        "Randomness of the interval between health checks, in percent.",
        *(0, 50),
        v3=_V3 + "spread_checks",
    ),
)


POLLING = (
    NegatableFlag("busy-polling", "busy_polling", "Poll without sleeping.", _V3 + "busy_polling"),
    boolean("noepoll", "noepoll", "Do not use epoll.", _V3 + "noepoll"),
    boolean("nokqueue", "nokqueue", "Do not use kqueue.", _V3 + "nokqueue"),
    boolean("noevports", "noevports", "Do not use event ports.", _V3 + "noevports"),
    boolean("nopoll", "nopoll", "Do not use poll.", _V3 + "nopoll"),
    boolean("nosplice", "nosplice", "Do not splice.", _V3 + "nosplice"),
    boolean("nogetaddrinfo", "nogetaddrinfo", "Do not use getaddrinfo.", _V3 + "nogetaddrinfo"),
    boolean("noreuseport", "noreuseport", "Do not use SO_REUSEPORT.", _V3 + "noreuseport"),
    boolean("no-memory-trimming", "no-memory-trimming", "Do not give memory back at a reload."),
)

DEBUGGING = (
    number(
        "anonkey",
        "anonkey",
        "Key with which names are made anonymous in output.",
        *(0, 4294967295),
        nullable=True,
        v3="debug_options.anonkey",
    ),
    ValueSynonyms(
        "profiling.tasks",
        mapped(
            "profiling_tasks",
            {"auto": "auto", "on": "enabled", "off": "disabled"},
            enum=("auto", "on", "off", "enabled", "disabled"),
            help="Whether the time of tasks is measured; `on` and `off` are shown in long.",
            **in_v3(_V3 + "profiling_tasks"),
        ),
        {"on": "enabled", "off": "disabled"},
        examples=["profiling.tasks auto", "profiling.tasks on"],
        rejects=["profiling.tasks"],
    ),
    on_off_word(
        "profiling.memory",
        "profiling_memory",
        "Whether the use of memory is measured.",
        v3=_V3 + "profiling_memory",
    ),
    boolean("quiet", "quiet", "Write nothing at the start.", "debug_options.quiet"),
    boolean(
        "zero-warning", "zero_warning", "Take a warning as an error.", "debug_options.zero_warning"
    ),
    time(
        "warn-blocked-traffic-after",
        "warn_blocked_traffic_after",
        "Time that a task may run without a warning.",
        facts={"v3": {"minimum": 1}},
    ),
    statements(
        "trace",
        "traces",
        rest("trace", required=True, help="Source, sink, level and filters."),
        help="Events to trace, since HAProxy 2.8.",
        examples=["trace h2 sink stderr"],
        rejects=["trace"],
    ),
)
