"""`track-sc` of HTTP rules, which the interface knows as three more actions, too."""

from dataplane_core.plugin import WORD
from dataplane_plugins.configuration.rules.actions import old_name
from dataplane_plugins.configuration.rules.counters import VALUED, track
from dataplane_plugins.configuration.rules.statements import number_spellings, track_spellings

_NAMES = ("track_sc_key", "track_sc_table", "track_sc_stick_counter")

TRACK = track(*_NAMES, pattern=WORD)
TRACKED = tuple(
    old_name(
        f"track-sc{number}-{what}",
        f"The same as `track_sc_{what}`, for the counter {number}.",
        pattern=WORD,
        names={"v3": None},
    )
    for number in (0, 1, 2)
    for what in ("key", "table")
)
SPELLINGS = (
    *track_spellings(*_NAMES, own_names=True),
    *number_spellings("sc_expr", "sc_int", *VALUED),
)
