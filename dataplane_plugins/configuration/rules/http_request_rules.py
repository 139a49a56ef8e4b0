"""`http-request` rules, which HAProxy evaluates for each request in their order.

Manual, sections 4.2 "http-request" and 4.4.
"""

from dataplane_core.plugin import (
    FORMAT,
    WORD,
    Case,
    NameOf,
    Registry,
    Term,
    arg,
    case,
    dispatch,
    flag,
    impl,
    params,
    rule,
    word,
)
from dataplane_plugins.configuration.rules import actions, answers, counters, http_actions, tracking
from dataplane_plugins.configuration.rules.statements import (
    ActionAlias,
    RuleStatement,
    property_alias,
)


def _normalizer() -> Term:
    """Return what `normalize-uri` brings into a normal form, with its option."""
    strict = params(
        flag("strict", "normalizer_strict", help="Refuse requests with invalid escapes."),
        strict=True,
    )
    full = params(
        flag("full", "normalizer_full", help="Remove `../` at the beginning, too."), strict=True
    )
    plain = ("fragment-encode", "fragment-strip", "path-merge-slashes", "path-strip-dot")
    return dispatch(
        "normalizer",
        *map(case, plain),
        case("path-strip-dotdot", full),
        case("percent-decode-unreserved", strict),
        case("percent-to-uppercase", strict),
        case("query-sort-by-name"),
        required=False,
        help="What is brought into a normal form.",
    )


def _formatted(name: str, new_name: str, help: str) -> Term:
    """Return a log format that the first versions show as `hdr_format`, and later ones do not."""
    names = {"v1": "hdr_format", "v2": "hdr_format", "v3": new_name}
    return word(name, pattern=None, names=names, refers_to=FORMAT, help=help)


def _uri_actions() -> list[Case]:
    """Return the actions that rewrite the method, the path, the query or the whole URI."""
    path = word("path_fmt", refers_to=FORMAT, help="The new path, a log format.")
    path_match = word("path_match", help="Regular expression for the path.")
    return [
        case("replace-path", path_match + path),
        case("replace-pathq", path_match + path),
        case(
            "replace-uri",
            word("uri-match", pattern=None, help="Regular expression for the URI.")
            + word("uri-fmt", pattern=None, refers_to=FORMAT, help="The new URI, a log format."),
        ),
        case("set-path", path),
        case("set-pathq", path),
        case("set-query", _formatted("new_query", "query-fmt", "The new query, a log format.")),
        case("set-uri", _formatted("new_uri", "uri-fmt", "The new URI, a log format.")),
        case(
            "set-method", word("method_fmt", refers_to=FORMAT, help="The new method, a log format.")
        ),
        case("normalize-uri", _normalizer()),
    ]


def _flow_actions() -> list[Case]:
    """Return the actions that let a request pass, wait, or be answered by HAProxy."""
    realm = word("auth_realm", help="What the browser says that it asks a password for.")
    return [
        case("allow"),
        case("auth", params(arg("realm", realm), strict=True)),
        case(
            "cache-use",
            word("cache_name", refers_to=NameOf("cache"), help="The cache that may answer."),
        ),
        case("disable-l7-retry"),
        case(
            "early-hint",
            word("hint_name", help="Name of the hint's header field.")
            + word("hint_format", refers_to=FORMAT, help="Value of the field, a log format."),
        ),
        http_actions.pause(),
        case("reject"),
        actions.use_service(),
        case("wait-for-handshake"),
    ]


ACTIONS = (
    http_actions.add_acl(),
    *http_actions.headers(),
    *http_actions.binary_headers(),
    *_flow_actions(),
    actions.capture(actions.CAPTURE_LENGTH, actions.CAPTURE_SLOT, pattern=actions.CAPTURED),
    *http_actions.lists(),
    answers.deny(),
    actions.do_log(),
    *actions.resolve("resolvers", "protocol"),
    actions.lua(),
    answers.redirect(),
    answers.return_answer(),
    *counters.stick_counters(),
    actions.spoe_group("spoe_engine", "spoe_group", WORD),
    *actions.with_expression("set-dst", "set-dst-port"),
    *actions.source(),
    *actions.priorities(),
    *_uri_actions(),
    actions.log_level(),
    *actions.marks(),
    *actions.marks_of_sides("fc", "bc"),
    actions.nice(),
    http_actions.set_timeout(),
    *actions.variables(),
    actions.silent_drop(),
    http_actions.strict_mode(),
    answers.tarpit(),
    tracking.HTTP_TRACK,
    actions.tracing(),
    http_actions.wait_for_body(),
    actions.bandwidth_limit(),
)

ACTION_ALIASES = (
    *tracking.HTTP_COUNTER_ALIASES,
    ActionAlias("set-query", {"hdr_format": "new_query", "query-fmt": "new_query"}),
    ActionAlias("set-uri", {"hdr_format": "new_uri", "uri-fmt": "new_uri"}),
    ActionAlias("replace-uri", {"hdr_match": "uri-match", "hdr_format": "uri-fmt"}),
)
RULE = RuleStatement(
    "http-request",
    rule(dispatch("type", *ACTIONS, help="What the rule does.")),
    ACTION_ALIASES,
    (*tracking.HTTP_TRACK_PROPERTIES, property_alias("query-fmt", "The same as `hdr_format`.")),
    examples=[
        "http-request allow if { src 10.0.0.0/8 }",
        "http-request deny deny_status 403 content-type text/plain string no hdr X-Why policy",
        "http-request return status 200 content-type text/plain lf-string %[src] unless { path / }",
        "http-request redirect location /x code 301 drop-query if { path /y }",
        "http-request set-header X-Client %[src]",
        "http-request replace-uri ^/a(.*) /b\\1",
        "http-request normalize-uri path-strip-dotdot full",
        "http-request lua.check a b if { path /z }",
        "http-request track-sc1 src table counters",
        "http-request sc-set-gpt(0,1) 5",
        "http-request do-resolve(txn.ip,dns,ipv4) hdr(Host),lower",
        "http-request set-map(/etc/names.map) %[src] %[path]",
        "http-request set-var(txn.host) req.hdr(Host),lower",
        "http-request wait-for-body time 5000 at-least 1024",
        "http-request early-hint if FALSE",
        "http-request set-headers-bin req.hdrs_bin prefix x-",
        "http-request del-headers-bin req.hdrs_bin -m beg",
    ],
    rejects=[
        "http-request",
        "http-request deny string",
        "http-request set-header X-Client",
        "http-request normalize-uri path-strip-dot full",
        "http-request track-sc src",
        "http-request lua.",
    ],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of proxies and defaults."""
    registry.rows(
        "http_request_rules",
        RULE,
        key=None,
        parents=("frontend", "backend", "defaults"),
        rank=40,
        title="HTTPRequestRule",
        help="A rule that is evaluated for each request.",
    )
