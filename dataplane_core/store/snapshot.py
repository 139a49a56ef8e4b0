"""One state of the configuration, as a request sees it: shared, and never changed."""

from collections.abc import Callable, Hashable
from dataclasses import field
from typing import NamedTuple

from dataplane_core.dataclass import dataclass
from dataplane_core.store.head import Head, join
from dataplane_core.text import Document
from dataplane_core.text.budget import BudgetedCache

_BYTES_OF_A_KEY = 400
"""About what an answer takes in memory beside its bytes."""


class KeptAnswer(NamedTuple):
    """A whole answer, and the tag (RFC 9110, section 8.8.3) of what it shows."""

    data: bytes
    tag: str


class AnswerCache(BudgetedCache[KeptAnswer]):
    """Whole answers, by any key.

    An answer that would take more than half of the budget is not kept.
    """

    __slots__ = ()

    def __setitem__(self, key: Hashable, answer: KeptAnswer) -> None:
        size = len(answer.data) + _BYTES_OF_A_KEY
        if size <= self.budget.limit // 2:
            self.put(key, answer, size)

    def made_once(self, key: Hashable, make: Callable[[], tuple[bytes, str]]) -> KeptAnswer:
        """Return an answer with its tag, which are made where they are not kept."""
        kept = self.get(key)
        if kept is None:
            kept = self[key] = KeptAnswer(*make())
        return kept


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Snapshot:
    """One state of the configuration.

    `document` is the text without the server's own lines (`head`), `version` its number, `identity`
    changes whenever the text may have changed. `cache` holds whole answers that depend on the
    snapshot alone.
    """

    document: Document
    version: int
    identity: tuple[int | str, ...]
    head: Head = Head()
    digest: str = ""
    cache: AnswerCache = field(kw_only=True)

    @property
    def text(self) -> str:
        """The text as it stands in the file, with the server's own lines."""
        return join(self.head, self.document.text(), None)
