"""`tune.…`: buffers, HTTP/2, pools, memory, sockets of the process (manual, section 3.2).

In version 2 of the interface all stand in `tune_options`; in version 3 some topics have an object
of their own.
"""

from typing import Any

from dataplane_core.plugin import Statement, first_counts
from dataplane_plugins.configuration.globals.keywords import (
    boolean,
    byte_size,
    choice,
    number,
    on_off_word,
    time,
)

TUNE = "tune_options."
TUNE_BUFFERS = "tune_buffer_options."


_TOPICS = ("lua", "quic", "ssl", "vars", "zlib")
"""Those that begin the names of properties which version 3 has in an object of the topic."""


def in_topic(name: str) -> str:
    """Return the path in version 3 of `tune_options.<name>`, "" where it is the same."""
    topic, _, rest = name.partition("_")
    return f"tune_{topic}_options.{rest}" if topic in _TOPICS else ""


def tuned(
    keyword: str, name: str, help: str, *limits: int | None, v3: str = "", **more: Any
) -> Statement:
    """Return `tune.<keyword>` with a whole number."""
    v3 = v3 or in_topic(name)
    return number(f"tune.{keyword}", TUNE + name, help, *limits, v3=v3, **more)


def _buffer(keyword: str, help: str, *limits: int, nullable: bool = False) -> Statement:
    name = keyword.replace(".", "_")
    return tuned(keyword, name, help, *limits, v3=TUNE_BUFFERS + name, nullable=nullable)


def _buffer_size(keyword: str, help: str, nullable: bool = True) -> Statement:
    """Return a size that is written without a unit: HAProxy before 3.2 takes `1m` for 1 here."""
    name = keyword.replace(".", "_")
    v3 = TUNE_BUFFERS + name
    return byte_size(f"tune.{keyword}", TUNE + name, help, v3=v3, nullable=nullable, unit="")


def _side(side: str, what: str) -> tuple[Statement, Statement]:
    return (
        first_counts(_buffer_size(f"rcvbuf.{side}", f"Receive buffer {what}, in bytes.")),
        first_counts(_buffer_size(f"sndbuf.{side}", f"Send buffer {what}, in bytes.")),
    )


BUFFER_SIZES = (
    _buffer("buffers.limit", "Buffers of the process at most.", nullable=True),
    _buffer("buffers.reserve", "Buffers kept for when others run out.", 2),
    _buffer_size("bufsize", "Size of a buffer, in bytes.", nullable=False),
    tuned("comp.maxlevel", "comp_maxlevel", "Level of compression at most.", 1, 9),
    boolean(
        "tune.disable-zero-copy-forwarding",
        TUNE + "disable_zero_copy_forwarding",
        "Copy all data that is forwarded.",
    ),
    boolean(
        "tune.disable-fast-forward",
        TUNE + "disable_fast_forward",
        "Never forward data without looking at it.",
    ),
    tuned(
        *("events.max-events-at-once", "events_max_events_at_once"),
        "Events of a task that are handled at a time.",
        *(1, 10000),
    ),
    boolean("tune.fail-alloc", TUNE + "fail_alloc", "Let allocations fail at random, to test."),
    on_off_word(
        "tune.fd.edge-triggered", TUNE + "fd_edge_triggered", "Whether epoll is edge-triggered."
    ),
)

HTTP = (
    on_off_word(
        "tune.h1.zero-copy-fwd-recv",
        TUNE + "h1_zero_copy_fwd_recv",
        "Whether HTTP/1 receives without copying.",
    ),
    on_off_word(
        "tune.h1.zero-copy-fwd-send",
        TUNE + "h1_zero_copy_fwd_send",
        "Whether HTTP/1 sends without copying.",
    ),
    tuned(
        *("h2.be.initial-window-size", "h2_be_initial_window_size"),
        "Initial HTTP/2 window of servers, in bytes.",
    ),
    tuned(
        *("h2.header-table-size", "h2_header_table_size"),
        "Size of HTTP/2's header table, in bytes.",
        *(4096, 65535),
    ),
    tuned(
        *("h2.initial-window-size", "h2_initial_window_size"),
        "Initial HTTP/2 window of both sides, in bytes.",
        nullable=True,
    ),
    tuned(
        *("h2.be.max-concurrent-streams", "h2_be_max_concurrent_streams"),
        "Streams at a time on one HTTP/2 connection to a server.",
    ),
    tuned(
        *("h2.fe.initial-window-size", "h2_fe_initial_window_size"),
        "Initial HTTP/2 window of clients, in bytes.",
    ),
    tuned(
        *("h2.fe.max-concurrent-streams", "h2_fe_max_concurrent_streams"),
        "Streams at a time on one HTTP/2 connection of a client.",
    ),
    tuned(
        *("h2.max-concurrent-streams", "h2_max_concurrent_streams"),
        "Streams at a time on one HTTP/2 connection of either side.",
    ),
    tuned(
        "h2.max-frame-size", "h2_max_frame_size", "Largest HTTP/2 frame, in bytes.", 16384, 16777215
    ),
    on_off_word(
        "tune.h2.zero-copy-fwd-send",
        TUNE + "h2_zero_copy_fwd_send",
        "Whether HTTP/2 sends without copying.",
    ),
    tuned(
        *("h2.be.glitches-threshold", "h2_be_glitches_threshold"),
        "Protocol violations of a server that end an HTTP/2 connection.",
        nullable=True,
    ),
    tuned(
        *("h2.fe.glitches-threshold", "h2_fe_glitches_threshold"),
        "Protocol violations of a client that end an HTTP/2 connection.",
        nullable=True,
    ),
    tuned(
        *("h2.fe.max-total-streams", "h2_fe_max_total_streams"),
        "Streams of a client's HTTP/2 connection until it is closed.",
        nullable=True,
    ),
    tuned("http.cookielen", "http_cookielen", "Characters of captured cookies at most."),
    tuned("http.logurilen", "http_logurilen", "Characters of logged URIs at most."),
    tuned("http.maxhdr", "http_maxhdr", "Header fields of a message at most.", 1, 32767),
)

