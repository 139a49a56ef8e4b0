"""Keywords of `bind`, `default-bind` and `stats socket` lines (manual, section 5.1).

A new keyword of a line is written in the order of this table.
"""

from collections.abc import Iterator
from typing import Any

from dataplane_core.plugin import (
    FILES,
    Code,
    ParameterTable,
    Problem,
    Values,
    alias,
    arg,
    checked,
    duration,
    flag,
    integer,
    is_digits,
    number_of,
    one_of,
    params,
    parse_integer,
    switch,
    word,
)
from dataplane_plugins.configuration.common.values import GUID, must_match, or_variable
from dataplane_plugins.configuration.servers.bind_certificates import (
    CA_IGNORE_ERR,
    CERTIFICATES,
    CRT_IGNORE_ERR,
    CRT_LIST,
    DEFAULT_CRT,
    SIGNING,
)
from dataplane_plugins.configuration.servers.bind_tls import (
    FORCE_TLS,
    NO_SSLV3,
    NO_TLS,
    TLS_ALIASES,
)
from dataplane_plugins.configuration.servers.congestion import congestion_control
from dataplane_plugins.configuration.servers.shared_params import (
    ALPN,
    CIPHERS,
    CIPHERSUITES,
    CLIENT_SIGALGS,
    CONGESTION_CONTROL,
    CRL_FILE,
    CURVES,
    IDLE_PING,
    KTLS,
    NPN,
    SIGALGS,
    SSL_MAX_VER,
    SSL_MIN_VER,
    TCP_MD5SIG,
    VERIFY_CLIENTS,
)

_THREADS = r"(\d+/)?(all|odd|even|0*[1-9]\d*(-\d*)?(,0*[1-9]\d*(-\d*)?)*)"
"""A set of threads, perhaps of one thread group (manual, section 5.1 "thread")."""


def _check_segment_size(values: Values) -> Iterator[Problem]:
    """`mss` counts bytes; a negative number is subtracted from the MTU's (section 5.1 "mss")."""
    value = str(values.get("mss", ""))
    number = parse_integer(value)
    if is_digits(value.removeprefix("-")) and not 1 <= abs(number or 0) <= 65535:
        yield Problem("mss", Code.PATTERN, "mss must be from 1 to 65535, or from -65535 to -1")


