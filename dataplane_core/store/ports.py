"""Protocols of what the store needs of the modules above it, which it does not import."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from dataplane_core.errors import Conflict, Finding, Reference
from dataplane_core.store.change import Committed
from dataplane_core.store.journal.reloads import ReloadRecord
from dataplane_core.store.journal.version_objects import TouchedObject
from dataplane_core.store.planned import Foreseen
from dataplane_core.text import Document, Section

Verdict = Callable[[], Sequence[Finding]]
"""Waits for HAProxy's judgement: its warnings, or `CheckFailed` when it refuses the file."""


class ConfigurationCheck(Protocol):
    """HAProxy's judgement of a candidate."""

    def begin(self, path: Path, /) -> AbstractContextManager[Verdict]:
        """Start to judge the file `path`; given up when the context is left before the end."""


class ReloadRequests(Protocol):
    """The reloads that are asked for; `ReloadTable` is one."""

    def request(self, version: int, reason: str = "") -> str:
        """Return the id of the reload that will bring `version` to life."""

    def loading(self) -> Iterable[int]:
        """Return the versions that HAProxy is being reloaded with."""


class ForcedReloads(Protocol):
    """The reloads that somebody waits for."""

    def force(self, version: int) -> ReloadRecord:
        """Reload now; return when it is over, or takes too long."""


class CommitHooks(Protocol):
    """The hooks that a commit calls, as pluggy's relay has them."""

    def dataplane_check(self, *, document: Document) -> Iterable[Any]:
        """Return lists of problems, one list a plugin."""

    def dataplane_committed(self, *, change: Committed) -> object:
        """Tell the plugins of a commit."""


class NoHooks:
    """The hooks of a store that no plugin takes part in."""

    def dataplane_check(self, *, document: Document) -> Iterable[Any]:
        return ()

    def dataplane_committed(self, *, change: Committed) -> object:
        return None


def problems_found(hooks: CommitHooks, document: Document) -> list[str]:
    """Return what the plugins find wrong with a document, a sentence each."""
    answers = hooks.dataplane_check(document=document)
    return [problem for problems in answers for problem in problems]


Apply = Callable[[], bool]
"""Sends a change to the running HAProxy; False when HAProxy did not take it."""

Merge = Callable[[Document, Document, Document], Document]
"""Puts the change from the first document to the second on the third; raises `Conflict`."""

Plan = Callable[[Committed], Apply | None]
"""How a change reaches the running HAProxy; None, with its reasons, when only a reload does it."""

Foresee = Callable[[Committed], Foreseen]
"""How a change would reach the running HAProxy; nothing is sent."""

Locate = Callable[[Document, Section, int], Reference | None]
"""The object written at a line of a section of a document (0 is the line below its header)."""


Count = Callable[[str], object]
"""Is told what became of each commit: its outcome's state, `refused`, `overtaken` or `failed`."""


def uncounted(result: str) -> None:
    """Count nothing."""


def no_merge(base: Document, mine: Document, newest: Document) -> Document:
    """Refuse to put a change on another version, where nobody knows what it touches."""
    raise Conflict("the change was made for an older version, and cannot be put on the newest one")


def only_reloads(change: Committed) -> Apply | None:
    """Plan for a HAProxy that takes changes by reloads alone."""
    return None


def only_reloads_foreseen(change: Committed) -> Foreseen:
    """Foresee for a HAProxy that takes changes by reloads alone."""
    return Foreseen("reload", reasons=("changes reach HAProxy by reloads alone",))


def no_object(document: Document, section: Section, line: int) -> Reference | None:
    """Locate nothing: for a document whose objects clients do not see."""
    return None


def no_objects(before: Document, after: Document) -> Sequence[TouchedObject]:
    """Describe nothing: for a file whose objects clients do not see."""
    return ()
