"""Drive the roll-out of the newest revision: one member of all does that, whichever holds the lead.

A leader knows nothing that is not in the store, but when the wave began as far as it has seen: the
next one goes on where the former died, and gives the wave its whole time once more.
"""

import threading
import time
from collections.abc import Mapping

from dataplane_core.plugin import DataplaneError, Outage
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reasons import bypassing, seen_elsewhere
from dataplane_plugins.fleet.members.remembering import Order, raise_alarm
from dataplane_plugins.fleet.members.reporting import ALIVE, Status
from dataplane_plugins.fleet.members.statuses import newest_seen, read_statuses
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.records.rollout import PLACE, Rollout, Said, advance, awaited
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.rollouts.collecting import Collector
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from dataplane_plugins.fleet.stores import Hold, StoreError

LEADER = "leader"
LEADER_SECONDS = 15
_TICK, _RENEW_SECONDS = 0.5, 4.0
PASSED = "passed"


class Leader:
    """What the member that leads does."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._store = member.store
        self._rollouts, self._collector = Rollouts(member), Collector(member)
        self._overlays = Overlays(member)
        self._wave: tuple[int, int] = 0, 0
        self._since = self._rests = 0.0
        self._older: Order | None = None
        self._outage = Outage(
            member.services.log, "the fleet cannot be led from here", "the fleet can be led again"
        )

    def run(self, stop: threading.Event) -> None:
        """Lead while this member has the lead; stand by else."""
        while not stop.is_set():
            try:
                hold = self._store.hold(LEADER, self._member.name.encode(), LEADER_SECONDS)
                self._outage.over()
                if hold is None:
                    stop.wait(_RENEW_SECONDS)
                    continue
                self._lead(hold, stop)
            except StoreError as error:
                self._outage.note(error)
                stop.wait(_RENEW_SECONDS)

    def _lead(self, hold: Hold, stop: threading.Event) -> None:
        self._member.services.log.info("this member leads the fleet %s", self._member.fleet)
        renewed, mark = time.monotonic(), 0
        while not stop.is_set():
            if time.monotonic() - renewed > _RENEW_SECONDS:
                if not hold.renew():
                    return
                renewed = time.monotonic()
            try:
                goes_on = self.step(hold)
                if not goes_on and self._collector.is_due():
                    self._collector.collect(hold)
            except (DataplaneError, Forged) as error:
                self._outage.note(error)
                goes_on = False
            if goes_on:
                stop.wait(_TICK)
            else:
                mark = self._store.wait("control/", mark, _RENEW_SECONDS)
        hold.release()

    def step(self, hold: Hold | None = None) -> bool:
        """Do what follows on what members say; return whether the roll-out goes on."""
        rollout, mark = self._rollouts.current(mends=True)
        if rollout is None or rollout.state != "running":
            self._wave = 0, 0  # who resumes it gives the wave its whole time
        if rollout is None or not rollout.is_open:
            return False
        if rollout.state == "returning":
            self._return(rollout, mark)
            return True
        if rollout.state == "running" and self._rollouts.strategies.bypasses(rollout):
            self._stop_bypassing(rollout, mark, hold)
            return False
        wave = rollout.number, rollout.wave
        if wave != self._wave:
            self._wave = wave
            self._since = self._rests = time.monotonic()
        statuses = self.statuses()
        if self._is_older(rollout, statuses):
            return False
        now, said = time.monotonic(), self.said(rollout, statuses)
        waited = now - self._since
        if waited < rollout.strategy.timeout and awaited(rollout, said):
            self._rests = now
        following = advance(rollout, said, waited, now - self._rests, time.time())
        if following is not rollout and self._rollouts.change(following, mark, hold):
            self._member.services.log.info("fleet: %s", following.log[-1][1])
            if not following.is_open:
                self._wave = 0, 0
        return following.is_open

    def _is_older(self, rollout: Rollout, statuses: dict[str, Status]) -> bool:
        """Tell whether a member has seen a newer record than the one that this member has read.

        It has come since, or was taken away: then nothing goes on before a person says so, or the
        member that has seen it writes it anew.
        """
        seen = {name: newest_seen({name: one}, PLACE) for name, one in statuses.items()}
        newer = {name: order[0] for name, order in seen.items() if order > rollout.order}
        if not newer:
            self._older = None
            return False
        if self._older == rollout.order:
            raise_alarm(
                self._member.services, self._member.name,
                seen_elsewhere(rollout, newer),
            )  # fmt: skip
        self._older = rollout.order
        return True

    def _stop_bypassing(self, rollout: Rollout, mark: int, hold: Hold | None) -> None:
        """Stop a roll-out that a member has planned by an older strategy than there was."""
        reason = bypassing(rollout)
        stopped = rollout.noted(time.time(), reason, state="stopped", reason=reason)
        if self._rollouts.change(stopped, mark, hold):
            raise_alarm(self._member.services, self._member.name, reason)

    def said(self, rollout: Rollout, statuses: Mapping[str, Status]) -> Mapping[str, Said]:
        """Return what members say of the revision of a roll-out."""
        alive = {
            one.key.removeprefix(ALIVE) for one in self._store.list(ALIVE, names_only=True).entries
        }
        names = set(self._member.members())
        names |= {
            name for wave in rollout.waves for name in wave
            if name not in names and not self._member.was_removed(name)
        }  # fmt: skip
        return {name: _said(statuses.get(name), name in alive, rollout) for name in names}

    def statuses(self) -> dict[str, Status]:
        """Return what each member says of itself; what another one said for it does not count."""
        return read_statuses(self._member)

    def _return(self, rollout: Rollout, mark: int) -> None:
        """Make the revision before a roll-out the newest again, for all at once."""
        revisions = self._member.revisions
        head, former = revisions.newest(), revisions.get(rollout.former)
        if head is None or head.number != rollout.number:
            return
        if former is None:
            stays = f"revision {rollout.former} is not kept: version {rollout.version} stays"
            following = rollout.noted(time.time(), stays, state="stopped", reason=stays)
            self._rollouts.change(following, mark)
            return
        back = Revision(
            head.number + 1, self._next_version(head), "", former.text, former.files,
            self._member.name, time.time(),
            {"method": "roll-out", "reason": rollout.reason[:900]}, text_of=former.number,
        )  # fmt: skip
        conditions, values = self._rollouts.first(back, head, staged=False)
        for place in rollout.overlays:
            own_conditions, own_values = self._overlays.put_back(place, back.number)
            conditions, values = [*conditions, *own_conditions], {**values, **own_values}
        over = rollout.noted(
            time.time(), f"version {back.version} is as version {former.version}",
            state="rolled_back",
        )  # fmt: skip
        past = {
            key: value for key, value in self._rollouts.values(over).items() if key not in values
        }
        if revisions.add(back, head, conditions, {**values, **past}):
            self._member.services.log.warning("fleet: %s", over.log[-1][1])

    def _next_version(self, head: Revision) -> int:
        """Return a number that no member has used, as far as they have said."""
        said = [one.version for one in self.statuses().values()]
        return max([head.version, *said]) + 1


def _said(status: Status | None, is_alive: bool, rollout: Rollout) -> Said:
    away = "" if is_alive else "it is away"
    if status is None:
        return Said(is_alive, False, waits_for=away)
    if status.state == "refused" and status.wanted == rollout.number:
        return Said(is_alive, False, status.reason or "refused")
    if status.number < rollout.number:
        waits_for = status.reason if status.state in ("waiting", "apart") else ""
        return Said(is_alive, False, waits_for=away or waits_for)
    if rollout.strategy.gate and status.gate != PASSED:
        failed = status.gate.removeprefix("failed: ")
        said = f"the gate is not passed: {failed}" if failed != status.gate else ""
        return Said(is_alive, False, said, waits_for=away or "HAProxy has not passed the gate yet")
    return Said(is_alive, status.state == "applied")
