"""The configuration as several changes would leave it, of which none is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dataplane_core.store.change import Outcome
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.snapshot import AnswerCache, Snapshot
from dataplane_core.store.transactions import Edit


class Scratch(ConfigStore):
    """A store that keeps what is changed to itself, for requests that are only tried.

    It begins with the configuration as it is in `store` now, or as `base` has it. Whatever version
    or transaction a change names, it follows on the one before. `beside` has those of other files.
    """

    def __init__(self, store: ConfigStore, base: Snapshot | None = None) -> None:
        self.store = store
        self.share(store)
        self.base = store.snapshot() if base is None else base
        self._now = self.base
        self.beside: dict[Path, Scratch] = {}

    def of(self, store: ConfigStore) -> "Scratch":
        """Return what keeps the changes of a file beside the configuration."""
        path = store.file.path
        if path not in self.beside:
            self.beside[path] = Scratch(store)
        return self.beside[path]

    def snapshot(self, transaction_id: str | None = None) -> Snapshot:
        return self._now

    def unchanged(self) -> Snapshot | None:
        return None

    def version(self) -> int:
        return self.base.version

    def raw_text(
        self, version: int | None = None, transaction_id: str | None = None
    ) -> tuple[str, int | None]:
        return self._now.text, self.base.version

    @contextmanager
    def edit(self, **asked: Any) -> Iterator[Edit]:
        edit = Edit(self._now)
        yield edit
        base = self.base
        cache = AnswerCache(edit.document.language.budget)
        self._now = Snapshot(edit.document, base.version, base.identity, base.head, cache=cache)
        edit.outcome = Outcome(base.version, None, "pending")
