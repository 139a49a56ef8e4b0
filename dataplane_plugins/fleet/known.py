"""What this server remembers of its fleet: the revision that it has, and one that it refused."""

import json
from dataclasses import asdict

from dataplane_core.plugin import State, dataclass

FACT = "fleet"
"""The name of the value of the state."""


@dataclass(frozen=True, slots=True)
class Known:
    """The revision that this server has: its number and digest, and the addresses of what it holds.

    `version` is what its text became here. `refused` is the number of a later revision that HAProxy
    did not take here, 0 without one, and `reason` says why.
    """

    number: int = 0
    digest: str = ""
    text: str = ""
    files: str = ""
    version: int = 0
    refused: int = 0
    reason: str = ""


def read_known(state: State) -> Known:
    """Return what is remembered; number 0 for who has never been a member."""
    return Known(**json.loads(state.value(FACT) or "{}"))


def save_known(state: State, known: Known) -> None:
    """Remember; what a power cut undoes is found out again by comparing contents."""
    with state.write(synced=False):
        state.set_value(FACT, json.dumps(asdict(known)))
