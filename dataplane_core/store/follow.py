"""What comes after a commit: hooks are told, and HAProxy gets the change one way or the other."""

import logging

from dataplane_core.errors import DataplaneError, ReloadFailed
from dataplane_core.store.change import Committed, Outcome
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.history import History
from dataplane_core.store.ports import Apply, Hooks, Reloads

_log = logging.getLogger(__name__)


class Follower:
    """Brings committed versions to HAProxy.

    A version stays marked as not followed in the history until its reload is asked for, so that
    the death of a worker in between is made good by the next (`catch_up`).
    """

    def __init__(self, history: History, hooks: Hooks | None, reloads: Reloads) -> None:
        self.apply: Apply | None = None
        self._history = history
        self._hooks = hooks
        self._reloads = reloads

    def follow(self, change: Committed, *, force_reload: bool, skip_reload: bool) -> Outcome:
        """Apply, reload or leave alone; raises `ReloadFailed` when a forced reload fails."""
        version = change.version
        self._tell(change)
        if skip_reload:
            self._history.follow(version, earlier=False)
            return Outcome(version, None, "saved")
        if force_reload:
            return self._forced(version)
        if self._applied(change):
            self._history.apply(version)
            return Outcome(version, None, "applied")
        reload_id = self._reloads.request(version, "; ".join(change.reload_reasons))
        failpoint("followed")
        self._history.follow(version, earlier=True)
        return Outcome(version, reload_id, "queued")

    def _forced(self, version: int) -> Outcome:
        record = self._reloads.force(version)
        self._history.follow(version, earlier=True)
        if record.status == "failed":
            back = f"; version {record.restored} holds the former text" if record.restored else ""
            raise ReloadFailed(f"HAProxy could not be reloaded: {record.response}{back}")
        if record.status == "succeeded":
            return Outcome(version, None, "reloaded")
        return Outcome(version, record.id, "queued")

    def take_back(self, accepted: int, restored: int) -> None:
        """After a restore: a reload, if HAProxy took some of what is undone over its socket."""
        if self._history.applied_between(accepted, restored):
            self._reloads.request(restored, "undo what was applied at run time")

    def catch_up(self) -> None:
        """Ask for the reload that a process which died could not ask for any more."""
        try:
            left = self._history.unfollowed("api")
            if left:
                self._reloads.request(left[-1].version, "committed by a process that ended")
                self._history.follow(left[-1].version, earlier=True)
        except DataplaneError as error:
            _log.error("a committed version waits for a reload: %s", error.message)

    def _tell(self, change: Committed) -> None:
        if self._hooks is None:
            return
        try:
            self._hooks.dataplane_committed(change=change)
        except Exception:
            # The change stands in the file; a plugin's mistake is no reason to tell otherwise.
            _log.exception("a plugin failed on the commit of version %d", change.version)
            change.require_reload("a plugin failed")

    def _applied(self, change: Committed) -> bool:
        """Whether HAProxy took the change over its socket.

        When another commit came meanwhile, the two may have reached the socket in either order;
        then only a reload makes sure that HAProxy has what the file says.
        """
        if self.apply is None or change.reload_reasons or self._overtaken(change.version):
            return False
        try:
            done = self.apply(change)
        except DataplaneError as error:
            _log.info("version %d needs a reload: %s", change.version, error.message)
            return False
        return done and not self._overtaken(change.version)

    def _overtaken(self, version: int) -> bool:
        newest = self._history.newest()
        return newest is None or newest.version != version
