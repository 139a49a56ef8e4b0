"""Keywords of `server` lines with an argument, `agent-…` to `on-…` (manual, section 5.2)."""

from dataplane_core.plugin import PORT, arg, duration, integer, one_of, word
from dataplane_plugins.configuration.common.names import AUTHORITIES, CERTIFICATES
from dataplane_plugins.configuration.common.values import GUID, must_match
from dataplane_plugins.configuration.servers.shared_params import (
    ALPN,
    CIPHERS,
    CIPHERSUITES,
    CLIENT_SIGALGS,
    CONGESTION_CONTROL,
    CRL_FILE,
    CURVES,
    IDLE_PING,
    NPN,
)

_INIT_ADDR = r"[^,]*[.:][^,]*|last|libc|none"
"""A way to find a server's address at the start (manual, section 5.2 "init-addr")."""

ARGUMENTS_A_TO_O = (
    arg("agent-send", word("agent-send", pattern=None, help="Text that the agent is sent.")),
    arg(
        "agent-inter",
        duration("agent-inter", nullable=True, help="Time between two questions, in milliseconds."),
    ),
    arg("agent-addr", word("agent-addr", help="Address of the agent.")),
    arg("agent-port", integer("agent-port", *PORT, nullable=True, help="Port of the agent.")),
    ALPN,
    arg(
        "ca-file",
        word(
            "ssl_cafile",
            refers_to=AUTHORITIES,
            help="Authorities that the server's certificate is"
            " checked with: a file, a folder, or @system-ca.",
        ),
    ),
    CONGESTION_CONTROL,
    arg("check-alpn", word("check_alpn", help="Protocols that checks offer by ALPN.")),
    arg("check-proto", word("check_proto", help="Multiplexer protocol of checks.")),
    arg("check-sni", word("check-sni", help="Server name (SNI) that checks send.")),
    CIPHERS,
    CIPHERSUITES,
    CLIENT_SIGALGS,
    arg("cookie", word("cookie", help="Value of the persistence cookie for this server.")),
    CRL_FILE,
    CURVES,
    arg(
        "crt",
        word("ssl_certificate", refers_to=CERTIFICATES, help="Certificate to show to the server."),
    ),
    arg("error-limit", integer("error_limit", help="Errors in traffic that set off on-error.")),
    arg("guid", word("guid", GUID, help="Identifier that no other object has.")),
    arg(
        "fall",
        integer("fall", nullable=True, help="Failed checks in a row that take the server down."),
    ),
    IDLE_PING,
    arg(
        "init-addr",
        must_match(
            word("init-addr", nullable=True, help="Ways to find the address at the start."),
            *("init-addr", _INIT_ADDR, "last, libc, none and addresses with commas between", ","),
        ),
    ),
    arg(
        "init-state",
        one_of(
            "init-state",
            "fully-up",
            "up",
            "down",
            "fully-down",
            help="State before the first check.",
        ),
    ),
    arg(
        "inter", duration("inter", nullable=True, help="Time between two checks, in milliseconds.")
    ),
    arg(
        "fastinter",
        duration(
            "fastinter",
            nullable=True,
            help="Time between two checks while the state changes, in milliseconds.",
        ),
    ),
    arg(
        "downinter",
        duration(
            "downinter",
            nullable=True,
            help="Time between two checks while the server is down, in milliseconds.",
        ),
    ),
    arg(
        "log-bufsize",
        integer("log-bufsize", nullable=True, help="Size of the ring of a log server, in bytes."),
    ),
    arg(
        "log-proto",
        one_of(
            "log_proto",
            "legacy",
            "octet-count",
            help="How log messages are framed on a TCP connection.",
        ),
    ),
    arg("maxconn", integer("maxconn", nullable=True, help="Connections at the same time.")),
    arg("maxqueue", integer("maxqueue", nullable=True, help="Connections that may wait.")),
    arg(
        "max-reuse",
        integer(
            "max_reuse",
            nullable=True,
            help="How often a connection is used again; -1 for no limit.",
        ),
    ),
    arg(
        "minconn",
        integer("minconn", nullable=True, help="Least of a maxconn that follows the load."),
    ),
    arg("namespace", word("namespace", pattern=None, help="Network namespace to connect in.")),
    NPN,
    arg(
        "observe",
        one_of(
            "observe",
            "layer4",
            "layer7",
            help="Watch the traffic for connection or for HTTP errors.",
        ),
    ),
    arg(
        "on-error",
        one_of(
            "on-error",
            "fastinter",
            "fail-check",
            "sudden-death",
            "mark-down",
            help="What to do at the error limit.",
        ),
    ),
    arg(
        "on-marked-down",
        one_of("on-marked-down", "shutdown-sessions", help="What to do when the server goes down."),
    ),
    arg(
        "on-marked-up",
        one_of(
            "on-marked-up", "shutdown-backup-sessions", help="What to do when the server comes up."
        ),
    ),
)
"""In the order in which they are written, behind the keywords without an argument."""
