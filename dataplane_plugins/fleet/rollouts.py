"""Keep the roll-out of the newest revision, and how the next ones are rolled out, in the store."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from dataplane_core.plugin import Conflict
from dataplane_plugins.fleet.errors import Overtaken
from dataplane_plugins.fleet.member import Member
from dataplane_plugins.fleet.reasons import held
from dataplane_plugins.fleet.revisions import Revision
from dataplane_plugins.fleet.rollout import (
    PLACE,
    STRATEGY,
    Rollout,
    Strategy,
    plan_waves,
    read_rollout,
    strategy_of,
    written,
)
from dataplane_plugins.fleet.sealing import Forged
from dataplane_plugins.fleet.stores import Condition, Hold

PAST = "rollouts/"
NO_WAVES = Strategy(on_failure="continue")
Step = tuple[Sequence[Condition], Mapping[str, bytes]]
"""Conditions and values that are written with a revision in one step."""


class Rollouts:
    """The roll-outs of a fleet; what is read was proved to be by a member."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._store = member.store

    def current(self) -> tuple[Rollout | None, int]:
        """Return the roll-out of the newest revision, and the mark of its record."""
        entry = self._store.get(PLACE)
        if entry is None:
            return None, 0
        return self._read(entry.value, PLACE), entry.mark

    def past(self, number: int) -> Rollout | None:
        """Return what became of the roll-out of a revision; None where that is not kept."""
        place = _place(number)
        entry = self._store.get(place)
        return None if entry is None else self._read(entry.value, place)

    def strategy(self) -> Strategy:
        """Return how revisions are rolled out."""
        entry = self._store.get(STRATEGY)
        if entry is None:
            return Strategy()
        try:
            return strategy_of(json.loads(self._member.signer.read(entry.value, STRATEGY)[1]))
        except ValueError as error:
            raise Forged(f"{STRATEGY} is no strategy") from error

    def set_strategy(self, strategy: Strategy) -> None:
        """Roll out the next revisions otherwise."""
        data = json.dumps(asdict(strategy), sort_keys=True).encode()
        self._store.transact([], {STRATEGY: self._member.signer.write(data, STRATEGY)})

    def check(self, head: Revision, *, is_held_back: bool) -> None:
        """Raise `Overtaken` where this member is to have something else by now than `head` says.

        With `is_held_back` it is to wait for its wave, too.
        """
        newest = self._member.revisions.newest()
        if newest is None or newest.digest != head.digest:
            raise Overtaken(f"version {head.version} is not the newest any more, and is not taken")
        rollout, _ = self.current()
        if not is_held_back or rollout is None or rollout.number != head.number:
            return
        if not rollout.releases(self._member.name):
            raise Overtaken(f"version {head.version} is not taken: {held(rollout)}")

    def first(self, revision: Revision, head: Revision, *, staged: bool) -> Step:
        """Return what is written with a revision, so that nobody has it before its wave.

        Raises `Conflict` while members wait for their waves, unless all is to have it at once.
        """
        now, mark = self._replaced()
        if staged and now is not None and now.state == "returning":
            raise Conflict(
                f"version {now.version} is being put back: wait for the version before it"
            )
        if staged and now is not None and now.is_open and now.is_staged:
            raise Conflict(
                f"version {now.version} is being rolled out, wave {now.wave + 1} of "
                f"{len(now.waves)}: wait for the end, or abort it"
            )
        newest = now if now is not None and now.number == head.number else None
        if staged and newest is not None and not newest.reaches(self._member.name):
            raise Conflict(
                f"version {newest.version} has not come to this member, its roll-out is "
                f"{newest.state}: what follows on it is for a member that has it"
            )
        former = head.number
        if newest is not None and newest.is_staged and newest.state != "done":
            former = newest.former  # some have refused the newest one, or never had it
        strategy = self.strategy() if staged else NO_WAVES
        waves = plan_waves(strategy, self._member.members(), revision.node) if staged else ()
        first = Rollout(revision.number, revision.version, former, strategy, waves)
        said = f"wave 1 of {len(waves)} begins: {', '.join(waves[0])}" if waves else "all begin"
        begun = first.noted(time.time(), f"version {revision.version} by {revision.node}: {said}")
        return [Condition(PLACE, mark)], self.values(begun)

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
        return self._store.transact(conditions, self.values(rollout))

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
