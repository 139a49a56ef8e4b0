"""Go through a change of files and of the running process without making it.

What would be sent to HAProxy, and what would be written, is noted instead; questions are asked.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from pathlib import Path

from dataplane_core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file with its content before and after a change, None where there is no such file."""

    path: Path
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class NamedInFile:
    """A line of a file, counted from 1, that names something which would not be there any more."""

    file: Path
    line: int
    name: str
    kind: str


@dataclass(frozen=True, eq=False, slots=True)
class Rehearsal:
    """What a change would send, write and ask a reload for.

    `effects` are sentences about what else it would do. `dangling` are lines of files that would
    name what is not there any more.
    """

    commands: list[str] = field(default_factory=list)
    files: list[FileChange] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    dangling: list[NamedInFile] = field(default_factory=list)

    def content(self, path: Path) -> bytes | None:
        """Return what a file would hold; None for one that would not be changed."""
        return next((one.after for one in reversed(self.files) if one.path == path), None)


_sent: ContextVar[list[str] | None] = ContextVar("sent", default=None)
_now: ContextVar[Rehearsal | None] = ContextVar("rehearsal", default=None)


def rehearsing() -> Rehearsal | None:
    """Return where to note what would be done; None where it is to be done."""
    return _now.get()


def is_rehearsed(effect: str) -> bool:
    """Return whether a change is only gone through; `effect`, what it would do, is noted then."""
    noted = rehearsing()
    if noted is not None:
        noted.effects.append(effect)
    return noted is not None


def note_sent(commands: Iterable[str]) -> None:
    """Note commands that are sent, where somebody wants to know them."""
    sent = _sent.get()
    if sent is not None:
        sent.extend(commands)


@contextmanager
def noting_commands() -> Iterator[list[str]]:
    """Have the changing commands noted that are sent in the body, in this thread alone."""
    found: list[str] = []
    token = _sent.set(found)
    try:
        yield found
    finally:
        _sent.reset(token)


@contextmanager
def rehearsal() -> Iterator[Rehearsal]:
    """Have changes noted in the body, in this thread alone."""
    noted = Rehearsal()
    token = _now.set(noted)
    try:
        yield noted
    finally:
        _now.reset(token)
