"""Remove the oldest texts and files: by number, by age, and by the room that the texts take."""

import time

from dataplane_core.dataclass import dataclass
from dataplane_core.store.file_history import FileHistory
from dataplane_core.store.journal.texts import TextTable
from dataplane_core.store.journal.versions import VersionTable

_MOST_TURNS = 16
_SLACK = 8
"""Texts are removed once they exceed a limit by an eighth, as one is made whole each time."""


@dataclass(frozen=True, eq=False, slots=True)
class Retention:
    """How many texts are kept, for how many seconds, in how many bytes; 0: without a limit."""

    texts: TextTable
    versions: VersionTable
    number: int
    age: float
    size: int
    files: FileHistory | None = None

    def enforce(self, newest: int) -> None:
        """Remove the texts beyond the limits, but for that of the `newest` version.

        That is looked at with every few versions.
        """
        if newest % min(_MOST_TURNS, 1 + self.number // _SLACK):
            return
        oldest = self.texts.oldest()
        if oldest is None or oldest >= newest:
            return
        firsts = (
            self._by_number(oldest, newest), self._by_age(oldest), self._by_size(oldest, newest)
        )  # fmt: skip
        first = max((one for one in firsts if one is not None), default=oldest)
        if first > oldest:
            self.texts.forget_below(min(first, newest))
            if self.files is not None:
                self.files.forget_below(min(first, newest))

    def _by_number(self, oldest: int, newest: int) -> int | None:
        """Return the first version to keep; one more than the newest is about to be kept."""
        kept = max(1, self.number - 1)
        if newest - oldest < kept + self.number // _SLACK:
            return None
        if self.texts.first_of(kept + self.number // _SLACK) is None:
            return None
        return self.texts.first_of(kept)

    def _by_age(self, oldest: int) -> int | None:
        """Return the first version that is young enough, once one is older by an eighth."""
        record = self.versions.get(oldest) if self.age else None
        # A clock that was set ahead makes nothing old.
        now = min(time.time(), self.versions.state.now())
        if record is None or now - record.created < self.age * (1 + 1 / _SLACK):
            return None
        return self.versions.first_since(now - self.age)

    def _by_size(self, oldest: int, newest: int) -> int | None:
        """Return the first version to keep, seven eighths of the room being left."""
        if not self.size or self.texts.size(oldest, newest) <= self.size:
            return None
        return self.texts.first_within(self.size - self.size // _SLACK)
