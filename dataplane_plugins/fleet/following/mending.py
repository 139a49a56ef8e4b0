"""Put right what somebody without the key has made of the records of the store.

The last good record is in what members remember, or in what the store keeps of each revision; the
member that mends signs it anew. Members mend by themselves what they are sure of.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from dataplane_core.plugin import dataclass, encode_text
from dataplane_plugins.fleet.members.known import read_known
from dataplane_plugins.fleet.members.local_files import LocalFiles
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.remembering import raise_alarm
from dataplane_plugins.fleet.members.statuses import read_statuses
from dataplane_plugins.fleet.records.chunks import PLACE as CONTENTS
from dataplane_plugins.fleet.records.overlay import KINDS, PREFIX
from dataplane_plugins.fleet.records.revisions import HEAD, REVISIONS, Revision, descends, listed
from dataplane_plugins.fleet.records.rollout import PLACE, STRATEGY
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts

_MOST_LOOKED_AT = 50
_OFFER = "`dataplane fleet offer NODE` makes what a member has the newest revision"
_ELSEWHERE = "mend on another member, or remove it and set it anew"


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done about a record of the store, or why nothing was."""

    record: str
    is_right: bool
    text: str


class Mender:
    """Mends for one member."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._revisions = member.revisions
        self._rollouts, self._overlays = Rollouts(member), Overlays(member)

    def newest(self) -> Revision | None:
        """Return the newest revision, whose record is put right if a member is sure of it.

        Raises `Forged`.
        """
        try:
            return self._revisions.newest()
        except Forged as error:
            mended = self.head()
            if mended is not None and not mended.is_right:
                raise Forged(mended.text) from error
            return self._revisions.newest()

    def goes_on(self) -> bool:
        """Make the newest revision the head again if a member is sure of it; tell whether it is."""
        mended = self.head()
        return mended is not None and mended.is_right

    def head(self, *, is_told: bool = False) -> Mended | None:
        """Make the newest revision that is kept the head again; None where it is so already.

        By itself a member does that where no other one says that it has a later one; a person who
        `is_told` of that decides otherwise.
        """
        entry = self._member.store.get(HEAD)
        head, fault = None, f"{HEAD} is not there"
        try:
            head = self._revisions.newest()
        except Forged as error:
            fault = str(error)
        found = self._newest_kept(head, is_told)
        if found is None or (head is not None and found.number <= head.number):
            lost = "no revision is kept that follows on what this member has: " + _OFFER
            return None if head is not None else Mended(HEAD, False, f"{fault}; {lost}")
        if head is not None:
            fault = f"somebody has put back revision {head.number}"
        said = read_statuses(self._member)
        later = [name for name, one in said.items() if max(one.number, one.wanted) > found.number]
        if later and not is_told:
            text = f"{fault}; {', '.join(sorted(later)[:5])} had a later revision: {_OFFER}"
            return Mended(HEAD, False, text)
        if not self._revisions.restore_head(found.number, entry.mark if entry else 0):
            return None  # another member was faster
        text = f"{fault}: revision {found.number} is the newest again"
        raise_alarm(self._member.services, self._member.name, text)
        return Mended(HEAD, True, text)

    def all(self) -> Iterator[Mended]:
        """Mend all records that members go by, and yield what was done."""
        head = self.head(is_told=True)
        if head is not None:
            yield head
        newest = None if head is not None and not head.is_right else self._revisions.newest()
        yield from self._one(STRATEGY, partial(self._rollouts.strategies.newest, mends=True))
        if newest is not None:
            yield from self._one(PLACE, partial(self._rollouts.of, newest.number))
            yield from self._contents(newest)
        listed = self._member.store.list(PREFIX, names_only=True).entries
        for place in sorted({*(one.key for one in listed), *self._overlays.places()}):
            kind, _, name = place.removeprefix(PREFIX).partition("/")
            for known in KINDS:
                if known == kind:
                    mend = partial(self._overlays.last, known, name, mends=True)
                    yield from self._one(place, mend)

    def _contents(self, head: Revision) -> Iterator[Mended]:
        """Put the contents of the newest revision anew that are not in the store as they were.

        They are those that this member has.
        """
        chunks = self._revisions.chunks
        chunks.doubt()
        mended = sum(chunks.mend(data) for data in self._present(head))
        if mended:
            text = f"{mended} parts of contents were put anew, from what this member has"
            yield Mended(CONTENTS, True, text)

    def _present(self, head: Revision) -> Iterator[bytes]:
        """Yield the contents of a revision that this member has."""
        services, chunks = self._member.services, self._revisions.chunks
        text = encode_text(services.config.snapshot().document.text())
        if chunks.address(text) == head.text:
            yield text
        local = LocalFiles(services, chunks)
        files = local.now()
        if self._revisions.files_address(files) == head.files:
            yield listed(files)
            for name in files:
                with suppress(OSError):
                    yield local.path(name).read_bytes()

    def _one(self, place: str, mend: Callable[[], object]) -> Iterator[Mended]:
        """Mend one record, and yield what was done if anything was to do."""
        before = self._member.store.get(place)
        try:
            mend()
        except Forged as error:
            yield Mended(place, False, f"{error}; this member has never seen it: {_ELSEWHERE}")
            return
        after = self._member.store.get(place)
        if after is not None and (before is None or before.mark != after.mark):
            yield Mended(place, True, "written anew, as this member has seen it last")

    def _newest_kept(self, head: Revision | None, is_told: bool) -> Revision | None:
        """Return the newest record of a revision that follows on what is known to be good."""
        known = read_known(self._member.services.state)
        base = head or Revision(
            known.number, known.version, "", "", "", "", 0, {}, digest=known.digest
        )
        if not base.number and not is_told:
            return None
        listed = self._member.store.list(REVISIONS, names_only=True).entries
        names = [one.key.removeprefix(REVISIONS) for one in listed]
        numbers = sorted((int(one) for one in names if one.isdecimal()), reverse=True)
        for number in numbers[:_MOST_LOOKED_AT]:
            if number < base.number:
                break
            try:
                found = self._revisions.get(number)
                if found is None:
                    continue
                if not base.number or descends(self._revisions, found, base):
                    return found
            except Forged as error:
                self._member.tell(error)
        return None
