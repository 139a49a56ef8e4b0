"""Keep the configuration as transactions see it, so that an edit costs what it touches."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from dataplane_core.store.journal.transactions import (
    TransactionRecord,
    TransactionTable,
    unknown_transaction,
)
from dataplane_core.store.overlay import replay
from dataplane_core.store.snapshot import AnswerCache, Snapshot
from dataplane_core.text import Document

_MOST_VIEWS = 64


class Views:
    """Snapshots of transactions after so many edits; edits of other workers are replayed.

    `base` returns the snapshot of a version.
    """

    def __init__(self, table: TransactionTable, base: Callable[[int], Snapshot]) -> None:
        self._table = table
        self._base = base
        self._known: OrderedDict[str, tuple[int, Snapshot]] = OrderedDict()
        self._lock = Lock()

    def of(self, record: TransactionRecord, newest: Snapshot | None = None) -> Snapshot:
        """Return the snapshot after all edits that `record` counts.

        `newest` is the newest version, where that has just been looked at.
        Raises `NotFound` for a transaction that ended since it was looked up, with its edits.
        """
        known = self._known.get(record.id)
        if known is not None and known[0] == record.sequence:
            return known[1]
        if known is None or known[0] > record.sequence:
            if newest is None or newest.version != record.base:
                newest = self._base(record.base)
            known = (0, newest)
        if not record.sequence:
            return self.remember(record, known[1], known[1].document)
        steps = self._table.steps(record.id, known[0], record.sequence)
        if not steps and known[0] < record.sequence:
            raise unknown_transaction(record.id)
        return self.remember(record, known[1], replay(known[1].document, steps))

    def remember(self, record: TransactionRecord, before: Snapshot, document: Document) -> Snapshot:
        """Keep `document` as that of the transaction at `record`, and return its snapshot."""
        identity = (record.id, record.sequence)
        cache = AnswerCache(document.language.budget)
        view = Snapshot(document, record.base, identity, before.head, cache=cache)
        with self._lock:
            self._known[record.id] = (record.sequence, view)
            self._known.move_to_end(record.id)
            while len(self._known) > _MOST_VIEWS:
                self._known.popitem(last=False)
        return view

    def drop(self, transaction_id: str) -> None:
        """Forget a transaction that is over."""
        with self._lock:
            self._known.pop(transaction_id, None)