PROCESS = (
    on_off_word(
        "tune.idle-pool.shared",
        TUNE + "idle_pool_shared",
        "Whether threads share idle connections to servers.",
    ),
    time(
        "tune.idletimer", TUNE + "idletimer", "Pause after which a stream counts as idle.", 0, 65535
    ),
    choice(
        *("tune.listener.default-shards", TUNE + "listener_default_shards"),
        ("by-process", "by-thread", "by-group"),
        "How many sockets an address has by default.",
    ),
    on_off_word(
        "tune.listener.multi-queue",
        TUNE + "listener_multi_queue",
        "Whether listeners hand connections to threads.",
    ),
    tuned(
        *("max-checks-per-thread", "max_checks_per_thread"),
        "Health checks at a time in one thread.",
        nullable=True,
    ),
    first_counts(tuned("maxaccept", "maxaccept", "Connections accepted at a time.")),
    first_counts(
        tuned("maxpollevents", "maxpollevents", "Events taken from the system at a time.")
    ),
    tuned("maxrewrite", "maxrewrite", "Bytes of a buffer kept for rewriting."),
    tuned(
        *("memory.hot-size", "memory_hot_size"),
        "Memory of each type that a thread keeps, in bytes.",
        nullable=True,
    ),
    tuned(
        *("pattern.cache-size", "pattern_cache_size"),
        "Entries of the cache of pattern look-ups.",
        nullable=True,
    ),
    tuned(
        *("peers.max-updates-at-once", "peers_max_updates_at_once"),
        "Updates that a peer sends at a time.",
    ),
    _buffer("pipesize", "Size of pipes, in bytes."),
    tuned(
        *("pool-high-fd-ratio", "pool_high_fd_ratio"),
        "File descriptors in use, in percent, at which idle connections are closed.",
        *(0, 100),
    ),
    tuned(
        *("pool-low-fd-ratio", "pool_low_fd_ratio"),
        "File descriptors in use, in percent, at which connections are no longer kept.",
        *(0, 100),
    ),
    on_off_word(
        "tune.pt.zero-copy-forwarding",
        TUNE + "pt_zero_copy_forwarding",
        "Whether TCP is forwarded without copying.",
    ),
    on_off_word(
        "tune.applet.zero-copy-forwarding",
        TUNE + "applet_zero_copy_forwarding",
        "Whether applets send without copying.",
    ),
    _buffer("recv_enough", "Bytes that are enough for one reading."),
    first_counts(tuned("runqueue-depth", "runqueue_depth", "Tasks run at a time.")),
    on_off_word(
        "tune.sched.low-latency", TUNE + "sched_low_latency", "Whether waking tasks run sooner."
    ),
    tuned(*("stick-counters", "stick_counters"), "Stick counters of a stream.", nullable=True),
    tuned("ring.queues", "ring_queues", "Queues in front of rings.", nullable=True),
)

_SIDES = (
    _side("backend", "of servers, for all protocols"),
    _side("client", "of clients"),
    _side("frontend", "of clients, for all protocols"),
    _side("server", "of servers"),
)
SOCKET_BUFFERS = (*(pair[0] for pair in _SIDES), *(pair[1] for pair in _SIDES))

_SIZES = ("global", "proc", "reqres", "sess", "txn")
VARIABLES = (
    *(
        tuned(
            f"vars.{scope}-max-size",
            f"vars_{scope}_max_size",
            f"Memory of variables of scope {scope}, in bytes.",
            nullable=True,
        )
        for scope in _SIZES
    ),
    tuned(
        *("vars.check-max-size", "vars_check_max_size"),
        "Memory of variables of health checks, in bytes.",
        nullable=True,
    ),
)

ZLIB = (
    tuned("zlib.memlevel", "zlib_memlevel", "Memory of compression, 1 to 9.", 1, 9),
    tuned("zlib.windowsize", "zlib_windowsize", "Window of compression, in bits.", 8, 15),
)
