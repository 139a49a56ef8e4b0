"""Record the failures of plugins, which `dataplane status` reads in a process of its own."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dataplane_core.errors import StorageFailed
from dataplane_core.hooks.containment import Fault
from dataplane_core.store.journal.state import State

_KEY = "plugin_faults"
_MOST = 50


def record(state: State, fault: Fault) -> None:
    """Record a failure in place of an earlier one of the same hook; the log has all of them."""
    with suppress(StorageFailed), state.write():
        kept = [one for one in _all(state) if one[:2] != [fault.plugin, fault.hook]]
        kept.append([fault.plugin, fault.hook, fault.reason, time.time()])
        state.set_value(_KEY, json.dumps(kept[-_MOST:]))


def record_left_out(state: State, left_out: Mapping[str, str]) -> None:
    """Record which plugins the server that is made now is without, each with why: no hook failed.

    They take the place of those that the server was without before.
    """
    now = [[plugin, "", reason, time.time()] for plugin, reason in left_out.items()]
    with suppress(StorageFailed):
        former = _all(state)
        others = [one for one in former if one[1]]
        if now or others != former:
            state.set_value(_KEY, json.dumps((others + now)[-_MOST:]))


def recorded(state: State) -> list[Fault]:
    """Return the failures since the server was started, the oldest first.

    One without a hook is of a plugin that is left out.
    """
    return [Fault(*one[:3]) for one in _all(state) if one[3] >= state.started]


def _all(state: State) -> list[list[Any]]:
    return list(json.loads(state.value(_KEY) or "[]"))
