"""`track-sc<n>`: have a stick counter follow a key (manual, section 4.4 "track-sc0").

HAProxy has an action for each counter. The interface has one, `track-sc`, with the counter's number
as a property, and takes `track-sc0` to `track-sc2` as well.
"""

from typing import Any

from dataplane_core.plugin import EXPRESSION, STICK_TABLES, WORD, Case, arg, case, params, word
from dataplane_plugins.configuration.rules.counters import VALUED
from dataplane_plugins.configuration.rules.statements import (
    ActionAlias,
    number_aliases,
    property_alias,
)

_NUMBERS = (0, 1, 2)
"""The counters whose actions the interface names; HAProxy has more with `tune.stick-counters`."""


def track(key: str, table: str, counter: str, pattern: str | None) -> Case:
    """Return the action `track-sc`; the first three arguments are names of properties.

    `pattern` is what the key and the name of the table must match.
    """
    facts: dict[str, Any] = {
        counter: {"nullable": True, "help": "Number of the stick counter that follows."}
    }
    holder = word(
        table, pattern, refers_to=STICK_TABLES, help="The proxy or table with the stick table."
    )
    return case(
        "track-sc{" + counter + ":int}",
        word(key, pattern, refers_to=EXPRESSION, help="Expression that gives the key to follow.")
        + params(arg("table", holder), strict=True),
        value="track-sc",
        **facts,
    )


def track_aliases(key: str, table: str, counter: str, own_names: bool) -> tuple[ActionAlias, ...]:
    """Return `track-sc0` to `track-sc2` as aliases of `track-sc` that set its `counter`.

    With `own_names` each takes its key and table from properties of its own as well, such as
    `track-sc0-key`.
    """
    return tuple(
        ActionAlias(
            f"track-sc{number}",
            {f"track-sc{number}-key": key, f"track-sc{number}-table": table} if own_names else {},
            "track-sc",
            {counter: number},
        )
        for number in _NUMBERS
    )


_HTTP_NAMES = ("track_sc_key", "track_sc_table", "track_sc_stick_counter")

HTTP_TRACK = track(*_HTTP_NAMES, pattern=WORD)
"""`track-sc` of `http-request` and `http-response` rules."""

HTTP_TRACK_PROPERTIES = tuple(
    property_alias(
        f"track-sc{number}-{what}",
        f"The same as `track_sc_{what}`, for the counter {number}.",
        pattern=WORD,
    )
    for number in _NUMBERS
    for what in ("key", "table")
)
"""The properties that `track-sc0` to `track-sc2` have in the place of those of `track-sc`."""

HTTP_COUNTER_ALIASES = (
    *track_aliases(*_HTTP_NAMES, own_names=True),
    *number_aliases("sc_expr", "sc_int", *VALUED),
)
"""What `http-request` and `http-response` rules take in a second way about stick counters."""
