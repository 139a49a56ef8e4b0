"""Which server a connection goes to, and from which address (manual, section 4.2).

`balance`, `hash-type`, `source` and what belongs to them.
"""

from collections.abc import Iterator

from dataplane_core.plugin import (
    EXPRESSION,
    Address,
    Code,
    NameOf,
    Problem,
    Prop,
    Statement,
    Term,
    Values,
    arg,
    case,
    checked,
    dispatch,
    flag,
    group,
    integer,
    lit,
    maybe_word,
    one_of,
    opt,
    params,
    seq,
    spelled,
    statement,
    word,
)
from dataplane_plugins.configuration.common.addresses import port
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import idle_without
from dataplane_plugins.configuration.proxies.section_kinds import BACK, ONLY_BACKEND, taken_by

_POST = seq(
    lit("check_post"),
    integer("url_param_check_post", help="Bytes of a POST body to look for the parameter in."),
    opt(seq(lit("max_wait"), integer("url_param_max_wait", help="Bytes of it to wait for."))),
)

def _hashed(help: str) -> Term:
    return word("hash_expression", None, refers_to=EXPRESSION, help=help)


BALANCE = statement(
    "balance",
    group(
        "balance",
        spelled(
            "arguments",
            dispatch(
                "algorithm",
                case("first"),
                case("hash", _hashed("Sample that is hashed.")),
                case(
                    "hdr({hdr_name})",
                    params(
                        flag(
                            "use_domain_only",
                            "hdr_use_domain_only",
                            help="Hash the main domain of a host name only.",
                        )
                    ),
                    hdr_name={"help": "Header that is hashed."},
                ),
                case("leastconn"),
                case("log-hash", _hashed("Converters; the result is hashed.")),
                case(
                    "random({random_draws:int})",
                    random_draws={
                        "minimum": 1,
                        "help": "Servers drawn, of which the least loaded is taken.",
                    },
                ),
                case("random"),
                case(
                    "rdp-cookie({rdp_cookie_name})",
                    rdp_cookie_name={"pattern": r"^[^\s]+$", "help": "RDP cookie that is hashed."},
                ),
                case("rdp-cookie"),
                case("roundrobin"),
                case("source"),
                case("static-rr"),
                case("sticky"),
                case(
                    "uri",
                    params(
                        arg("depth", integer("uri_depth", 0, help="Directories that are hashed.")),
                        arg("len", integer("uri_len", 0, help="Characters that are hashed.")),
                        flag("whole", "uri_whole", help="Hash the query as well."),
                        flag("path-only", "uri_path_only", help="Leave scheme and host out."),
                    ),
                ),
                case(
                    "url_param",
                    seq(
                        word("url_param", help="Parameter of the query that is hashed."), opt(_POST)
                    ),
                ),
                nullable=True,
                facts={"v1": {"required": False}},
                help="How a server is chosen.",
            ),
            help="The words behind the algorithm.",
        ),
    ),
    examples=[
        "balance roundrobin",
        "balance hdr(host) use_domain_only",
        "balance random",
        "balance random(2)",
        "balance rdp-cookie",
        "balance rdp-cookie(mstshash)",
        "balance uri depth 8 len 12 whole path-only",
        "balance url_param session_id check_post 64 max_wait 20",
        "balance log-hash json_query('$.id')",
        "balance sticky",
        "balance hash req.hdr_ip(x-forwarded-for,-1),ipmask(24)",
    ],
    rejects=["balance", "balance nope", "balance url_param", "balance first x", "balance hdr()"],
)

HASH_TYPE = valued(
    "hash-type",
    group(
        "hash_type",
        seq(
            one_of("method", "map-based", "consistent", help="How a hash leads to a server."),
            opt(
                seq(
                    one_of(
                        "function",
                        *("sdbm", "djb2", "wt6", "crc32", "none"),
                        help="How the hash is computed.",
                    ),
                    opt(one_of("modifier", "avalanche", help="What is done to the hash.")),
                )
            ),
        ),
    ),
    *("consistent", "map-based djb2 avalanche"),
    rejects=["avalanche", "consistent avalanche"],
)


