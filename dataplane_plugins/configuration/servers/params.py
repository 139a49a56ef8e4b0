"""What stands on `server`, `default-server` and `server-template` lines (manual, section 5.2).

Keywords without argument are in `server_switches`, the first half of the others in
`server_checks`. `id` belongs to single servers alone.
"""

from dataplane_core.plugin import (
    PORT,
    ParameterKeyword,
    ParameterTable,
    Prop,
    Template,
    arg,
    duration,
    group,
    integer,
    joined,
    listed,
    one_of,
    params,
    seq,
    word,
)
from dataplane_plugins.configuration.common.constraints import NETWORK, SOURCE, must_match
from dataplane_plugins.configuration.common.values import CONGESTION_CONTROLS, TLS_VERSIONS
from dataplane_plugins.configuration.servers.arguments import (
    AGENT_TO_HASH,
    IDLE_TO_ON_MARKED_UP,
)
from dataplane_plugins.configuration.servers.switches import server_switches

_PROXY_V2_OPTIONS = (
    *("authority", "cert-cn", "cert-key", "cert-sig", "crc32c", "ssl", "ssl-cipher"),
    "unique-id",
)
_RESOLVE_OPTION = "(allow-dup-ip|ignore-weight|prevent-dup-ip)"
_RESOLVE_OPTIONS = f"^{_RESOLVE_OPTION}(,{_RESOLVE_OPTION})*$"
_NETWORKS = r"^([A-Za-z0-9.:/]+)(,[A-Za-z0-9.:/]+)*$"

_SOURCE = seq(
    must_match(
        word("source", pattern=None, help="Address, and ports, to connect from."),
        *("source", SOURCE, "an address, and a port or a range of ports behind a colon"),
    ),
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

_POOL_TO_SOURCE = (
    arg("pool-conn-name", word("pool_conn_name", help="Name of idle connections.")),
    arg(
        "pool-low-conn",
        integer(
            "pool_low_conn",
            nullable=True,
            help=("Idle connections below which threads take none of each other."),
        ),
    ),
    arg(
        "pool-max-conn",
        integer("pool_max_conn", nullable=True, help="Most idle connections; -1 for no limit."),
    ),
    arg(
        "pool-purge-delay",
        duration(
            "pool_purge_delay",
            nullable=True,
            help=("Time between two purges of idle connections, in milliseconds."),
        ),
    ),
    arg("addr", word("health_check_address", help="Address that is checked.")),
    arg("port", integer("health_check_port", *PORT, nullable=True, help="Port that is checked.")),
    arg("proto", word("proto", help="Multiplexer protocol; no ALPN is asked for it.")),
    arg(
        "quic-cc-algo",
        one_of(
            "quic-cc-algo", *CONGESTION_CONTROLS, help="Congestion control of QUIC connections."
        ),
    ),
    arg(
        "redir",
        word("redir", pattern=None, help="Prefix that GET and HEAD requests are redirected to."),
    ),
    arg(
        "rise",
        integer("rise", nullable=True, help="Good checks in a row that bring the server up."),
    ),
    joined(
        "resolve-opts",
        word(
            "resolve_opts", _RESOLVE_OPTIONS, help="What to take from answers to name resolution."
        ),
    ),
    arg(
        "resolve-prefer",
        one_of("resolve-prefer", "ipv4", "ipv6", help="Family of addresses that is preferred."),
    ),
    joined(
        "resolve-net",
        must_match(
            word("resolve-net", _NETWORKS, help="Networks that are preferred."),
            *("resolve-net", NETWORK, "networks with commas between", ","),
        ),
    ),
    arg(
        "resolvers",
        word(
            "resolvers",
            refers_to=("resolvers",),
            help="Section `resolvers` that finds the address.",
        ),
    ),
    joined(
        "proxy-v2-options",
        listed(
            "proxy-v2-options",
            Prop("", "string", enum=_PROXY_V2_OPTIONS),
            help="What a PROXY protocol header of version 2 tells besides.",
        ),
    ),
    arg("shard", integer("shard", help="Part of the stick tables that this peer is told.")),
    arg("sigalgs", word("sigalgs", pattern=None, help="Signature algorithms to offer.")),
    arg(
        "slowstart",
        duration(
            "slowstart",
            nullable=True,
            help=("Time in which a server that comes up grows to its weight, in milliseconds."),
        ),
    ),
    arg("sni", word("sni", help="Expression of the server name (SNI) to send.")),
    arg("source", _SOURCE),
)
_TLS_TO_WS = (
    arg("ssl-max-ver", one_of("ssl_max_ver", *TLS_VERSIONS, help="Highest TLS version.")),
    arg("ssl-min-ver", one_of("ssl_min_ver", *TLS_VERSIONS, help="Lowest TLS version.")),
    arg("socks4", word("socks4", help="SOCKS4 proxy to connect through, address:port.")),
    arg("set-proxy-v2-tlv-fmt(", group("set-proxy-v2-tlv-fmt", _TLV), several=True),
    arg("tcp-md5sig", word("tcp_md5sig", help="Password of TCP MD5 signatures (RFC 2385).")),
    arg(
        "tcp-ut",
        duration(
            "tcp_ut",
            nullable=True,
            help=("Time that sent data may wait for its receipt, in milliseconds."),
        ),
    ),
    arg(
        "track",
        word("track", pattern=None, help="Server, [backend/]name, whose state this one takes on."),
    ),
    arg(
        "verify",
        one_of("verify", "none", "required", help="Whether the server's certificate is checked."),
    ),
    arg(
        "verifyhost",
        word("verifyhost", pattern=None, help="Name that the server's certificate must have."),
    ),
    arg(
        "weight",
        integer("weight", 0, 256, nullable=True, help="Share of the load, relative to the others."),
    ),
    arg("ws", one_of("ws", "auto", "h1", "h2", help="HTTP version that carries WebSocket.")),
)

_IDENTIFIER = arg("id", integer("id", nullable=True, help="Number of the server."))


def server_params(*, identified: bool = False) -> ParameterTable:
    """The table, in the order in which keywords are written; `identified` ones take an `id`."""
    identifier: tuple[ParameterKeyword, ...] = (_IDENTIFIER,) if identified else ()
    return params(
        *server_switches(),
        *AGENT_TO_HASH,
        *IDLE_TO_ON_MARKED_UP,
        *_POOL_TO_SOURCE,
        *_TLS_TO_WS,
        tolerant=True,
        own=identifier,
    )


SERVER_PARAMS = server_params()
"""The keywords that a server has in common with `default-server`."""
