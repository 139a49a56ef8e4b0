"""What the store needs of the rest of the server."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from dataplane_core.errors import Finding, Reference
from dataplane_core.store.change import Committed
from dataplane_core.text import Document, Section

Verdict = Callable[[], Sequence[Finding]]
"""Waits for HAProxy's judgement: its warnings, or `CheckFailed` when it refuses the file."""


class Checker(Protocol):
    """HAProxy's judgement of a candidate."""

    def begin(self, path: Path, /) -> AbstractContextManager[Verdict]:
        """Start to judge the file `path`; given up when the context is left before the end."""


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
    def said(self) -> str:
        """HAProxy's own words, in one line."""


class Reloads(Protocol):
    """The queue of reloads."""

    def request(self, version: int, reason: str = "") -> str:
        """The id of the reload that will bring `version` to life."""

    def loading(self) -> Iterable[int]:
        """The versions that HAProxy is being reloaded with."""

    def force(self, version: int) -> Reload:
        """Reload now; returns when it is over, or takes too long."""


class Follow(Protocol):
    """What comes of one commit beside its file."""

    skips: bool
    """Whether nothing is to come of it."""

    def prepare(self, change: Committed, /) -> None:
        """Called while HAProxy checks: what can be found out before."""

    def record(self) -> None:
        """Called in the write to the state that makes the version the newest."""

    def lost(self) -> None:
        """Called when that write has failed: nothing of it is recorded."""


class Hooks(Protocol):
    """The hooks that a commit calls, as pluggy's relay has them."""

    def dataplane_check(self, *, document: Document) -> Iterable[Any]:
        """Lists of problems, one list a plugin."""

    def dataplane_committed(self, *, change: Committed) -> object:
        """Told of every commit."""


Apply = Callable[[], bool]
"""Sends a change to the running HAProxy; False when it did not take it."""

Plan = Callable[[Committed], Apply | None]
"""How a change reaches the running HAProxy; None, with its reasons, when only a reload does it."""

Locate = Callable[[Section, int], Reference | None]
"""The path of the object written at a line of a section (0 is the line below its header)."""
