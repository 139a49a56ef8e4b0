"""Keywords of `server` lines with an argument: agents, checks, limits (manual, 5.2).

They are the first of those, written in this order behind those without an argument.
"""

from dataplane_core.plugin import (
    PORT,
    arg,
    duration,
    integer,
    one_of,
    word,
)
from dataplane_plugins.configuration.common.constraints import INIT_ADDR, must_match
from dataplane_plugins.configuration.common.values import GUID

AGENT_TO_HASH = (
    arg("agent-send", word("agent-send", pattern=None, help="Text that the agent is sent.")),
    arg(
        "agent-inter",
        duration("agent-inter", nullable=True, help="Time between two questions, in milliseconds."),
    ),
    arg("agent-addr", word("agent-addr", help="Address of the agent.")),
    arg("agent-port", integer("agent-port", *PORT, nullable=True, help="Port of the agent.")),
    arg("alpn", word("alpn", help="Protocols to offer by ALPN.")),
    arg(
        "ca-file",
        word(
            "ssl_cafile",
            help="Authorities that the server's certificate is"
            " checked with: a file, a folder, or @system-ca.",
        ),
    ),
    arg("cc", word("cc", pattern=None, help="Congestion control of TCP connections.")),
    arg("check-alpn", word("check_alpn", help="Protocols that checks offer by ALPN.")),
    arg(
        "check-pool-conn-name",
        word("check-pool-conn-name", help="Name of the idle connections that checks use."),
    ),
    arg("check-proto", word("check_proto", help="Multiplexer protocol of checks.")),
    arg("check-sni", word("check-sni", help="Server name (SNI) that checks send.")),
    arg("ciphers", word("ciphers", pattern=None, help="Ciphers up to TLSv1.2.")),
    arg("ciphersuites", word("ciphersuites", pattern=None, help="Ciphers of TLSv1.3.")),
    arg(
        "client-sigalgs",
        word("client_sigalgs", pattern=None, help="Signature algorithms of client certificates."),
    ),
    arg("cookie", word("cookie", help="Value of the persistence cookie for this server.")),
    arg("crl-file", word("crl_file", pattern=None, help="Revoked certificates.")),
    arg("curves", word("curves", pattern=None, help="Elliptic curves to offer.")),
    arg("crt", word("ssl_certificate", help="Certificate to show to the server.")),
    arg("error-limit", integer("error_limit", help="Errors in traffic that set off on-error.")),
    arg(
        "fall",
        integer("fall", nullable=True, help="Failed checks in a row that take the server down."),
    ),
    arg("guid", word("guid", GUID, help="Identifier that no other object has.")),
    arg("hash-key", word("hash_key", help="What the server's place in a hash is made of.")),
)
IDLE_TO_ON_MARKED_UP = (
    arg(
        "idle-ping",
        duration(
            "idle_ping",
            0,
            nullable=True,
            help=("Idle time after which a connection is tried with a ping, in milliseconds."),
        ),
    ),
    arg(
        "init-addr",
        must_match(
            word("init-addr", nullable=True, help="Ways to find the address at the start."),
            *("init-addr", INIT_ADDR, "last, libc, none and addresses with commas between", ","),
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
            help=("Time between two checks while the state changes, in milliseconds."),
        ),
    ),
    arg(
        "downinter",
        duration(
            "downinter",
            nullable=True,
            help=("Time between two checks while the server is down, in milliseconds."),
        ),
    ),
    arg("ktls", one_of("ktls", "on", "off", help="Leave TLS to the kernel.")),
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
    arg("npn", word("npn", pattern=None, help="Protocols to offer by NPN, as before ALPN.")),
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
