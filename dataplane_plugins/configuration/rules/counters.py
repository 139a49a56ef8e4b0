"""Actions that count in stick counters and set their tags (manual, section 4.4 "sc-…")."""

from typing import Any

from dataplane_core.plugin import (
    EXPRESSION,
    Case,
    Term,
    case,
    first_of,
    integer,
    just_one,
    opt,
    rest,
)

VALUED = ("sc-add-gpc", "sc-set-gpt", "sc-set-gpt0")
"""The actions with a number, or with an expression that gives one."""


def stick_counters(
    added: str = "sc_expr",
    set_to: str = "sc_expr",
    counter: str = "sc_id",
    conversion: str = ":int=0",
    *,
    valued: bool = True,
) -> list[Case]:
    """Return the `sc-` actions; the first three arguments are names of properties.

    `added` holds the expression whose value is added, `set_to` the one whose value is set,
    `counter` the number of the stick counter. `conversion` says how that number is read: as an
    integer unless it is empty, which makes the property a string. HAProxy reads no place as 0, too.
    `valued`: the interface wants a
    number or an expression where it is strict; HAProxy takes an action without either as 0.
    """

    def number_or(expression: str) -> Term:
        number = integer("sc_int", nullable=True, help="The number to add or to set.")
        given = rest(
            expression,
            refers_to=EXPRESSION,
            help="Expression that gives the number to add or to set.",
        )
        return just_one(number, given, needed=False) if valued else opt(first_of(number, given))

    where = f"{{{counter}{conversion}}}"
    which = f"{{sc_idx{conversion or ':='}}}"
    one: dict[str, Any] = {counter: {"help": "Number of the stick counter, 0 for the first."}}
    two = {**one, "sc_idx": {"help": "Place in the array of counters or tags, 0 for the first."}}
    return [
        case(f"sc-add-gpc({which},{where})", number_or(added), **two),
        case(f"sc-inc-gpc({which},{where})", **two),
        case(f"sc-inc-gpc0[({where})]", **one),
        case(f"sc-inc-gpc1[({where})]", **one),
        case(f"sc-set-gpt({where},{which})", number_or(set_to), **two),
        case(f"sc-set-gpt0[({where})]", number_or(set_to), **one),
    ]
