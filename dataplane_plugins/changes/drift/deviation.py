"""One way in which the running HAProxy is not what its files say, and what mends it either way."""

from collections.abc import Callable
from typing import Any, Literal

from dataplane_core.plugin import Document, Reference, View, dataclass

Direction = Literal["file", "process"]
"""What counts: the file, so that the process is changed, or the process."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Commands of the Runtime API."""

    commands: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        return {"commands": list(self.commands)}


@dataclass(frozen=True, slots=True)
class Reload:
    """A reload, and why nothing less will do."""

    reason: str

    def shown(self) -> dict[str, Any]:
        return {"reload": self.reason}


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the configuration's document, and what it does in words."""

    text: str
    make: Callable[[Document], Document]

    def shown(self) -> dict[str, Any]:
        return {"edit": self.text}


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to a file, or to what HAProxy has loaded of it, and what it does in words."""

    text: str
    do: Callable[[], None]

    def shown(self) -> dict[str, Any]:
        return {"action": self.text}


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no remedy in this direction; the reason."""

    reason: str

    def shown(self) -> dict[str, Any]:
        return {"impossible": self.reason}


Remedy = Commands | Reload | Edit | Action | Nothing


@dataclass(frozen=True, slots=True)
class Deviation:
    """A property, an object or a file that the process has otherwise than the files.

    `kind` is what it is of (`server`, `map`), `subject` its name for people, `reference` the object
    of the configuration if it is one. `in_file` and `in_process` are what each says, None where it
    says nothing.
    """

    kind: str
    subject: str
    prop: str
    in_file: Any
    in_process: Any
    to_file: Remedy
    to_process: Remedy
    reference: Reference | None = None

    def remedy(self, towards: Direction) -> Remedy:
        """Return what makes the other side say what the side `towards` says."""
        return self.to_file if towards == "file" else self.to_process

    def shown(self, view: View) -> dict[str, Any]:
        """Return the deviation as JSON."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "resource": None if self.reference is None else view.location(self.reference),
            "property": self.prop,
            "file": self.in_file,
            "process": self.in_process,
            "towards_file": self.to_file.shown(),
            "towards_process": self.to_process.shown(),
        }
