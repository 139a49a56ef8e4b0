"""What a commit was, and what became of it."""

from collections.abc import Sequence
from dataclasses import field
from typing import Literal

from dataplane_core.dataclass import dataclass
from dataplane_core.store.author import Author
from dataplane_core.store.lost_names import LostName
from dataplane_core.text import Document, SectionChange

Origin = Literal["api", "external", "restore"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an edit led to.

    `state` is `pending` (kept in a transaction), `queued` (written, `reload_id` names the reload
    to come), `reloaded` (written, and the forced reload is over), `applied` (written, and HAProxy
    took it over its socket) or `saved` (written, and the client wanted no reload). It goes again
    unless it is confirmed before `confirm_before`, in seconds since 1970; None: it stays. `lost`
    are names that it took from what lines still refer to by them.
    """

    version: int
    reload_id: str | None
    state: Literal["pending", "queued", "reloaded", "applied", "saved"]
    confirm_before: float | None = None
    lost: Sequence[LostName] = ()


@dataclass(frozen=True, eq=False)
class Committed:
    """A change that now stands in haproxy.cfg: the argument of the hook `dataplane_committed`.

    `author` is who asked for it, `when` is in seconds since 1970; `transaction_id` is None for a
    change made with a version. `commands` are those with which HAProxy took it, if it did.
    """

    version: int
    before: Document
    after: Document
    author: Author
    when: float
    transaction_id: str | None = None
    origin: Origin = "api"
    reload_reasons: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def who(self) -> str:
        """The name of who asked for the change; empty for nobody."""
        return self.author.name

    @property
    def request_id(self) -> str:
        """The identifier of the request that made the change."""
        return self.author.request_id

    @property
    def changes(self) -> Sequence[SectionChange]:
        """Sections that differ, each with its old and new text."""
        return self.after.diff(self.before)

    def touches(self, *kinds: str) -> bool:
        """Tell whether a section of one of these kinds was added, changed or removed."""
        return any(change.key.kind in kinds for change in self.changes)

    def require_reload(self, reason: str) -> None:
        """Have HAProxy reloaded even if its socket could take the change."""
        self.reload_reasons.append(reason)
