"""Transactions as clients see them: begun on a version, edited, committed or given up."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataplane_core.errors import BadRequest, CheckFailed, Invalid
from dataplane_core.store.change import Outcome
from dataplane_core.store.commit import (
    CommitRequest,
    closed_transaction,
    unknown_transaction,
    version_mismatch,
)
from dataplane_core.store.head import Head
from dataplane_core.store.journal.transactions import Status, TransactionRecord, TransactionTable
from dataplane_core.store.overlay import Action, replay, steps_between
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.views import Views
from dataplane_core.text import Document

if TYPE_CHECKING:
    from dataplane_core.store.config import ConfigStore


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction; `version` is the one that it starts from, `reason` why it is closed."""

    id: str
    version: int
    status: Status
    reason: str = ""


class Edit:
    """A change under way: assign to `document` what it is to become.

    `base` is the document before the change, `version` its number. `outcome` is there once the
    `with` block is over. Where a client sent the whole text, `posted` are the lines in it that are
    the server's own: with them findings count lines as the client does.
    """

    outcome: Outcome
    posted: Head | None = None

    def __init__(self, base: Snapshot) -> None:
        self.base = base.document
        self.document = base.document
        self.version = base.version


class Transactions:
    """All transactions of the configuration."""

    def __init__(self, config: "ConfigStore", rows: TransactionTable, limit: int) -> None:
        self._config = config
        self._rows = rows
        self._limit = limit
        self._views = Views(rows, config.snapshot_of_version)

    def begin(self, version: int, who: str = "") -> Transaction:
        """Start one on the newest version; raises `VersionMismatch`, `TooMany`."""
        current = self._config.snapshot()
        if version != current.version:
            raise version_mismatch(current.version, version)
        return _shown(self._rows.begin(version, who, self._limit))

    def get(self, transaction_id: str) -> Transaction:
        """One transaction; raises `NotFound`, also for one that was committed."""
        return _shown(self._row(transaction_id))

    def list(self, status: Status | None = None) -> "list[Transaction]":
        """The transactions in progress, failed and outdated, oldest first."""
        return [_shown(row) for row in self._rows.all() if status in (None, row.status)]

    def delete(self, transaction_id: str) -> None:
        """Give a transaction up, in whatever state it is; raises `NotFound`."""
        if not self._rows.delete(transaction_id):
            raise unknown_transaction(transaction_id)
        self._views.drop(transaction_id)

    def commit(
        self,
        transaction_id: str,
        force_reload: bool = False,
        who: str = "",
        request_id: str = "",
        skip_reload: bool = False,
    ) -> tuple[Transaction, Outcome]:
        """Write the transaction's changes as the next version; then the transaction is gone.

        Raises `NotFound`; `TransactionOutdated` when it is closed or another one was committed
        since it began; `VersionMismatch` when the configuration was changed otherwise;
        `CheckFailed` and `Invalid` when the result is refused, upon which it is `failed`.
        """
        row = self._row(transaction_id)
        if row.status != "in_progress":
            raise closed_transaction(row)
        base = self._config.snapshot()
        if base.version != row.base:
            raise self._config.committer.moved(row, base)
        order = CommitRequest(base, self._views.of(row).document, who, request_id, row)
        try:
            outcome = self._config.carry_out(order, force_reload, skip_reload)
        except (CheckFailed, Invalid) as failure:
            self._rows.close(row.id, "failed", failure.message)
            raise
        finally:
            self._views.drop(transaction_id)
        return Transaction(row.id, row.base, "success"), outcome

    def view(self, transaction_id: str) -> Snapshot:
        """The configuration as a transaction sees it; raises `BadRequest` if it is not open."""
        return self._views.of(self._open(transaction_id))

    @contextmanager
    def editing(self, transaction_id: str) -> Iterator[Edit]:
        """A change inside a transaction; raises `BadRequest` if it is not open."""
        with self._rows.editing(transaction_id):
            row = self._open(transaction_id)
            view = self._views.of(row)
            edit = Edit(view)
            yield edit
            self._store(row, view, edit.document)
            edit.outcome = Outcome(row.base, None, "pending")

    def _store(self, row: TransactionRecord, view: Snapshot, document: Document) -> None:
        steps = steps_between(view.document, document)
        stored = self._rows.store(row, steps)
        if stored is None:
            raise _unusable(row.id)
        if steps:
            # A whole text is cut anew here as it will be in other workers, so that positions agree.
            whole = any(step.action == Action.WHOLE for step in steps)
            self._views.keep(stored, view, replay(view.document, steps) if whole else document)

    def _row(self, transaction_id: str) -> TransactionRecord:
        row = self._rows.get(transaction_id)
        if row is None:
            raise unknown_transaction(transaction_id)
        return row

    def _open(self, transaction_id: str) -> TransactionRecord:
        row = self._rows.get(transaction_id)
        if row is None or row.status != "in_progress":
            raise _unusable(transaction_id)
        return row


def _shown(row: TransactionRecord) -> Transaction:
    return Transaction(row.id, row.base, row.status, row.reason)


def _unusable(transaction_id: str) -> BadRequest:
    return BadRequest(unknown_transaction(transaction_id).message)
