"""What clients were told about every server line that they tried to add."""

import threading
from collections.abc import Iterable


class Ledger:
    """Names by what their clients know: acknowledged in a version, refused, or left unanswered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acknowledged: dict[str, int] = {}
        self.refused: set[str] = set()
        self.unanswered: set[str] = set()

    def tried(self, name: str) -> None:
        """A request that adds `name` is about to be sent."""
        with self._lock:
            self.unanswered.add(name)

    def accepted(self, names: Iterable[str], version: int) -> None:
        """The server said that `names` are in `version`."""
        with self._lock:
            for name in names:
                self.acknowledged[name] = version
                self.unanswered.discard(name)

    def rejected(self, names: Iterable[str]) -> None:
        """The server said that `names` are not in the configuration."""
        with self._lock:
            self.refused.update(names)
            self.unanswered.difference_update(names)

    def knows(self, name: str) -> bool:
        """Whether any client ever tried to add `name`."""
        return any(name in names for names in (self.acknowledged, self.refused, self.unanswered))
