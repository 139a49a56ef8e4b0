"""What stands on `server`, `default-server` and `server-template` lines (manual, section 5.2).

Keywords without argument are in `server_switches`. `id` belongs to single servers alone.
"""

from dataplane_core.grammar import (
    Params,
    arg,
    duration,
    group,
    integer,
    listed,
    one_of,
    params,
    seq,
    word,
)
from dataplane_core.grammar.dispatch import Template
from dataplane_core.grammar.entries import Entry
from dataplane_core.grammar.props import Prop
from dataplane_plugins.configuration.tables.common import (
    CONGESTION_CONTROLS,
    GUID,
    PORT,
    TLS_VERSIONS,
)
from dataplane_plugins.configuration.tables.server_switches import server_switches

_PROXY_V2_OPTIONS = (
    *("authority", "cert-cn", "cert-key", "cert-sig", "crc32c", "ssl", "ssl-cipher"),
    "unique-id",
)
_RESOLVE_OPTION = "(allow-dup-ip|ignore-weight|prevent-dup-ip)"
_RESOLVE_OPTIONS = f"^{_RESOLVE_OPTION}(,{_RESOLVE_OPTION})*$"
_NETWORKS = r"^([A-Za-z0-9.:/]+)(,[A-Za-z0-9.:/]+)*$"

_SOURCE = seq(
    word("source", pattern=None, help="Address, and ports, to connect from."),
    params(
        arg("usesrc", word("source_usesrc", help="Whose address the server is shown.")),
        arg("interface", word("source_interface", help="Interface to connect through.")),
        strict=True,
    ),
)
_TLV = seq(
    Template(
        "set-proxy-v2-tlv-fmt({id})",
        {"id": {"required": True, "help": "Type of the field, such as 0x20."}},
    ),
    word("value", pattern=None, required=True, help="Log format of the field's value."),
)

