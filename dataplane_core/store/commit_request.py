"""A change that is to be committed."""

import time

from dataplane_core.dataclass import dataclass
from dataplane_core.store.author import NOBODY, PLAIN, Author, ChangeOptions
from dataplane_core.store.change import Committed
from dataplane_core.store.delivery import ReloadWish
from dataplane_core.store.head import Head, join, split_header
from dataplane_core.store.journal.transactions import TransactionRecord
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.text import Document


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """A change to be committed: the document that is to follow on `base`.

    `author` is who asks for it, and `options` is what else they want. `posted` are the server's own
    lines in the text that a client has sent, if it sent all of it; `reload` is what the client
    wants of HAProxy's reload. A change that `overwrites`, or that is to be rebased, follows on
    whatever is the newest version when its turn comes. `text_of` is the former version whose text
    the change puts back. `brings` is the name of the files that were replaced for it, after they
    were recorded (`references/brought_files.py`); empty without any. `number` is that of a version
    which other servers have already; 0: the next one.
    """

    base: Snapshot
    document: Document
    author: Author = NOBODY
    transaction: TransactionRecord | None = None
    posted: Head | None = None
    reload: ReloadWish = ReloadWish()
    overwrites: bool = False
    text_of: int | None = None
    options: ChangeOptions = PLAIN
    brings: str = ""
    number: int = 0

    @property
    def follows(self) -> bool:
        """Whether the change is made on the newest version, whatever that is."""
        return self.overwrites or self.options.rebase

    @property
    def version(self) -> int:
        """Number of the version that the change becomes."""
        return max(self.base.version + 1, self.number)

    @property
    def client_head(self) -> Head:
        """The server's own lines as the client sees them, with which it counts lines."""
        return self.base.head if self.posted is None else self.posted

    def text(self) -> str:
        """Return the text of the version.

        Version lines that came in with a whole text are left out; the lines of the file are put in.
        """
        return join(self.base.head, split_header(self.document.text())[1], self.version)

    def change(self) -> Committed:
        """Return the change as plugins get it (`dataplane_committed`)."""
        return Committed(
            version=self.version,
            before=self.base.document,
            after=self.document,
            author=self.author,
            when=time.time(),
            transaction_id=self.transaction.id if self.transaction else None,
        )
