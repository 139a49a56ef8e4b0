"""What comes after a commit: hooks are told, and HAProxy gets the change one way or the other."""

import logging

from dataplane_core.errors import DataplaneError, NotReloaded, ReloadFailed
from dataplane_core.store.change import Committed, Origin, Outcome
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.journal.versions import VersionTable
from dataplane_core.store.ports import Apply, Hooks, Plan, Reloads

_UNDO = "undo what was applied at run time"
_log = logging.getLogger(__name__)


class Follower:
    """Brings committed versions to HAProxy.

    A version stays marked as not followed in the history until its reload is asked for, so that
    the death of a worker in between is made good by the next (`catch_up`).
    """

    def __init__(self, history: VersionTable, hooks: Hooks | None, reloads: Reloads) -> None:
        self.plan: Plan | None = None
        self.history = history
        self.hooks = hooks
        self.reloads = reloads

    def take_back(self) -> None:
        """After a restore: a reload, if HAProxy took some of what is undone over its socket."""
        self._bring("restore", _UNDO)

    def catch_up(self) -> None:
        """Ask for the reloads that a process which died could not ask for any more."""
        try:
            self._bring("api", "committed by a process that ended")
            self._bring("restore", _UNDO)
        except DataplaneError as error:
            _log.error("a committed version waits for a reload: %s", error.message)

    def edited(self) -> bool:
        """Ask for a reload if somebody else edited the file; True once for each that is due."""
        return self._bring("external", "the file was edited")

    def _bring(self, origin: Origin, reason: str) -> bool:
        """Ask for the reload of versions that wait for one; whether there were any.

        What will be loaded is the newest version, whoever made it.
        """
        if not self.history.unfollowed(origin):
            return False
        with self.history.state.write():
            left, newest = self.history.unfollowed(origin), self.history.newest()
            if left and newest:
                reload_id = self.reloads.request(newest.version, reason)
                _log.info("version %d needs reload %s: %s", newest.version, reload_id, reason)
                self.history.follow(left[-1].version)
        return bool(left)


class Following:
    """The way of one commit to HAProxy: applied, brought by a reload, or left alone."""

    def __init__(self, follower: Follower, *, force_reload: bool, skip_reload: bool) -> None:
        self._history = follower.history
        self._hooks = follower.hooks
        self._reloads = follower.reloads
        self._plan = None if force_reload or skip_reload else follower.plan
        self._force_reload = force_reload
        self.skips = skip_reload
        self._change: Committed | None = None
        self._apply: Apply | None = None
        self._reload_id: str | None = None

    def prepare(self, change: Committed) -> None:
        """Find out whether HAProxy can take the change without a reload."""
        self._change = change
        if change.transaction_id is not None and not change.changes:
            change.require_reload("a transaction without a change asks for a reload")
            return
        try:
            self._apply = self._plan(change) if self._plan else None
        except DataplaneError as error:
            change.require_reload(error.message)

    def record(self) -> None:
        """Ask for the reload with the commit's own record, where nothing else will do."""
        if self._apply is None and not self._force_reload and not self.skips:
            self._request()

    def lost(self) -> None:
        """The reload that was asked for is as unrecorded as the commit."""
        self._reload_id = None

    def finish(self) -> Outcome:
        """Tell the hooks, and see the change through.

        Raises `ReloadFailed` or `NotReloaded` for a forced reload.
        """
        change = self._committed
        self._tell(change)
        if self.skips:
            _log_commit(change, "not reloaded, as the client wanted it")
            return Outcome(change.version, None, "saved")
        if self._force_reload:
            _log_commit(change, "reloaded at once, as the client wanted it")
            return self._forced(change.version)
        if self._reload_id is None:
            if self._applied(change):
                self._history.apply(change.version)
                _log_commit(change, "applied without a reload")
                return Outcome(change.version, None, "applied")
            self._ask()
        failpoint("followed")
        reasons = "; ".join(change.reload_reasons) or "HAProxy did not take it while running"
        _log_commit(change, f"reload {self._reload_id}: {reasons}")
        return Outcome(change.version, self._reload_id, "queued")

    @property
    def _committed(self) -> Committed:
        assert self._change is not None
        return self._change

    def _ask(self) -> None:
        """Ask for the reload; raises `ReloadFailed` when the version was put aside meanwhile."""
        with self._history.state.write(synced=False):
            undone = self._undone()
            self._request(_UNDO if undone else "")
        if undone:
            raise undone

    def _request(self, reason: str = "") -> None:
        """Within a write: ask for the reload, so that nothing else is left to do."""
        change = self._committed
        self._reload_id = self._reloads.request(
            change.version, reason or "; ".join(change.reload_reasons)
        )
        self._history.follow(change.version)

    def _undone(self) -> ReloadFailed | None:
        """What is told of the version if it was rolled back since it was written."""
        entry = self._history.entry(self._committed.version)
        if entry is None or entry.status != "rolled back":
            return None
        return ReloadFailed(f"version {entry.version} was rolled back: {entry.reason}")

    def _forced(self, version: int) -> Outcome:
        record = self._reloads.force(version)
        self._history.follow(version)
        if record.status != "failed" and (undone := self._undone()):
            raise undone  # what HAProxy has loaded is the former text
        if record.status == "failed":
            said = f"HAProxy could not be reloaded: {record.said}"
            if record.restored:
                raise ReloadFailed(f"{said}; version {record.restored} holds the former text")
            raise self._undone() or NotReloaded(f"version {version} is in the file, but {said}")
        if record.status == "succeeded":
            return Outcome(version, None, "reloaded")
        return Outcome(version, record.id, "queued")

    def _tell(self, change: Committed) -> None:
        if self._hooks is not None:
            self._hooks.dataplane_committed(change=change)

    def _applied(self, change: Committed) -> bool:
        """Whether HAProxy took the change over its socket.

        When another commit came meanwhile, the two may have reached the socket in either order;
        then only a reload makes sure that HAProxy has what the file says.
        """
        if self._apply is None or change.reload_reasons or self._overtaken(change.version):
            return False
        try:
            done = self._apply()
        except DataplaneError as error:
            _log.info("version %d needs a reload: %s", change.version, error.message)
            return False
        return done and not self._overtaken(change.version)

    def _overtaken(self, version: int) -> bool:
        newest = self._history.newest()
        return newest is None or newest.version != version


def _log_commit(change: Committed, outcome: str) -> None:
    transaction = f", transaction {change.transaction_id}" if change.transaction_id else ""
    who = change.who or "an unnamed client"
    _log.info("version %d committed by %s%s: %s", change.version, who, transaction, outcome)
