"""What this server remembers of its fleet: the revision that it has, and one that it refused."""

import json
from collections.abc import Mapping
from dataclasses import asdict, field

from dataplane_core.plugin import State, dataclass

FACT, FILES = "fleet", "fleet.files"
"""The names of the values of the state."""


@dataclass(frozen=True, slots=True)
class Known:
    """The revision that this server has: its number and digest, and the addresses of its contents.

    `version` is what its text became here. `refused` is the number of a later revision that HAProxy
    did not take here, 0 without one, with the address of its text; `reason` says why. `overlays`
    are the numbers of its overlays, `origin` is that of the fleet.
    """

    number: int = 0
    digest: str = ""
    text: str = ""
    files: str = ""
    version: int = 0
    refused: int = 0
    reason: str = ""
    refused_text: str = ""
    overlays: Mapping[str, int] = field(default_factory=dict)
    origin: str = ""


def read_known(state: State) -> Known:
    """Return what is remembered; number 0 for who has never been a member."""
    return Known(**json.loads(state.value(FACT) or "{}"))


def read_known_files(state: State) -> dict[str, str]:
    """Return the files of that revision, which the store may have lost."""
    files: dict[str, str] = json.loads(state.value(FILES) or "{}")
    return files


def save_known(state: State, known: Known, files: Mapping[str, str] | None = None) -> None:
    """Remember; what a power cut undoes is found out again by comparing contents."""
    with state.write(synced=False):
        state.set_value(FACT, json.dumps(asdict(known)))
        if files is not None:
            state.set_value(FILES, json.dumps(dict(files)))
