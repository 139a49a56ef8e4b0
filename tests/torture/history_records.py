"""What clients of a history did, when, and what they were told."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Key = tuple[str, str]
"""A server: its backend and its name."""
State = Mapping[Key, int]
"""The weight of each server."""
Changes = Mapping[Key, int | None]
"""The new weight of servers; None for those that go."""
How = Literal["read", "version", "transaction", "rebase", "tag", "hand"]


@dataclass
class Operation:
    """One request, or all of one transaction, from the first byte that is sent to the last that comes.

    `base` is the version that it was made for; of a change by tag that of the object with the tag.
    `version` is what the answer says: that of a read, or the one that was made; 0 for a refusal, and for a
    text by hand, which nobody answers: there `digest` is that of the text, `replaced` that of the one
    before, and `text` all that is in it. A read of one backend (`scope`) has `seen` what there was, in a
    transaction with all its `changes` so far; a refusal says a `reason`.
    """

    client: str
    how: How
    begun: float = 0.0
    ended: float = 0.0
    base: int = 0
    changes: dict[Key, int | None] = field(default_factory=dict)
    created: set[Key] = field(default_factory=set)
    version: int = 0
    status: int = 0
    reason: str = ""
    by_transaction: bool = False
    scope: str = ""
    seen: dict[Key, int] = field(default_factory=dict)
    digest: str = ""
    replaced: str = ""
    text: dict[Key, int] = field(default_factory=dict)

    @property
    def is_write(self) -> bool:
        """Whether a version was made, by a client or by hand."""
        return self.how != "read" and self.status < 400

    def __str__(self) -> str:
        what = f"{self.client} ({self.how}, made for {self.base}, answer {self.status}"
        return f"{what}, version {self.version})" if self.version else f"{what})"


@dataclass(frozen=True)
class Made:
    """What the servers' own records say of a version: who made it, its digest, the servers in its text."""

    origin: str
    digest: str
    state: State | None


class Ledger:
    """All operations of a history, from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.operations: list[Operation] = []
        self.odd: list[str] = []

    @contextmanager
    def noted(self, operation: Operation) -> Iterator[Operation]:
        """Note when an operation begins and ends; what has no answer (status 0) is odd."""
        operation.begun = time.monotonic()
        yield operation
        operation.ended = time.monotonic()
        with self._lock:
            self.operations.append(operation)

    def wonder(self, problem: str) -> None:
        """Note an answer that nobody expects."""
        with self._lock:
            self.odd.append(problem)


def changed(state: State, changes: Changes) -> dict[Key, int]:
    """A state with changes."""
    result = {**state, **{key: weight for key, weight in changes.items() if weight is not None}}
    return {key: weight for key, weight in result.items() if changes.get(key, weight) is not None}
