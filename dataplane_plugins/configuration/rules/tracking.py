"""`track-sc` of HTTP rules, which the interface knows as three more actions, too."""

from dataplane_core.plugin import WORD
from dataplane_plugins.configuration.rules.actions import property_alias
from dataplane_plugins.configuration.rules.counters import VALUED, track
from dataplane_plugins.configuration.rules.statements import number_aliases, track_aliases

_NAMES = ("track_sc_key", "track_sc_table", "track_sc_stick_counter")

TRACK = track(*_NAMES, pattern=WORD)
TRACK_PROPERTIES = tuple(
    property_alias(
        f"track-sc{number}-{what}",
        f"The same as `track_sc_{what}`, for the counter {number}.",
        pattern=WORD,
        names={"v3": None},
    )
    for number in (0, 1, 2)
    for what in ("key", "table")
)
TRACK_ALIASES = (
    *track_aliases(*_NAMES, own_names=True),
    *number_aliases("sc_expr", "sc_int", *VALUED),
)
