"""Actions on stick counters: counting, tagging, tracking (manual, 4.4 `sc-…` and `track-sc0`)."""

from typing import Any

from dataplane_core.plugin import (
    TABLES,
    Case,
    Term,
    arg,
    case,
    first_of,
    integer,
    opt,
    params,
    rest,
    word,
)

_ID = {"help": "Number of the stick counter, 0 for the first."}
_INDEX = {"help": "Place in the array of counters or tags, 0 for the first."}


VALUED = ("sc-add-gpc", "sc-set-gpt", "sc-set-gpt0")
"""Actions with a number or an expression."""


def number_or(expression: str) -> Term:
    """A number, or an expression that gives one; HAProxy takes nothing for 0."""
    return opt(
        first_of(
            integer("sc_int", nullable=True, help="The number to add or to set."),
            rest(expression, help="Expression that gives the number to add or to set."),
        )
    )


def stick_counters(added: str = "sc_expr", set_to: str = "sc_expr") -> list[Case]:
    """The `sc-` actions, with counters and places as numbers.

    `added` and `set_to` are the properties of the expressions whose value is added or set.
    """
    one: dict[str, Any] = {"sc_id": _ID}
    two: dict[str, Any] = {"sc_id": _ID, "sc_idx": _INDEX}
    return [
        case("sc-add-gpc({sc_idx:int=0},{sc_id:int=0})", number_or(added), **two),
        case("sc-inc-gpc({sc_idx:int=0},{sc_id:int=0})", **two),
        case("sc-inc-gpc0[({sc_id:int=0})]", **one),
        case("sc-inc-gpc1[({sc_id:int=0})]", **one),
        case("sc-set-gpt({sc_id:int=0},{sc_idx:int=0})", number_or(set_to), **two),
        case("sc-set-gpt0[({sc_id:int=0})]", number_or(set_to), **one),
    ]


def tcp_stick_counters() -> list[Case]:
    """The `sc-` actions of `tcp-request`, with counters and places as words."""
    one: dict[str, Any] = {"sc_inc_id": _ID}
    two: dict[str, Any] = {"sc_inc_id": _ID, "sc_idx": _INDEX}
    return [
        case("sc-add-gpc({sc_idx},{sc_inc_id})", number_or("expr"), **two),
        case("sc-inc-gpc({sc_idx},{sc_inc_id})", **two),
        case("sc-inc-gpc0[({sc_inc_id})]", **one),
        case("sc-inc-gpc1[({sc_inc_id})]", **one),
        case("sc-set-gpt({sc_inc_id},{sc_idx})", number_or("expr"), **two),
        case("sc-set-gpt0[({sc_inc_id})]", number_or("expr"), **one),
    ]


def track(key: str, table: str, counter: str, pattern: str | None) -> Case:
    """`track-sc<n>`: have the counter `n` follow a key; the arguments are property names."""
    facts: dict[str, Any] = {
        counter: {"nullable": True, "help": "Number of the stick counter that follows."}
    }
    return case(
        "track-sc{" + counter + ":int}",
        word(key, pattern, help="Expression that gives the key to follow.")
        + params(
            arg(
                "table",
                word(
                    table,
                    pattern,
                    refers_to=TABLES,
                    help="The proxy or table with the stick table.",
                ),
            ),
            strict=True,
        ),
        value="track-sc",
        **facts,
    )
