"""Bring this server to the newest revision for a change that is to be made on it, here and now.

One worker follows the fleet all the time; a change that is put on the newest version (`rebase`)
does not wait for it.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context

from dataplane_core.plugin import Conflict, Finding, VersionMismatch
from dataplane_plugins.fleet.following.follower import Follower
from dataplane_plugins.fleet.members.errors import Behind, Overtaken, told
from dataplane_plugins.fleet.members.known import Known, read_known
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reporting import Reporter
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.sharing.sharer import Sharer

_HAS = ("", "applied", "taking")


class Listener(Reporter):
    """Takes what the member would say, and tells nobody: who follows all the time does."""

    state = reason = ""

    def say(
        self, state: str, head: Revision | None = None, known: Known | None = None,
        reason: str = "", findings: Sequence[Finding] = (), gate: str = "",
    ) -> None:  # fmt: skip
        """Remember what is so."""
        self.state, self.reason = state, reason


class CatchUp:
    """Takes the newest revision; of several changes that need it, one does it."""

    def __init__(self, member: Member, sharer: Sharer) -> None:
        self._member, self._sharer = member, sharer
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Have the newest revision here; raises `Conflict` with the reason where it cannot be.

        Whoever asks for the change may be permitted less than those who made the revision: nothing
        of the request holds for that.
        """
        if self._member.services.used_files.brought.is_alone:
            raise Behind(
                "this member of the fleet does not have the newest version yet: repeat the change"
            )
        with self._lock:
            Context().run(self._catch_up)

    def _catch_up(self) -> None:
        with told():
            head = self._member.revisions.newest()
            known = read_known(self._member.services.state)
            if head is None or known.number >= head.number:
                return
            listener = Listener(self._member)
            follower = Follower(self._member, self._sharer, listener)
            with suppress(VersionMismatch, Overtaken):  # others are at it, who may be faster
                follower.follow(head, known)
        if listener.state not in _HAS:
            raise Conflict(
                f"version {head.version} of the fleet, which the change would follow on, is not "
                f"here, this member is {listener.state}: {listener.reason}"
            )
