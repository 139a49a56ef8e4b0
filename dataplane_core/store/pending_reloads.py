"""Ask for the reloads that written versions still need, and that nobody has asked for.

A version stays marked as not followed in its record until its reload is asked for, so that after
the death of a worker in between the next worker asks for it.
"""

import logging

from dataplane_core.errors import DataplaneError
from dataplane_core.store.change import Origin
from dataplane_core.store.journal.versions import VersionTable
from dataplane_core.store.ports import ReloadRequests
from dataplane_core.store.trial import is_within

UNDO = "undo what was applied at run time"
_log = logging.getLogger(__name__)


class PendingReloads:
    """Asks for the reloads of versions that nobody has asked for yet."""

    def __init__(self, versions: VersionTable, reloads: ReloadRequests) -> None:
        self._versions = versions
        self._reloads = reloads

    def catch_up(self) -> None:
        """Ask for the reloads that a process which died could not ask for any more."""
        try:
            self._request("api", "committed by a process that ended")
            self._request("restore", UNDO)
        except DataplaneError as error:
            _log.error("a committed version waits for a reload: %s", error.message)

    def overdue(self, seconds: float) -> None:
        """Ask for a reload for versions that HAProxy should have got within some seconds.

        A commit whose plugin does not return from its hook brings nothing to HAProxy; its thread
        cannot be ended.
        """
        loading = max(self._reloads.loading(), default=0)
        waiting = [one for one in self._versions.unfollowed("api") if one.version > loading]
        late = [one for one in waiting if not is_within(one.created, seconds)]
        if late:
            self._request("api", f"version {late[-1].version} was not brought to HAProxy in time")

    def after_edit(self) -> bool:
        """Ask for a reload if somebody else edited the file; True once for each that is due."""
        return self._request("external", "the file was edited")

    def after_restore(self) -> None:
        """Ask for a reload if HAProxy got, over its socket, part of a change that was undone."""
        self._request("restore", UNDO)

    def _request(self, origin: Origin, reason: str) -> bool:
        """Ask for the reload of versions that wait for one; return whether there were any.

        What will be loaded is the newest version, whoever made it.
        """
        if not self._versions.unfollowed(origin):
            return False
        with self._versions.state.write():
            left, newest = self._versions.unfollowed(origin), self._versions.newest()
            if left and newest:
                reload_id = self._reloads.request(newest.version, reason)
                _log.info("version %d needs reload %s: %s", newest.version, reload_id, reason)
                self._versions.follow(left[-1].version, reload_id, reason)
        return bool(left)
