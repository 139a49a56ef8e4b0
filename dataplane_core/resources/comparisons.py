"""Compare documents for several who ask for the same: a commit, and who tells of it."""

import threading
from collections.abc import Sequence
from weakref import ref

from dataplane_core.resources.comparison import ObjectChange, compare
from dataplane_core.resources.objects import SectionKind
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document

_MOST_KEPT = 1000
"""Changes of the last comparison that are kept; of two who compare more, each does it."""


class Comparisons:
    """What `compare` returns of the objects of one registry; the last answer is kept.

    Of two threads that ask for the same, one waits for what the other has found.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kinds: dict[str, SectionKind] = {}
        self._lock = threading.Lock()
        self._last: tuple[ref[Document], ref[Document], Sequence[ObjectChange]] | None = None

    def between(self, before: Document, after: Document) -> Sequence[ObjectChange]:
        """Return the objects in which two documents differ."""
        with self._lock:
            last = self._last
            if last is not None and last[0]() is before and last[1]() is after:
                return last[2]
            self._last = None
            found = compare(self._registry, before, after, self._kinds)
            if len(found) <= _MOST_KEPT:
                self._last = ref(before), ref(after), found
            return found
