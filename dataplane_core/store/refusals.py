"""Say why a change, or a transaction, cannot follow on the newest version."""

from dataclasses import replace

from dataplane_core.errors import DataplaneError, TransactionOutdated, VersionMismatch
from dataplane_core.store.author import ChangeOptions
from dataplane_core.store.journal.transactions import (
    CHANGED,
    COMMITTED,
    OVERTAKEN,
    TransactionRecord,
)
from dataplane_core.store.records import Records
from dataplane_core.store.snapshot import Snapshot


def outdate(records: Records, transaction: TransactionRecord, current: Snapshot) -> DataplaneError:
    """Close a transaction whose base is not the newest version, and return what it failed of."""
    if records.versions.transaction_since(transaction.base):
        records.transactions.close(transaction.id, "outdated", COMMITTED)
        return closed_transaction(replace(transaction, status="outdated", reason=COMMITTED))
    records.transactions.close(transaction.id, "outdated", CHANGED)
    return VersionMismatch(
        f"version mismatch, transaction version: {transaction.base}, "
        f"configured version: {current.version}"
    )


def may_commit(transaction: TransactionRecord, options: ChangeOptions) -> bool:
    """Return whether a transaction may be committed: one that was overtaken, if it is rebased."""
    overtaken = transaction.status == "outdated" and transaction.reason in OVERTAKEN
    return transaction.status == "in_progress" or (options.rebase and overtaken)


def closed_transaction(transaction: TransactionRecord) -> TransactionOutdated:
    """Return the error for the commit of a transaction that failed or is outdated."""
    return TransactionOutdated(
        f"transaction {transaction.id} is {transaction.status} and cannot be committed: "
        f"{transaction.reason}"
    )


def version_mismatch(current: int, given: int) -> VersionMismatch:
    """Return the refusal of a change to a version that is not the newest."""
    return VersionMismatch(
        f"version mismatch: version in configuration file is {current}, given version is {given}"
    )
