"""Keywords of `server` lines with an argument, `pool-…` to `ws` (manual, section 5.2)."""

from dataplane_core.plugin import (
    EXPRESSION,
    FORMAT,
    PORT,
    SERVERS,
    NameOf,
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
from dataplane_plugins.configuration.common.values import must_match
from dataplane_plugins.configuration.servers.congestion import congestion_control
from dataplane_plugins.configuration.servers.shared_params import (
    KTLS,
    SIGALGS,
    SSL_MAX_VER,
    SSL_MIN_VER,
    TCP_MD5SIG,
)

_NETWORK = r"[0-9.]+(/[0-9.]+)?|[0-9A-Fa-f:]*:[0-9A-Fa-f.:]*(/\d+)?"
"""An address or a network (manual, section 5.2 "resolve-net")."""

_ADDRESS = r"[^:]*|[^:]*:\d+(-\d+)?|.*:.*:.*"
"""An address, with or without ports (manual, section 5.2 "source"); IPv6 has more colons."""

_PROXY_V2_OPTIONS = (
    *("authority", "cert-cn", "cert-key", "cert-sig", "crc32c", "ssl", "ssl-cipher"),
    "unique-id",
)
_RESOLVE_OPTION = "(allow-dup-ip|ignore-weight|prevent-dup-ip)"
_RESOLVE_OPTIONS = f"^{_RESOLVE_OPTION}(,{_RESOLVE_OPTION})*$"
_NETWORKS = r"^([A-Za-z0-9.:/]+)(,[A-Za-z0-9.:/]+)*$"

_SOURCE = seq(
    must_match(
        word(
            "source",
            pattern=None,
            holds={"v3": {"usesrc": "source_usesrc", "interface": "source_interface"}},
            help="Address, and ports, to connect from.",
        ),
        *("source", _ADDRESS, "an address, and a port or a range of ports behind a colon"),
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
    word(
        "value",
        pattern=None,
        required=True,
        refers_to=FORMAT,
        help="Log format of the field's value.",
    ),
)

ARGUMENTS_P_TO_W = (
    arg(
        "pool-low-conn",
        integer(
            "pool_low_conn",
            nullable=True,
            help="Idle connections below which threads take none of each other.",
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
            help="Time between two purges of idle connections, in milliseconds.",
        ),
    ),
    arg("addr", word("health_check_address", help="Address that is checked.")),
    arg("port", integer("health_check_port", *PORT, nullable=True, help="Port that is checked.")),
    arg("proto", word("proto", help="Multiplexer protocol; no ALPN is asked for it.")),
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
            *("resolve-net", _NETWORK, "networks with commas between", ","),
        ),
    ),
    arg(
        "resolvers",
        word(
            "resolvers",
            refers_to=NameOf("resolvers"),
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
    SIGALGS,
    arg(
        "slowstart",
        duration(
            "slowstart",
            nullable=True,
            help="Time in which a server that comes up grows to its weight, in milliseconds.",
        ),
    ),
    arg(
        "sni",
        word("sni", refers_to=EXPRESSION, help="Expression of the server name (SNI) to send."),
    ),
    arg("source", _SOURCE),
    SSL_MAX_VER,
    SSL_MIN_VER,
    arg("socks4", word("socks4", help="SOCKS4 proxy to connect through, address:port.")),
    arg("set-proxy-v2-tlv-fmt(", group("set-proxy-v2-tlv-fmt", _TLV), several=True),
    arg(
        "tcp-ut",
        duration(
            "tcp_ut",
            nullable=True,
            help="Time that sent data may wait for its receipt, in milliseconds.",
        ),
    ),
    arg(
        "track",
        word(
            "track",
            pattern=None,
            refers_to=SERVERS,
            help="Server, [backend/]name, whose state this one takes on.",
        ),
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
    arg(
        "pool-conn-name",
        word("pool_conn_name", refers_to=EXPRESSION, help="Name of idle connections."),
    ),
    arg("hash-key", word("hash_key", help="What the server's place in a hash is made of.")),
    TCP_MD5SIG,
    KTLS,
    arg("quic-cc-algo", congestion_control()),
)
"""In the order in which they are written, behind `ARGUMENTS_A_TO_O`."""
