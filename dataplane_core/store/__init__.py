"""Keep files whole: the writer of haproxy.cfg, its versions and transactions, the state."""

from dataplane_core.store.candidate import write_atomically
from dataplane_core.store.change import Committed, Outcome
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.journal.state import State
from dataplane_core.store.snapshot import AnswerCache, Snapshot
from dataplane_core.store.transactions import Edit, Transaction, Transactions
from dataplane_core.store.versioned_file import VersionedFile

__all__ = [
    "AnswerCache",
    "Committed",
    "ConfigStore",
    "Edit",
    "Outcome",
    "Snapshot",
    "State",
    "Transaction",
    "Transactions",
    "VersionedFile",
    "write_atomically",
]