_KEYWORDS = (
    arg(
        "process",
        word(
            "process", help="Threads that accept connections; gone since HAProxy 2.7, see thread."
        ),
        several=True,
    ),
    *CERTIFICATES,
    arg(
        "tcp-ut",
        duration(
            "tcp_user_timeout",
            nullable=True,
            facts={"v3": {"unit": ""}},
            help="Time that sent data may wait for its receipt, in milliseconds.",
        ),
    ),
    arg("label", word("label", pattern=None, help="Mark that others can refer to.")),
    TCP_MD5SIG,
    arg("tcp-ss", number_of("tcp_ss", 1, 2, 3, help="Which parts of SYN packets to keep.")),
    flag("ssl", "ssl", help="Speak TLS to clients."),
    flag("v4v6", "v4v6", help="Take IPv4 connections on an IPv6 address too."),
    VERIFY_CLIENTS,
    ALPN,
    flag("transparent", "transparent", help="Take connections to addresses of others."),
    flag("accept-proxy", "accept_proxy", help="Expect a PROXY protocol header."),
    flag("allow-0rtt", "allow_0rtt", help="Take early data of TLS 1.3."),
    arg(
        "accept-netscaler-cip",
        integer(
            "accept_netscaler_cip",
            help="Expect a NetScaler client IP header with this magic number.",
        ),
    ),
    arg("backlog", word("backlog", pattern=None, help="Connections that may wait.")),
    CURVES,
    CONGESTION_CONTROL,
    arg("ecdhe", word("ecdhe", pattern=None, help="Elliptic curve of the key exchange.")),
    CA_IGNORE_ERR,
    DEFAULT_CRT,
    *SIGNING,
    CIPHERS,
    CIPHERSUITES,
    CLIENT_SIGALGS,
    CRL_FILE,
    CRT_IGNORE_ERR,
    CRT_LIST,
    flag("defer-accept", "defer_accept", help="Accept connections when they bring data."),
    flag(
        "expose-fd listeners",
        "expose_fd_listeners",
        dangerous="True",
        help="Let a new process fetch the listening sockets from this one.",
    ),
    *FORCE_TLS,
    flag(
        "generate-certificates",
        "generate_certificates",
        help="Make certificates for names that have none.",
    ),
    arg("gid", integer("gid", help="Group of a UNIX socket, by number.")),
    arg("group", word("group", pattern=None, help="Group of a UNIX socket, by name.")),
    arg(
        "guid-prefix",
        word("guid_prefix", GUID, help="Start of the identifiers of the line's listeners."),
    ),
    arg("id", word("id", or_variable("[0-9]+"), help="Number of the address.")),
    switch(
        "tls-tickets",
        "tls_tickets",
        enum=("enabled", "disabled"),
        same_as={"disabled": ("no_tls_tickets", True)},
        same_in=("v3",),
        help="Resume TLS sessions by tickets; disabled is no_tls_tickets.",
    ),
    IDLE_PING,
    arg("interface", word("interface", pattern=None, help="Interface to listen on.")),
    arg(
        "level",
        one_of(
            "level",
            "user",
            "operator",
            "admin",
            dangerous="admin",
            help="Rights of who connects to a stats socket.",
        ),
    ),
    arg(
        "severity-output",
        one_of(
            "severity_output",
            "none",
            "number",
            "string",
            help="How a stats socket shows the severity of messages.",
        ),
    ),
    arg("maxconn", integer("maxconn", help="Connections at the same time.")),
    arg(
        "mode",
        word("mode", or_variable("[0-7]+"), help="Access rights of a UNIX socket, in octal."),
    ),
    arg(
        "mss",
        checked(
            word("mss", or_variable("-?[0-9]+"), help="Largest TCP segment to announce, in bytes."),
            _check_segment_size,
        ),
    ),
    arg("namespace", word("namespace", pattern=None, help="Network namespace to listen in.")),
    arg(
        "nbconn",
        integer("nbconn", help="Connections that a reversed listener keeps open to its server."),
    ),
    flag("no-ca-names", "no_ca_names", help="Do not name authorities to the client."),
    NO_SSLV3,
    flag("no-tls-tickets", "no_tls_tickets", help="Do not resume TLS sessions by tickets."),
    *NO_TLS,
    NPN,
    flag(
        "prefer-client-ciphers", "prefer_client_ciphers", help="Take ciphers in the client's order."
    ),
    arg("proto", word("proto", pattern=None, help="Multiplexer protocol; no ALPN is needed.")),
    arg(
        "shards",
        word(
            "shards",
            r"^(by-thread|by-group|[0-9]+)$",
            help="Sockets that the address is listened on with.",
        ),
    ),
    SIGALGS,
    SSL_MAX_VER,
    SSL_MIN_VER,
    flag("strict-sni", "strict_sni", help="Refuse clients that name no known server."),
    flag("no-strict-sni", "no_strict_sni", help="Serve clients that name an unknown server."),
    alias(
        "force_strict_sni",
        {"enabled": ("strict_sni", True), "disabled": ("no_strict_sni", True)},
        same_in=("v3",),
        help="Refuse clients that name no known server (enabled), or serve them (disabled).",
    ),
    flag("tfo", "tfo", help="Take data with the first packet (TCP fast open)."),
    arg(
        "thread",
        must_match(
            word("thread", pattern=None, help="Threads that accept connections."),
            *("thread", _THREADS, "a set of threads such as all, odd, 1-4 or 1/2-3"),
        ),
        several=True,
    ),
    KTLS,
    arg(
        "tls-ticket-keys",
        word(
            "tls_ticket_keys",
            pattern=None,
            refers_to=FILES,
            help="File of the keys that tickets are sealed with.",
        ),
    ),
    flag("v6only", "v6only", help="Take no IPv4 connections on an IPv6 address."),
    arg("uid", word("uid", pattern=None, help="Owner of a UNIX socket, by number.")),
    arg("user", word("user", pattern=None, help="Owner of a UNIX socket, by name.")),
    arg("quic-cc-algo", congestion_control(burst=True)),
    flag(
        "quic-force-retry", "quic-force-retry", help="Make QUIC clients prove their address first."
    ),
    arg(
        "quic-socket",
        one_of(
            "quic-socket",
            "connection",
            "listener",
            help="Sockets of QUIC connections: one each, or one for all.",
        ),
    ),
    flag("no-alpn", "no_alpn", help="Offer no protocol by ALPN."),
    arg("nice", integer("nice", help="Priority of connections, from -1024 to 1024.")),
    *TLS_ALIASES,
)


def _table(**facts: Any) -> ParameterTable:
    name = arg("name", word("name", help="Name of the address.", **facts))
    return params(name, *_KEYWORDS, tolerant=True, own=(), name="bind options")


BIND_PARAMS = _table()
"""The keywords of the three lines; the address in front of them differs."""

NAMED_BIND_PARAMS = _table(facts=dict.fromkeys(("v1", "v3"), {"required": True}))
"""Those of a line that versions 1 and 3 want a name for."""
