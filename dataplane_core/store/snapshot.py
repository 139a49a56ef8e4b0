"""One state of the configuration, as a request sees it: shared, and never changed."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock

from dataplane_core.store.head import Head, join
from dataplane_core.text import Document

CACHE_BYTES = 16 << 20


class AnswerCache:
    """Whole answers in bytes, by any key; the oldest go when all together exceed `limit` bytes."""

    __slots__ = ("_answers", "_limit", "_lock", "_size")

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._answers: dict[Hashable, bytes] = {}
        self._limit = limit
        self._size = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> bytes | None:
        """Return the answer kept under `key`; None without one."""
        return self._answers.get(key)

    def __setitem__(self, key: Hashable, answer: bytes) -> None:
        if len(answer) > self._limit:
            return
        with self._lock:
            self._size += len(answer) - len(self._answers.pop(key, b""))
            self._answers[key] = answer
            while self._size > self._limit:
                oldest = next(iter(self._answers))
                self._size -= len(self._answers.pop(oldest))

    def __len__(self) -> int:
        return len(self._answers)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._answers


@dataclass(frozen=True, slots=True, eq=False)
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
    cache: AnswerCache = field(default_factory=AnswerCache)

    @property
    def text(self) -> str:
        """The text as it stands in the file, with the server's own lines."""
        return join(self.head, self.document.text(), None)
