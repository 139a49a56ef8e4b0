"""Compare documents for several who ask for the same: a commit, and who tells of it."""

import threading
from weakref import ref

from dataplane_core.errors import Reference
from dataplane_core.resources.comparison import Compared, compare_first
from dataplane_core.resources.object_changes import TOP, Change
from dataplane_core.resources.objects import SectionKind
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document


class Comparisons:
    """What `compare_first` returns of the objects of one registry; the last answer is kept.

    Of two threads that ask for the same, one waits for what the other has found.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kinds: dict[str, SectionKind] = {}
        self._lock = threading.Lock()
        self._last: tuple[ref[Document], ref[Document], Compared] | None = None

    def between(self, before: Document, after: Document) -> Compared:
        """Return the first objects in which two documents differ, and what is left out of them."""
        with self._lock:
            last = self._last
            if last is not None and last[0]() is before and last[1]() is after:
                return last[2]
            self._last = None
            found = compare_first(self._registry, before, after, self._kinds)
            self._last = ref(before), ref(after), found
            return found

    def touched(self, before: Document, after: Document) -> list[tuple[Reference, Change]]:
        """Return which objects differ, and how; where they are too many, in which sections.

        Of the sections, too, only the first are told.
        """
        found = self.between(before, after)
        if found.left_out:
            return [*found.sections]
        return [(one.reference, one.change) for one in found.changes if one.reference != TOP]
