"""How clients stay with their server (manual, section 4.2): cookies and exceptions."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dataplane_core.plugin import (
    CONDITION,
    LineContent,
    LineForm,
    Problem,
    Prop,
    Statement,
    Values,
    arg,
    args,
    case,
    checked,
    choose,
    dispatch,
    either,
    flag,
    group,
    integer,
    misplaced,
    nothing,
    one_of,
    opt,
    params,
    rest,
    seconds,
    seq,
    statement,
    word,
)
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.proxies.section_kinds import (
    BACK,
    ONLY_BACKEND,
    taken_by,
)

COOKIE_DOMAIN = r"""^[^\s"'/:;,%()<>@=?\[\]{}\\]+$|[$]"""
"""What a domain may hold (RFC 2109, section 4.2.2; HAProxy checks it), or a variable."""


def _check_cookie(values: Values) -> Iterator[Problem]:
    """HAProxy refuses some words of `cookie` together (manual, section 4.2 "cookie")."""
    kind, indirect = values.get("type"), "indirect" in values
    if kind == "rewrite" and indirect:
        yield misplaced("indirect", "indirect does not belong to type rewrite")
    if "preserve" in values and kind != "insert" and not indirect:
        yield misplaced("preserve", "preserve needs type insert, or indirect")


COOKIE = taken_by(
    BACK,
    statement(
        "cookie",
        group(
            "cookie",
            checked(
                seq(
                    word(
                        "name", required=True, nullable=True, names={"v1": ""},
                        facts={"v1": {"required": False, "nullable": False}},
                        help="Name of the cookie.",
                    ),  # fmt: skip
                    params(
                        args(
                            *("domain", "domain"),
                            word(
                                "value", COOKIE_DOMAIN, help="Domain that the cookie is valid for."
                            ),
                            help="Domains of the cookie.",
                        ),
                        args(
                            *("attr", "attr"),
                            word("value", help="An attribute, such as SameSite=None."),
                            help="Further attributes of the cookie.",
                        ),
                        flag("dynamic", "dynamic", help="Compute the value from server and key."),
                        flag("httponly", "httponly", help="Keep the cookie from scripts."),
                        flag("indirect", "indirect", help="Keep the cookie from servers."),
                        arg(
                            "maxidle",
                            seconds(
                                "maxidle", unit="", help="Idle time it is good for, in seconds."
                            ),
                        ),
                        arg(
                            "maxlife",
                            seconds("maxlife", unit="", help="Time it is good for, in seconds."),
                        ),
                        flag(
                            "nocache", "nocache", help="Mark answers that set it as not cacheable."
                        ),
                        flag("postonly", "postonly", help="Set it in answers to POST only."),
                        flag("preserve", "preserve", help="Leave a cookie that the server sets."),
                        either(
                            "type",
                            *("rewrite", "insert", "prefix"),
                            help="Whose cookie: the server's, rewritten or prefixed, or ours.",
                        ),
                        flag("secure", "secure", help="Send it over TLS only."),
                    ),
                ),
                _check_cookie,
            ),
        ),
        examples=[
            "cookie test",
            "cookie S httponly indirect maxidle 60 maxlife 3600 nocache insert secure",
            'cookie S domain .a.com domain .b.com attr "x y" dynamic postonly preserve insert',
            "cookie S rewrite",
            "cookie S insert maxidle 30m maxlife 8h",
        ],
        rejects=["cookie", "cookie S maxlife something"],
    ),
    valued(
        "dynamic-cookie-key",
        word(
            "dynamic_cookie_key", secret=True, help="Secret that dynamic cookies are computed with."
        ),
        "k1",
    ),
)

PERSIST_RULE = taken_by(
    BACK,
    valued(
        "persist",
        group(
            "persist_rule",
            dispatch(
                "type",
                case(
                    "rdp-cookie({rdp_cookie_name})",
                    rdp_cookie_name={"pattern": r"^[^\s]+$", "help": "Name of the RDP cookie."},
                ),
                case("rdp-cookie"),
                nullable=True,
                help="What a client is recognised by.",
            ),
        ),
        *("rdp-cookie", "rdp-cookie(msts)"),
        rejects=["rdp-cookie msts"],
    ),
)

REDISPATCH = taken_by(
    BACK,
    choose(
        "redispatch.enabled",
        {
            "enabled": (
                "option redispatch",
                opt(
                    integer(
                        "redispatch.interval",
                        nullable=True,
                        help="Retries before another server is taken; from the end if negative.",
                    )
                ),
            ),
            "disabled": ("no option redispatch", nothing),
        },
        required=True,
        nullable=True,
        help="Send a request to another server when its own cannot be reached.",
        examples=["option redispatch", "option redispatch -1", "no option redispatch"],
        rejects=["option redispatch x", "no option redispatch 1"],
    ),
)


class PersistRules(Statement):
    """Lines `<keyword> if <condition>`, shown as two properties.

    `<name>_list` holds all lines. `<name>` holds the first one, as earlier versions of the
    interface did. In a body that has both, the list takes precedence.
    """

    single = False

    def __init__(self, keyword: str, name: str, help: str) -> None:
        cond = one_of(
            "cond", "if", "unless", required=True, help="Whether the condition must hold or fail."
        )
        term = seq(
            cond, rest("cond_test", required=True, refers_to=CONDITION, help="The condition.")
        )
        self.name, self.list_name = name, f"{name}_list"
        self.every = Prop(
            self.list_name,
            "array",
            items=term.props,
            help=f"{help}, in order.",
            sort_as="".join(map(str.capitalize, self.list_name.split("_"))),
        )
        super().__init__(
            [LineForm(keyword, term)],
            examples=[f"{keyword} if acl-name", f"{keyword} unless {{ src 10.0.0.0/8 }}"],
            rejects=[keyword, f"{keyword} if", f"{keyword} acl-name"],
        )

    def declared(self) -> Iterable[Prop]:
        return (*(prop.under(self.name) for prop in super().declared()), self.every)

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        if not contents:
            return {}
        first = {f"{self.name}.{name}": value for name, value in contents[0][1].items()}
        return {**first, self.list_name: [dict(values) for _, values in contents]}

    def spread(self, values: Values) -> list[LineContent]:
        form, prefix = self.forms[0], f"{self.name}."
        items = values.get(self.list_name)
        if items is None:
            one = {n.removeprefix(prefix): v for n, v in values.items() if n.startswith(prefix)}
            items = [one] if one else []
        return [(form, dict(item)) for item in items]


EXCEPTIONS = taken_by(
    ONLY_BACKEND,
    PersistRules(
        "force-persist", "force_persist", "When servers that are down are used all the same"
    ),
    PersistRules("ignore-persist", "ignore_persist", "When persistence is ignored"),
)
