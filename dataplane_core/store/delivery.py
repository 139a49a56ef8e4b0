"""Bring a committed version to HAProxy: over its socket, by a reload, or not at all."""

import logging
from collections.abc import Sequence

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import DataplaneError, NotReloaded, ReloadFailed, StorageFailed
from dataplane_core.store.change import Committed, Outcome
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.journal.versions import VersionTable
from dataplane_core.store.lost_names import LostName
from dataplane_core.store.pending_reloads import UNDO
from dataplane_core.store.planned import Foreseen
from dataplane_core.store.ports import (
    Apply,
    CommitHooks,
    ForcedReloads,
    Foresee,
    Plan,
    ReloadRequests,
    only_reloads_foreseen,
)

_ASKED = "a transaction without a change asks for a reload"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReloadWish:
    """What a client wants of the reload: at once and waited for (`force`), or none (`skip`).

    A `reason` says why commands will not do, whatever the texts say.
    """

    force: bool = False
    skip: bool = False
    reason: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class DeliveryMeans:
    """What every delivery needs: the versions' records, the hooks, the reloads, the plan.

    `foresee` says what the plan would do.
    """

    versions: VersionTable
    hooks: CommitHooks
    requests: ReloadRequests
    forced: ForcedReloads
    plan: Plan
    foresee: Foresee = only_reloads_foreseen


class Delivery:
    """The way of one committed change to HAProxy.

    The steps are called in this order: `prepare` while HAProxy checks the text, `record` in the
    write that makes the version the newest, `forget_record` if that write failed, `finish` at the
    end. `confirm_before` is until when the version has to be confirmed, None where it has not;
    `lost` are names that the change took from what refers to them.
    """

    confirm_before: float | None = None
    lost: Sequence[LostName] = ()

    def __init__(self, means: DeliveryMeans, change: Committed, wish: ReloadWish) -> None:
        self._means = means
        self._versions = means.versions
        self._change = change
        self._wish = wish
        self._apply: Apply | None = None
        self._reload_id: str | None = None

    def prepare(self) -> None:
        """Find out, while HAProxy checks, whether it can take the change without a reload."""
        change = self._change
        if self._asks_for_reload():
            change.require_reload(_ASKED)
            return
        if self._wish.force or self._wish.skip:
            return
        if self._wish.reason:
            change.require_reload(self._wish.reason)
            return
        try:
            self._apply = self._means.plan(change)
        except DataplaneError as error:
            change.require_reload(error.message)

    def _asks_for_reload(self) -> bool:
        return self._change.transaction_id is not None and not self._change.changes

    def foreseen(self) -> Foreseen:
        """Return how the change would reach HAProxy; in the place of all the other steps."""
        if self._asks_for_reload():
            return Foreseen("reload", reasons=(_ASKED,))
        if self._wish.skip:
            return Foreseen("nothing", reasons=("the client wants no reload",))
        if self._wish.force:
            return Foreseen("reload", reasons=("the client wants a reload at once",))
        try:
            return self._means.foresee(self._change)
        except DataplaneError as error:
            return Foreseen("reload", reasons=(error.message,))

    def record(self) -> None:
        """Ask for the reload within the commit's own record, where nothing else will do."""
        if self._apply is None and not self._wish.force and not self._wish.skip:
            self._request()

    def forget_record(self) -> None:
        """Count the reload as not asked for: the record with it could not be written."""
        self._reload_id = None

    def finish(self) -> Outcome:
        """Tell the hooks, and bring the change to HAProxy; or have it reloaded, where a file fails.

        Raises `ReloadFailed` or `NotReloaded` for a forced reload, `NotReloaded` where not even a
        reload can be asked for: the version is in the file all the same.
        """
        try:
            return self._bring()
        except StorageFailed as error:
            _log.error("version %d needs a reload: %s", self._change.version, error.message)
            return self._leave_to_reload(error)

    def _leave_to_reload(self, error: StorageFailed) -> Outcome:
        version = self._change.version
        if self._wish.skip:
            return Outcome(version, None, "saved")
        try:
            if self._reload_id is None:
                self._request_late()
        except StorageFailed:
            said = f"HAProxy could not be told: {error.message}"
            raise NotReloaded(f"version {version} is in the file, but {said}") from None
        return Outcome(version, self._reload_id, "queued")

    def _bring(self) -> Outcome:
        change = self._change
        self._means.hooks.dataplane_committed(change=change)
        if self._wish.skip:
            _log_commit(change, "not reloaded, as the client wanted it")
            return Outcome(change.version, None, "saved")
        if self._wish.force:
            _log_commit(change, "reloaded at once, as the client wanted it")
            return self._reload(change.version)
        if self._reload_id is None:
            if self._applied(change):
                self._versions.apply(change.version, change.commands)
                _log_commit(change, "applied without a reload")
                return Outcome(change.version, None, "applied")
            self._request_late()
        failpoint("followed")
        reasons = "; ".join(change.reload_reasons) or "HAProxy did not take it while running"
        _log_commit(change, f"reload {self._reload_id}: {reasons}")
        return Outcome(change.version, self._reload_id, "queued")

    def _request_late(self) -> None:
        """Ask for the reload; raises `ReloadFailed` when the version was rolled back meanwhile."""
        with self._versions.state.write(synced=False):
            rolled_back = self._rolled_back()
            self._request(UNDO if rolled_back else "")
        if rolled_back:
            raise rolled_back

    def _request(self, reason: str = "") -> None:
        """Ask for the reload within a write, so that nothing else is left to do."""
        change = self._change
        reason = reason or "; ".join(change.reload_reasons)
        self._reload_id = self._means.requests.request(change.version, reason)
        self._versions.follow(change.version, self._reload_id, reason)

    def _rolled_back(self) -> ReloadFailed | None:
        """Return the failure to tell if the version was rolled back since it was written."""
        record = self._versions.get(self._change.version)
        if record is None or record.status != "rolled back":
            return None
        return ReloadFailed(f"version {record.version} was rolled back: {record.reason}")

    def _reload(self, version: int) -> Outcome:
        """Reload now, and return what became of it."""
        reload = self._means.forced.force(version)
        self._versions.follow(version, reload.id, "the client wanted it at once")
        if reload.status != "failed" and (rolled_back := self._rolled_back()):
            raise rolled_back  # what HAProxy has loaded is the former text
        if reload.status == "failed":
            said = f"HAProxy could not be reloaded: {reload.said}"
            if reload.restored:
                raise ReloadFailed(f"{said}; version {reload.restored} holds the former text")
            not_reloaded = NotReloaded(f"version {version} is in the file, but {said}")
            raise self._rolled_back() or not_reloaded
        if reload.status == "succeeded":
            return Outcome(version, None, "reloaded")
        return Outcome(version, reload.id, "queued")

    def _applied(self, change: Committed) -> bool:
        """Return whether HAProxy took the change over its socket.

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
        newest = self._versions.newest()
        return newest is None or newest.version != version


def _log_commit(change: Committed, outcome: str) -> None:
    transaction = f", transaction {change.transaction_id}" if change.transaction_id else ""
    who = change.who or "an unnamed client"
    _log.info("version %d committed by %s%s: %s", change.version, who, transaction, outcome)
