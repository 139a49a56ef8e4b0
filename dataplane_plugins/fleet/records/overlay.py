"""What an overlay is: a text, and what was made of it for a group or a member."""

import json
from dataclasses import replace
from typing import Any, Literal

from dataplane_core.plugin import Invalid, dataclass, lazy_pattern

PREFIX = "control/overlays/"
Kind = Literal["group", "node"]
KINDS: tuple[Kind, ...] = ("group", "node")
_TEXTS, _NUMBERS = ("base", "own", "former_base", "former_own"), ("number", "since")
NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True)
class Overlay:
    """The addresses of a text, and of what was made of it for a group or a member.

    `number` counts what there was under its name; one that was removed leaves its number, so that
    members know an older one that a stranger puts back. It is that of the revision `since` and of
    later ones; who has not come to that one has the `former_base` and `former_own`.
    """

    kind: Kind
    name: str
    base: str
    own: str
    mark: int = 0
    number: int = 0
    since: int = 0
    former_base: str = ""
    former_own: str = ""

    @property
    def label(self) -> str:
        """How roll-outs call it: `group/edge`."""
        return f"{self.kind}/{self.name}"

    def at(self, revision: int) -> "Overlay":
        """Return what it is for who has a revision."""
        if revision >= self.since:
            return self
        return replace(self, base=self.former_base, own=self.former_own)

    def followed_by(self, base: str, own: str, since: int) -> "Overlay":
        """Return what comes after it with a revision."""
        return replace(
            self, base=base, own=own, number=self.number + 1, since=since,
            former_base=self.base, former_own=self.own,
        )  # fmt: skip

    @property
    def is_gone(self) -> bool:
        """Whether it was removed."""
        return not self.own


def check_name(kind: str, name: str) -> Kind:
    """Return the kind of an overlay; raises `Invalid` for what no group or member is called."""
    if kind not in KINDS or NAME.fullmatch(name) is None:
        raise Invalid("an overlay is of a group or a node, and has its name: group/edge")
    return kind


def written(overlay: Overlay) -> bytes:
    """Return an overlay as the store has it."""
    return json.dumps({name: getattr(overlay, name) for name in (*_TEXTS, *_NUMBERS)}).encode()


def read_fields(data: bytes) -> dict[str, Any]:
    """Return the fields of an overlay that a record says; raises `ValueError`."""
    said = json.loads(data)
    numbers = {name: int(said.get(name, 0)) for name in _NUMBERS}
    return {**{name: str(said.get(name, "")) for name in _TEXTS}, **numbers}


def place_of(kind: str, name: str) -> str:
    """Return the key of an overlay in the store."""
    return f"{PREFIX}{kind}/{name}"