_HEADER = {"help": "Header that holds the address which servers see."}
_OCCURRENCE = {"help": "Which of the header's values: 1 is the first, -1 the last."}
_SEEN = dispatch(
    "usesrc",
    case("client"),
    case("clientip"),
    case("hdr_ip({hdr},{occ})", hdr=_HEADER, occ=_OCCURRENCE),
    case("hdr_ip(,{occ})", value="hdr_ip", occ=_OCCURRENCE),
    case("hdr_ip()", value="hdr_ip"),
    case("hdr_ip({hdr})", hdr=_HEADER),
    case(
        "",
        Address(
            Prop("address_second", help="Address that servers see."),
            port("port_second", nullable=False, help="Port that servers see."),
        ),
        value="address",
    ),
    implied="address",
    required=False,
    help="Whose address servers see.",
)

SOURCE = statement(
    "source",
    group(
        "source",
        idle_without(
            ("usesrc", "address_second"),
            seq(
                Address(
                    Prop("address", required=True, nullable=True, help="Address to connect from."),
                    port(nullable=False, help="Port to connect from."),
                ),
                params(
                    arg("usesrc", _SEEN),
                    arg("interface", word("interface", None, help="Interface to connect through.")),
                    strict=True,
                ),
            ),
            *("port_second", "hdr", "occ"),
        ),
    ),
    examples=[
        "source 192.168.1.200",
        "source 192.168.1.200:80 usesrc client",
        "source 0.0.0.0 usesrc hdr_ip(x-forwarded-for,-1)",
        "source 0.0.0.0 usesrc hdr_ip(,2)",
        "source 0.0.0.0 usesrc hdr_ip()",
        "source 0.0.0.0 usesrc 127.0.0.9:99",
        "source [::1]:80 usesrc [fe80::1]",
        "source 192.168.1.200 interface eth0",
    ],
    rejects=["source", "source 1.2.3.4 usesrc", "source 1.2.3.4 x"],
)


HTTP_REUSE: Statement = valued(
    "http-reuse",
    one_of(
        "http_reuse",
        *("aggressive", "always", "never", "safe"),
        help="Whether idle connections to servers are shared between clients.",
    ),
    "safe",
    rejects=["maybe"],
)

BALANCING = taken_by(BACK, HASH_TYPE, BALANCE)

REUSE = taken_by(BACK, HTTP_REUSE)


def _check_balance_factor(values: Values) -> Iterator[Problem]:
    """HAProxy takes 0, or more than 100 (manual, section 4.2 "hash-balance-factor")."""
    name = "hash_balance_factor"
    if 0 < values.get(name, 0) <= 100:
        yield Problem(name, Code.MINIMUM, f"{name} in body should be 0 or greater than 100")


CONNECTING = (
    *taken_by(
        BACK,
        valued(
            "load-server-state-from-file",
            one_of(
                "load_server_state_from_file",
                *("global", "local", "none"),
                help="Where the state of servers is taken from at start.",
            ),
            "global",
            rejects=["foo"],
        ),
    ),
    *taken_by(
        BACK,
        valued(
            "server-state-file-name",
            word(
                "server_state_file_name",
                None,
                help="File with the backend's server states, or `use-backend-name`.",
            ),
            "use-backend-name",
        ),
    ),
    *taken_by(
        ONLY_BACKEND,
        valued(
            "use-fcgi-app",
            word(
                "use_fcgi_app",
                None,
                refers_to=NameOf("fcgi-app"),
                help="FastCGI application that requests go to.",
            ),
            "php",
        ),
    ),
    *taken_by(
        BACK,
        statement(
            "http-send-name-header",
            maybe_word("http_send_name_header", help="Header in which a server is told its name."),
            examples=["http-send-name-header X-Server", "http-send-name-header"],
            rejects=["http-send-name-header a b"],
        ),
        SOURCE,
        valued(
            "hash-balance-factor",
            checked(
                integer(
                    "hash_balance_factor",
                    0,
                    nullable=True,
                    help="Most load of a server, in percent of the average; 0 for no limit.",
                ),
                _check_balance_factor,
            ),
            *("150", "0"),
            rejects=["x"],
        ),
    ),
)
