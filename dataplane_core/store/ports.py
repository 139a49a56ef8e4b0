"""What the store needs of the rest of the server."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from dataplane_core.errors import Finding
from dataplane_core.store.change import Committed
from dataplane_core.text import Document, Section


class Checker(Protocol):
    """HAProxy's judgement of a candidate."""

    def check(self, path: Path, /) -> Sequence[Finding]:
        """The warnings about the file `path`; raises `CheckFailed` when HAProxy refuses it."""


class Reload(Protocol):
    """The record of a reload."""

    @property
    def id(self) -> str:
        """What clients know it by."""

    @property
    def status(self) -> str:
        """`succeeded`, `failed`, or `in_progress` when it takes longer than anyone waits."""

    @property
    def restored(self) -> int | None:
        """The version that was made of the last accepted text after a failure."""

    @property
    def response(self) -> str:
        """HAProxy's own words."""


class Reloads(Protocol):
    """The queue of reloads."""

    def request(self, version: int, reason: str = "") -> str:
        """The id of the reload that will bring `version` to life."""

    def force(self, version: int) -> Reload:
        """Reload now; returns when it is over, or takes too long."""


class Hooks(Protocol):
    """The hooks that a commit calls, as pluggy's relay has them."""

    def dataplane_check(self, *, document: Document) -> Iterable[Any]:
        """Lists of problems, one list a plugin."""

    def dataplane_committed(self, *, change: Committed) -> object:
        """Told of every commit."""


Apply = Callable[[Committed], bool]
"""Sends a change to the running HAProxy; False when it cannot be done without a reload."""

Locate = Callable[[Section, int], str | None]
"""The path of the object written at a line of a section (0 is the line below its header)."""
