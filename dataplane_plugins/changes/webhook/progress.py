"""How far the webhook is: a value of the state, which the next server goes on from."""

import json

from dataplane_core.plugin import State, dataclass
from dataplane_plugins.changes.webhook import FACT


@dataclass(frozen=True, slots=True)
class Progress:
    """The number of the last event that was sent, and why the next one was not."""

    position: int | None = None
    failure: str = ""


def read_progress(state: State) -> Progress:
    """Return how far the webhook is; no position where none was ever used."""
    kept = json.loads(state.value(FACT) or "null")
    return Progress(*kept) if kept else Progress()


def save_progress(state: State, known: Progress) -> None:
    """Note how far the webhook is; a power cut may undo that."""
    with state.write(synced=False):
        state.set_value(FACT, json.dumps([known.position, known.failure]))
