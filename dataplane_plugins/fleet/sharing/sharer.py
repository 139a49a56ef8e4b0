"""Make a change of this server the next revision of its fleet, before it takes its place here.

A change is made on what this server has. It becomes a revision if the newest revision has the same:
texts and contents are compared, and no numbers, so that nothing has to be remembered that a crash
could lose. Of two servers that make a change of the same revision, the store refuses one.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property

from dataplane_core.plugin import (
    Author,
    Committed,
    Conflict,
    SharedFile,
    VersionMismatch,
    encode_text,
    who_asks,
)
from dataplane_plugins.fleet.members.errors import Behind, FleetUnavailable, FleetUnsure, told
from dataplane_plugins.fleet.members.known import read_known
from dataplane_plugins.fleet.members.local_files import LocalFiles
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from dataplane_plugins.fleet.sharing.made import note_revision
from dataplane_plugins.fleet.sharing.recognising import gone_astray
from dataplane_plugins.fleet.stores import StoreError, StoreUnreachable, Undecided

_Brought = dict[str, tuple[str | None, bytes | None]]
"""By names of files, the address of what they hold, and what they will hold."""
_MOST_ATTEMPTS = 5
_DECIDED_SECONDS, _PAUSE = 3.0, 0.05


class Sharer:
    """Shares the changes of one process."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._thread = threading.local()
        self._followed = ""

    @cached_property
    def _files(self) -> LocalFiles:
        return LocalFiles(self._member.services, self._member.revisions.chunks)

    @cached_property
    def _overlays(self) -> Overlays:
        return Overlays(self._member)

    @cached_property
    def _rollouts(self) -> Rollouts:
        return Rollouts(self._member)

    @contextmanager
    def following(self, may_go: Callable[[], None]) -> Iterator[None]:
        """Make changes in the body that the fleet has already.

        `may_go` is called when nothing but the disk can refuse a version any more, and raises what
        refuses it all the same: HAProxy may have taken long to check it.
        """
        self._thread.may_go = may_go
        try:
            yield
        finally:
            self._thread.may_go = None

    @property
    def _may_go(self) -> Callable[[], None] | None:
        may_go: Callable[[], None] | None = getattr(self._thread, "may_go", None)
        return may_go

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Let a change pass that the store cannot be told of, if this member is autonomous.

        It is as an edit by hand then, which the follower merges or tells when the store is back.
        """
        try:
            yield
        except StoreUnreachable as error:
            if not self._member.services.settings.fleet.autonomous:
                raise
            self._member.services.log.warning(
                "the fleet's store is away (%s): a change is made on this member alone",
                error.reason,
            )

    def version(self, change: Committed) -> None:
        """Make a version the next revision.

        Raises `VersionMismatch` where the fleet has another one, `FleetUnavailable` where the store
        cannot be asked, `FleetUnsure` where it has not said.
        """
        if self._may_go is not None:
            self._may_go()
            return
        with told(), self._reached():
            head = self._newest()
            chunks, overlays = self._member.revisions.chunks, self._overlays.here()
            before = chunks.address(encode_text(change.before.text()))
            there = self._overlays.text_for(head.text, overlays)
            if there != before or head.version >= change.version:
                raise _mismatch(head, change.version - 1)
            revision = self._next(head, change.author, version=change.version)
            shared = self._overlays.shared_for(head.text, change.before, change.after, overlays)
            for _ in range(_MOST_ATTEMPTS):
                text, files = chunks.put(shared), self._files_with(head, self._brought)
                if self.add(replace(revision, text=text, files=files), head) is not None:
                    return
                newest = self._newest()
                if newest.mark != head.mark:
                    break  # else somebody has removed contents just now: they are put once more
            raise _mismatch(newest, change.version - 1)

    def file(self, path: str, data: bytes | None) -> None:
        """Make what a file will hold a revision; None where it goes. Raises as `version` does.

        Raises `Conflict` where the fleet has another content than the file has now.
        """
        name = self._files.name(path)
        if name is None or self._may_go is not None:
            return
        with told(), self._reached():
            try:
                self._share({name: (self._files.one(name), data)})
            except VersionMismatch as error:
                raise Behind(error.message) from None

    @contextmanager
    def files(self, files: Sequence[SharedFile], makes_version: bool) -> Iterator[None]:
        """Have the version that is made in the body bring files, in one revision.

        Where it makes none, a revision of the files is made at its end. Raises as `version` does.
        """
        address, put = self._member.revisions.chunks.address, self._member.revisions.chunks.put
        is_followed = self._may_go is not None
        brought: _Brought = {}
        with told(), self._reached():
            for one in () if is_followed else files:
                if (name := self._files.name(one.path)) is not None:
                    brought[name] = None if one.before is None else address(one.before), one.after
                    if one.after is not None:
                        put(one.after)  # while nobody waits for the configuration
        self._thread.brought = brought if makes_version else {}
        try:
            yield
        finally:
            self._thread.brought = {}
        if makes_version:
            return
        if self._may_go is not None:
            self._may_go()
        else:
            with told(), self._reached():
                self._share(brought)

    @property
    def _brought(self) -> _Brought:
        brought: _Brought = getattr(self._thread, "brought", {})
        return brought

    def _share(self, changes: _Brought) -> None:
        """Make files others in the newest revision; raises as `version` does."""
        for _ in range(_MOST_ATTEMPTS):
            head = self._newest()
            files = self._files_with(head, changes)
            if files == head.files:
                return
            if self.add(replace(self._next(head, who_asks()), files=files), head) is not None:
                return
        raise Conflict(
            f"{', '.join(changes)}: not changed, as other members of the fleet were faster"
        )

    def _files_with(self, head: Revision, changes: _Brought) -> str:
        """Return the address of the list of files with changes.

        Raises `VersionMismatch` where this member lacks some, `Conflict` where it has its own.
        """
        if not changes:
            return head.files
        revisions = self._member.revisions
        files, before = revisions.files(head.files), revisions.files(head.files)
        for name, (former, data) in changes.items():
            after = None if data is None else revisions.chunks.put(data)
            if files.get(name) not in (former, after):
                if read_known(self._member.services.state).number < head.number:
                    raise VersionMismatch(
                        f"{name} is another file in the fleet: this member does not have it yet"
                    )
                raise Conflict(f"{name} was changed on this member by hand: the fleet has another")
            files.pop(name, None)
            if after is not None:
                files[name] = after
        return head.files if files == before else revisions.put_files(files)

    def _newest(self) -> Revision:
        """Return the newest revision; raises `FleetUnavailable` if this member has lost its fleet.

        A store that was put back must not go on from here: others have what it has lost.
        """
        revisions = self._member.revisions
        head, known = revisions.newest(), read_known(self._member.services.state)
        is_next = (
            head is not None
            and known.number < head.number
            and self._followed in (head.digest, head.parent)
        )
        if not is_next and (reason := gone_astray(revisions, head, known)):
            raise FleetUnavailable(reason)
        if head is None:
            raise FleetUnavailable(
                "the fleet has no configuration yet: its first member is about to bring one"
            )
        self._followed = head.digest
        return head

    def _next(self, head: Revision, author: Author, *, version: int = 0) -> Revision:
        """Return a revision that is as the newest one, by this member."""
        return replace(
            head, number=head.number + 1, version=version or head.version, text_of=0,
            node=self._member.name, when=time.time(), author=author_fields(author),
        )  # fmt: skip

    def add(self, revision: Revision, head: Revision, *, staged: bool = True) -> Revision | None:
        """Make a revision the newest, if `head` still is; None where it is not.

        It is rolled out as the strategy says, or to all at once. Where the store has not said, it
        is asked. Raises `Conflict` while another revision is rolled out in waves.
        """
        revisions = self._member.revisions
        conditions, values = self._rollouts.first(revision, head, staged=staged)
        try:
            added = revisions.add(revision, head, conditions, values)
        except Undecided as error:
            added = self._decided(revision, head, error)
        if added is not None:
            note_revision(added.number)
        return added

    def _decided(self, revision: Revision, head: Revision, error: Undecided) -> Revision | None:
        """Find out whether a revision became one; raises `FleetUnsure` after some seconds."""
        end = time.monotonic() + _DECIDED_SECONDS
        while time.monotonic() < end:
            time.sleep(_PAUSE)
            try:
                found = self._member.revisions.get(revision.number)
                newest = self._member.revisions.newest()
            except StoreError:
                continue
            if found is not None:
                same = found.node == revision.node and found.when == revision.when
                return found if same else None
            if newest is not None and newest.mark != head.mark:
                return None
        raise FleetUnsure(
            f"the store of the fleet: {error.reason}; whether the change is the fleet's is found "
            "out when it answers again: read the version before you repeat it"
        )


def author_fields(author: Author) -> Mapping[str, str]:
    """Return who asks for a change, as records have it."""
    return {name: text for name, text in asdict(author).items() if text}


def _mismatch(head: Revision, version: int) -> VersionMismatch:
    return VersionMismatch(
        f"version mismatch: version of the fleet is {head.version}, given version is {version}"
    )
