"""The statistics page: `stats …` in proxies (manual, section 4.2), as `stats_options`."""

from dataplane_core.plugin import (
    CONDITION,
    FRONTENDS,
    NameOf,
    Statement,
    Template,
    case,
    const,
    dispatch,
    duration,
    each_counts,
    integer,
    keyword,
    lit,
    one_of,
    opt,
    rest,
    rule,
    seq,
    statement,
    statements,
    word,
)
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import idle_without
from dataplane_plugins.configuration.proxies.section_kinds import ANY, taken_by

NODE_NAME = r"^[A-Za-z0-9_.-]+$"


def stats_flag(keyword_: str, name: str, help: str) -> Statement:
    """Return `stats <keyword>`, which has no argument."""
    return keyword(f"stats {keyword_}", f"stats_options.{name}", help=help)


def stats_word(keyword_: str, name: str, help: str, pattern: str | None, **more: bool) -> Statement:
    """Return `stats <keyword>` with one word."""
    head = f"stats {keyword_}"
    term = word(f"stats_options.{name}", pattern, help=help, **more)
    return statement(head, term, examples=[f"{head} a-1"], rejects=[head])


_CREDENTIALS = Template(
    "{user}:{passwd}",
    {
        "user": {"required": True, "nullable": True, "help": "Name."},
        "passwd": {
            "required": True,
            "nullable": True,
            "secret": True,
            "help": "Password, in clear.",
        },
    },
)
_ACTION = dispatch(
    "type",
    case("allow"),
    case("deny"),
    case("auth", opt(seq(lit("realm"), word("realm", None, help="Realm of the challenge.")))),
    help="What happens to the request.",
)

STATS = taken_by(
    ANY,
    stats_flag("enable", "stats_enable", "Show the page at its default address."),
    stats_flag("hide-version", "stats_hide_version", "Do not show HAProxy's version."),
    stats_flag("show-version", "stats_show_version", "Show HAProxy's version."),
    stats_flag("show-legends", "stats_show_legends", "Show details of sockets and servers."),
    valued(
        "stats show-desc",
        rest("stats_options.stats_show_desc", nullable=True, help="A sentence shown on the page."),
        *("the shop", '"a b"'),
    ),
    valued(
        "stats refresh",
        duration(
            "stats_options.stats_refresh_delay",
            nullable=True,
            help="Time between reloads of the page; written as it is, without a unit.",
        ),
        *("5s", "10"),
    ),
    stats_word("show-node", "stats_show_node_name", "Name of the node.", NODE_NAME, nullable=True),
    stats_word("uri", "stats_uri_prefix", "Path of the page.", r"^[^\s]+$"),
    each_counts(
        valued(
            "stats admin",
            idle_without(
                "stats_options.stats_admin",
                seq(
                    const(
                        "stats_options.stats_admin",
                        True,
                        help="Let servers be managed on the page.",
                    ),
                    one_of(
                        "stats_options.stats_admin_cond",
                        "if",
                        "unless",
                        help="Whether the condition must hold or fail.",
                    ),
                    opt(
                        rest(
                            "stats_options.stats_admin_cond_test",
                            refers_to=CONDITION,
                            help="The condition for managing.",
                        )
                    ),
                ),
                "stats_options.stats_admin_cond",
                "stats_options.stats_admin_cond_test",
            ),
            *("if LOCALHOST", "unless { src 10.0.0.0/8 }"),
            rejects=["LOCALHOST"],
        )
    ),
    stats_flag("show-modules", "stats_show_modules", "Show the statistics of modules."),
    valued(
        "stats realm",
        idle_without(
            "stats_options.stats_realm",
            seq(
                const(
                    "stats_options.stats_realm", True, help="Ask for a password in a named realm."
                ),
                word(
                    "stats_options.stats_realm_realm", None, nullable=True, help="The realm's name."
                ),
            ),
            "stats_options.stats_realm_realm",
        ),
        r"HAProxy\ Statistics",
    ),
    valued(
        "stats maxconn",
        integer("stats_options.stats_maxconn", 1, help="Connections to the page, once a keyword."),
        "10",
        rejects=["x"],
    ),
    statements(
        "stats scope",
        "stats_options.stats_scopes",
        word(
            "stats_options.stats_scopes",
            None,
            refers_to=NameOf(*FRONTENDS, "backend", but=(".",)),
        ),
        help="Proxies that the page shows; `.` is the one itself.",
        examples=["stats scope .", "stats scope shop"],
        rejects=["stats scope"],
    ),
    statements(
        "stats auth",
        "stats_options.stats_auths",
        _CREDENTIALS,
        help="Users who may see the page.",
        examples=["stats auth admin:AdMiN123"],
        rejects=["stats auth", "stats auth admin"],
    ),
    statements(
        "stats http-request",
        "stats_options.stats_http_requests",
        rule(_ACTION),
        help="Rules for requests to the page, in order.",
        examples=[
            "stats http-request allow if something",
            r"stats http-request auth realm HAProxy\ Statistics unless { src 10.0.0.1 }",
            "stats http-request deny",
        ],
        rejects=["stats http-request", "stats http-request none", "stats http-request auth realm"],
    ),
)