_AGENT_TO_FALL = (
    arg("agent-send", word("agent-send", pattern=None, help="Text that the agent is sent.")),
    arg("agent-inter", duration("agent-inter", nullable=True,
                                help="Time between two questions, in milliseconds.")),
    arg("agent-addr", word("agent-addr", help="Address of the agent.")),
    arg("agent-port", integer("agent-port", *PORT, nullable=True, help="Port of the agent.")),
    arg("alpn", word("alpn", help="Protocols to offer by ALPN.")),
    arg("ca-file", word("ssl_cafile", help="Authorities that the server's certificate is"
                        " checked with: a file, a folder, or @system-ca.")),
    arg("cc", word("cc", pattern=None, help="Congestion control of TCP connections.")),
    arg("check-alpn", word("check_alpn", help="Protocols that checks offer by ALPN.")),
    arg("check-pool-conn-name", word("check-pool-conn-name",
                                     help="Name of the idle connections that checks use.")),
    arg("check-proto", word("check_proto", help="Multiplexer protocol of checks.")),
    arg("check-sni", word("check-sni", help="Server name (SNI) that checks send.")),
    arg("ciphers", word("ciphers", pattern=None, help="Ciphers up to TLSv1.2.")),
    arg("ciphersuites", word("ciphersuites", pattern=None, help="Ciphers of TLSv1.3.")),
    arg("client-sigalgs", word("client_sigalgs", pattern=None,
                               help="Signature algorithms of client certificates.")),
    arg("cookie", word("cookie", help="Value of the persistence cookie for this server.")),
    arg("crl-file", word("crl_file", pattern=None, help="Revoked certificates.")),
    arg("curves", word("curves", pattern=None, help="Elliptic curves to offer.")),
    arg("crt", word("ssl_certificate", help="Certificate to show to the server.")),
    arg("error-limit", integer("error_limit", help="Errors in traffic that set off on-error.")),
    arg("fall", integer("fall", nullable=True,
                        help="Failed checks in a row that take the server down.")),
    arg("guid", word("guid", GUID, help="Identifier that no other object has.")),
    arg("hash-key", word("hash_key", help="What the server's place in a hash is made of.")),
)
_IDLE_TO_OBSERVE = (
    arg("idle-ping", duration("idle_ping", 0, nullable=True, help=(
        "Idle time after which a connection is tried with a ping, in milliseconds."))),
    arg("init-addr", word("init-addr", nullable=True,
                          help="Ways to find the address at the start, in order.")),
    arg("init-state", one_of("init-state", "fully-up", "up", "down", "fully-down",
                             help="State before the first check.")),
    arg("inter", duration("inter", nullable=True,
                          help="Time between two checks, in milliseconds.")),
    arg("fastinter", duration("fastinter", nullable=True, help=(
        "Time between two checks while the state changes, in milliseconds."))),
    arg("downinter", duration("downinter", nullable=True, help=(
        "Time between two checks while the server is down, in milliseconds."))),
    arg("ktls", one_of("ktls", "on", "off", help="Leave TLS to the kernel.")),
    arg("log-bufsize", integer("log-bufsize", nullable=True,
                               help="Size of the ring of a log server, in bytes.")),
    arg("log-proto", one_of("log_proto", "legacy", "octet-count",
                            help="How log messages are framed on a TCP connection.")),
    arg("maxconn", integer("maxconn", nullable=True, help="Connections at the same time.")),
    arg("maxqueue", integer("maxqueue", nullable=True, help="Connections that may wait.")),
    arg("max-reuse", integer("max_reuse", nullable=True,
                             help="How often a connection is used again; -1 for no limit.")),
    arg("minconn", integer("minconn", nullable=True,
                           help="Least of a maxconn that follows the load.")),
    arg("namespace", word("namespace", pattern=None, help="Network namespace to connect in.")),
    arg("npn", word("npn", pattern=None, help="Protocols to offer by NPN, as before ALPN.")),
    arg("observe", one_of("observe", "layer4", "layer7",
                          help="Watch the traffic for connection or for HTTP errors.")),
    arg("on-error", one_of("on-error", "fastinter", "fail-check", "sudden-death", "mark-down",
                           help="What to do at the error limit.")),
    arg("on-marked-down", one_of("on-marked-down", "shutdown-sessions",
                                 help="What to do when the server goes down.")),
    arg("on-marked-up", one_of("on-marked-up", "shutdown-backup-sessions",
                               help="What to do when the server comes up.")),
)
_POOL_TO_SOURCE = (
    arg("pool-conn-name", word("pool_conn_name", help="Name of idle connections.")),
    arg("pool-low-conn", integer("pool_low_conn", nullable=True, help=(
        "Idle connections below which threads take none of each other."))),
    arg("pool-max-conn", integer("pool_max_conn", nullable=True,
                                 help="Most idle connections; -1 for no limit.")),
    arg("pool-purge-delay", duration("pool_purge_delay", nullable=True, help=(
        "Time between two purges of idle connections, in milliseconds."))),
    arg("addr", word("health_check_address", help="Address that is checked.")),
    arg("port", integer("health_check_port", *PORT, nullable=True,
                        help="Port that is checked.")),
    arg("proto", word("proto", help="Multiplexer protocol; no ALPN is asked for it.")),
    arg("quic-cc-algo", one_of("quic-cc-algo", *CONGESTION_CONTROLS,
                                 help="Congestion control of QUIC connections.")),
    arg("redir", word("redir", pattern=None,
                      help="Prefix that GET and HEAD requests are redirected to.")),
    arg("rise", integer("rise", nullable=True,
                        help="Good checks in a row that bring the server up.")),
    arg("resolve-opts", word("resolve_opts", _RESOLVE_OPTIONS,
                             help="What to take from answers to name resolution.")),
    arg("resolve-prefer", one_of("resolve-prefer", "ipv4", "ipv6",
                                 help="Family of addresses that is preferred.")),
    arg("resolve-net", word("resolve-net", _NETWORKS, help="Networks that are preferred.")),
    arg("resolvers", word("resolvers", help="Section `resolvers` that finds the address.")),
    arg("proxy-v2-options", listed(
        "proxy-v2-options", Prop("", "string", enum=_PROXY_V2_OPTIONS),
        help="What a PROXY protocol header of version 2 tells besides.")),
    arg("shard", integer("shard", help="Part of the stick tables that this peer is told.")),
    arg("sigalgs", word("sigalgs", pattern=None, help="Signature algorithms to offer.")),
    arg("slowstart", duration("slowstart", nullable=True, help=(
        "Time in which a server that comes up grows to its weight, in milliseconds."))),
    arg("sni", word("sni", help="Expression of the server name (SNI) to send.")),
    arg("source", _SOURCE),
)
_TLS_TO_WS = (
    arg("ssl-max-ver", one_of("ssl_max_ver", *TLS_VERSIONS, help="Highest TLS version.")),
    arg("ssl-min-ver", one_of("ssl_min_ver", *TLS_VERSIONS, help="Lowest TLS version.")),
    arg("socks4", word("socks4", help="SOCKS4 proxy to connect through, address:port.")),
    arg("set-proxy-v2-tlv-fmt(", group("set-proxy-v2-tlv-fmt", _TLV), several=True),
    arg("tcp-md5sig", word("tcp_md5sig", help="Password of TCP MD5 signatures (RFC 2385).")),
    arg("tcp-ut", duration("tcp_ut", nullable=True, help=(
        "Time that sent data may wait for its receipt, in milliseconds."))),
    arg("track", word("track", pattern=None,
                      help="Server, [backend/]name, whose state this one takes on.")),
    arg("verify", one_of("verify", "none", "required",
                         help="Whether the server's certificate is checked.")),
    arg("verifyhost", word("verifyhost", pattern=None,
                           help="Name that the server's certificate must have.")),
    arg("weight", integer("weight", nullable=True,
                          help="Share of the load, relative to the others; 0 to 256.")),
    arg("ws", one_of("ws", "auto", "h1", "h2", help="HTTP version that carries WebSocket.")),
)

_IDENTIFIER = arg("id", integer("id", nullable=True, help="Number of the server."))


def server_params(*, identified: bool = False) -> Params:
    """The table, in the order in which keywords are written; `identified` ones take an `id`."""
    identifier: tuple[Entry, ...] = (_IDENTIFIER,) if identified else ()
    return params(
        *server_switches(),
        *_AGENT_TO_FALL,
        *_IDLE_TO_OBSERVE,
        *_POOL_TO_SOURCE,
        *_TLS_TO_WS,
        *identifier,
        tolerant=True,
    )


SERVER_PARAMS = server_params()
"""The keywords that a server has in common with `default-server`."""
