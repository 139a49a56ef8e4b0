"""Keep the roll-out of the newest revision, and how the next ones are rolled out, in the store."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from dataplane_core.plugin import Conflict
from dataplane_plugins.fleet.members.errors import Overtaken, RollingOut
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reasons import busy, held, replaced
from dataplane_plugins.fleet.members.remembering import Memory, raise_alarm
from dataplane_plugins.fleet.members.statuses import newest_seen, read_statuses
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.records.rollout import (
    PLACE,
    STRATEGY,
    Rollout,
    Strategy,
    plan_waves,
    read_rollout,
    written,
)
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.rollouts.strategies import Strategies
from dataplane_plugins.fleet.stores import Condition, Entry, Hold

PAST = "rollouts/"
NO_WAVES = Strategy(on_failure="continue")
Step = tuple[Sequence[Condition], Mapping[str, bytes]]
"""Conditions and values that are written with a revision in one step."""


class Rollouts:
    """The roll-outs of a fleet; what is read was proved to be by a member.

    An older record than one that this member has seen, one that no member has written, and none
    where there was one, do not count: the one that was seen does, until a newer one is there.
    """

    def __init__(self, member: Member) -> None:
        self._member = member
        self._store = member.store
        self._memory = Memory(member.services.state)
        self.strategies = Strategies(member)

    def current(self, *, mends: bool = False) -> tuple[Rollout | None, int]:
        """Return the roll-out of the newest revision, and the mark of its record.

        What is not in the store any more is written anew if this `mends`.
        """
        kept, entry = self._memory.newest(PLACE), self._store.get(PLACE)
        mark = entry.mark if entry else 0
        found, fault = self._found(entry)
        if kept is not None and (found is None or found.order < kept.order):
            if self._store.is_at_once:  # another process may have written, and remembered, since
                self._store.look_again()
                return self.current(mends=mends)
            if self._is_of_now(kept.order[0]):
                rollout = read_rollout(kept.data)
                self._tell(rollout, fault)
                if mends:
                    self._store.transact([Condition(PLACE, mark)], self.values(rollout))
                return rollout, mark
            kept = None  # the whole store was put back, which members tell by its revisions
        if fault is not None:
            raise fault
        if found is not None:
            self._memory.note(PLACE, found.order, written(found), instead=kept is None)
        return found, mark

    def _found(self, entry: Entry | None) -> tuple[Rollout | None, Forged | None]:
        try:
            return (self._read(entry.value, PLACE) if entry else None), None
        except Forged as error:
            return None, error

    def _is_of_now(self, number: int) -> bool:
        """Tell whether the store has a revision that was rolled out, or a later one."""
        head = self._member.revisions.newest()
        return head is not None and head.number >= number

    def _tell(self, rollout: Rollout, fault: Forged | None) -> None:
        what = f"the roll-out of version {rollout.version}"
        text = replaced(what, str(fault or ""))
        raise_alarm(self._member.services, self._member.name, text)

    def past(self, number: int) -> Rollout | None:
        """Return what became of the roll-out of a revision; None where that is not kept."""
        place = _place(number)
        entry = self._store.get(place)
        return None if entry is None else self._read(entry.value, place)

    def pasts(self, last: int, count: int) -> Iterator[Rollout]:
        """Yield what is kept of so many revisions up to `last`, the newest first.

        The store is asked for ten at a time, or for a hundred.
        """
        digits = 1 if count <= 100 else 2
        block = 10**digits
        first = max(1, last - count + 1)
        for begin in range(last // block, first // block - 1, -1):
            for entry in reversed(self._store.list(f"{PAST}{begin:0{12 - digits}d}").entries):
                with suppress(Forged):
                    found = self._read(entry.value, entry.key)
                    if first <= found.number <= last:
                        yield found

    def of(self, number: int) -> Rollout | None:
        """Return the roll-out of the newest revision as a member goes by it, which mends it.

        The strategy was read before the revision was: later ones have to go by it.
        """
        self.strategies.note(number)
        try:
            rollout, _ = self.current(mends=True)
        except Forged as error:
            raise_alarm(self._member.services, self._member.name, str(error))
            rollout = None
        if rollout is None or rollout.number < number:
            return self._recovered(number) or rollout
        return rollout

    def _recovered(self, number: int) -> Rollout | None:
        """Return the roll-out of the newest revision from what is kept of each, and write it anew.

        Whoever makes a revision writes its roll-out with it: the present one has been taken away.
        """
        try:
            found = self.past(number)
        except Forged as error:
            self._member.tell(error)
            return None
        if found is None:
            return None
        self._tell(found, None)
        entry = self._store.get(PLACE)
        place = {PLACE: self._member.signer.write(written(found), PLACE)}
        self._store.transact([Condition(PLACE, entry.mark if entry else 0)], place)
        return found

    def strategy(self) -> Strategy:
        """Return how revisions are rolled out."""
        return self.strategies.newest()[0]

    def set_strategy(self, strategy: Strategy) -> None:
        """Roll out the next revisions otherwise."""
        self.strategies.set(strategy)

    def forget(self) -> None:
        """Go by what the store says, whatever was seen: a person has decided so."""
        self._memory.forget(PLACE)
        self.strategies.forget()

    def check(self, head: Revision, *, is_held_back: bool) -> None:
        """Raise `Overtaken` where this member is to have something else by now than `head` says.

        With `is_held_back` it is to wait for its wave, too. A version that others only follow on is
        taken all the same: who begins anew for each of many has none in the end.
        """
        self._member.store.look_again()  # HAProxy may have taken long
        newest = self._member.revisions.newest()
        if newest is None or newest.digest != head.digest:
            if newest is not None and newest.number > head.number and self._is_followed(head):
                return
            raise Overtaken(f"version {head.version} is not the newest any more, and is not taken")
        rollout, _ = self.current()
        if not is_held_back or rollout is None or rollout.number != head.number:
            return
        if not rollout.releases(self._member.name):
            reason = held(rollout, self._member.name)
            raise Overtaken(f"version {head.version} is not taken: {reason}")

    def _is_followed(self, revision: Revision) -> bool:
        """Tell whether a revision that is not the newest any more was everybody's."""
        kept, past = self._member.revisions.get(revision.number), self.past(revision.number)
        if kept is None or kept.digest != revision.digest or past is None or past.is_held_back:
            return False
        return past.state in ("running", "done") and past.reaches(self._member.name)

    def first(
        self, revision: Revision, head: Revision, *, staged: bool, besides: Sequence[str] = (),
        overlay: str = "",
    ) -> Step:  # fmt: skip
        """Return what is written with a revision, so that nobody has it before its wave.

        An `overlay` is nothing to the members `besides`. Raises `Conflict` while members wait for
        their waves, unless all is to have it at once.
        """
        now, mark = self._replaced()
        if staged and now is not None and now.refuses_changes:
            raise RollingOut(busy(now))
        newest = now if now is not None and now.number == head.number else None
        if staged and newest is not None and not newest.reaches(self._member.name):
            raise Conflict(
                f"version {newest.version} has not come to this member, its roll-out is "
                f"{newest.state}: what follows on it is for a member that has it"
            )
        serial = max(self._memory.order(PLACE)[1], now.serial if now else 0) + 1
        former, overlays = head.number, (overlay,) if overlay else ()
        if newest is not None and newest.is_held_back:
            former = newest.former  # some have refused the newest one, or never had it
            overlays = (*(one for one in newest.overlays if one != overlay), *overlays)
        strategy, goes_by, strategy_mark = (
            self.strategies.newest() if staged else (NO_WAVES, -1, 0)
        )
        waves = plan_waves(strategy, self._member.members(), revision.node, besides)
        first = Rollout(
            revision.number, revision.version, former, strategy, waves, serial=serial,
            goes_by=goes_by, besides=tuple(besides), overlays=overlays,
        )  # fmt: skip
        said = f"wave 1 of {len(waves)} begins: {', '.join(waves[0])}" if waves else "all begin"
        begun = first.noted(time.time(), f"version {revision.version} by {revision.node}: {said}")
        conditions = [Condition(PLACE, mark)]
        if staged:
            conditions.append(Condition(STRATEGY, strategy_mark))
        return conditions, self.values(begun)

    def overlays_held_back(self, number: int) -> tuple[str, ...]:
        """Return the overlays that not all members have got which the newest revision changes."""
        now, _ = self._replaced()
        held_back = now is not None and now.number == number and now.is_held_back
        return now.overlays if now is not None and held_back else ()

    def _replaced(self) -> tuple[Rollout | None, int]:
        """Return the roll-out that another follows on; None for what a stranger has put there."""
        try:
            return self.current()
        except Forged as error:
            self._member.tell(error)
            entry = self._store.get(PLACE)
            return None, entry.mark if entry else 0

    def change(self, rollout: Rollout, mark: int, hold: Hold | None = None) -> bool:
        """Write what a roll-out is now, if it is still as it was read, by who still leads."""
        conditions = [Condition(PLACE, mark)]
        if hold is not None:
            conditions.append(Condition(hold.key, hold.mark))
        following = replace(rollout, serial=rollout.serial + 1)
        if not self._store.transact(conditions, self.values(following)):
            return False
        self._memory.note(PLACE, following.order, written(following))
        return True

    def decide(self, rollout: Rollout, mark: int) -> bool:
        """Write what a person has made of a roll-out, whatever members have seen of it."""
        serial = newest_seen(read_statuses(self._member), PLACE)[1]
        return self.change(replace(rollout, serial=max(rollout.serial, serial)), mark)

    def values(self, rollout: Rollout) -> Mapping[str, bytes]:
        """Return the values that say what a roll-out is: as the present one, and for later."""
        places = PLACE, _place(rollout.number)
        return {place: self._member.signer.write(written(rollout), place) for place in places}

    def _read(self, sealed: bytes, place: str) -> Rollout:
        try:
            return read_rollout(self._member.signer.read(sealed, place)[1])
        except ValueError as error:
            raise Forged(f"{place} is no roll-out") from error


def _place(number: int) -> str:
    return f"{PAST}{number:012d}"
