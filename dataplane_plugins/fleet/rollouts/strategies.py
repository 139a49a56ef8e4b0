"""Keep how revisions are rolled out in the store, and know an older strategy that was put back."""

import json
from dataclasses import asdict

from dataplane_core.plugin import Conflict
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reasons import replaced
from dataplane_plugins.fleet.members.remembering import Memory, raise_alarm
from dataplane_plugins.fleet.members.statuses import newest_seen, read_statuses
from dataplane_plugins.fleet.records.rollout import STRATEGY, Rollout, Strategy, strategy_of
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.stores import Condition

_SINCE = "the revision from which on the strategy counts"
_MOST_ATTEMPTS = 5
_MEND = "`dataplane fleet strategy` with waves sets another"


class Strategies:
    """The strategy of a fleet: the newest one that this member has seen."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._store = member.store
        self._memory = Memory(member.services.state)
        self._watched = 0

    def newest(self, *, mends: bool = False) -> tuple[Strategy, int, int]:
        """Return how revisions are rolled out, the serial of that, and the mark of its record."""
        kept, entry = self._memory.newest(STRATEGY), self._store.get(STRATEGY)
        mark, data, fault = entry.mark if entry else 0, b"", None
        try:
            data = self._member.signer.read(entry.value, STRATEGY)[1] if entry else b"{}"
            strategy, serial = _strategy_in(data)
        except Forged as error:
            fault, strategy, serial = error, Strategy(), 0
        if kept is not None and serial < kept.order[0]:
            if self._store.is_at_once:  # another process may have written, and remembered, since
                self._store.look_again()
                return self.newest(mends=mends)
            raise_alarm(
                self._member.services, self._member.name,
                replaced("the strategy", str(fault or "")),
            )  # fmt: skip
            strategy, serial = _strategy_in(kept.data)
            if mends:
                self._put(kept.data, mark)
        elif fault is not None:
            raise fault
        elif serial:
            self._memory.note(STRATEGY, (serial, 0), data)
        return strategy, serial, mark

    def watch(self) -> None:
        """Know the newest strategy, and mend it."""
        try:
            self._watched = self.newest(mends=True)[1]
        except Forged as error:
            raise_alarm(self._member.services, self._member.name, f"{error}: {_MEND}")

    def set(self, strategy: Strategy) -> None:
        """Roll out the next revisions otherwise, instead of all that was said before."""
        seen = newest_seen(read_statuses(self._member), STRATEGY)[0]
        for _ in range(_MOST_ATTEMPTS):
            mark, serial = self._mark()
            serial = max(serial, seen, self._memory.order(STRATEGY)[0]) + 1
            data = json.dumps({**asdict(strategy), "serial": serial}, sort_keys=True).encode()
            if self._put(data, mark):
                self._memory.note(STRATEGY, (serial, 0), data)
                return
        raise Conflict("the strategy was changed meanwhile: ask again")

    def _mark(self) -> tuple[int, int]:
        """Return the mark of the strategy, and its serial; 0 for what a stranger has put there."""
        try:
            _, serial, mark = self.newest()
            return mark, serial
        except Forged as error:
            self._member.tell(error)
            entry = self._store.get(STRATEGY)
            return (entry.mark if entry else 0), 0

    def _put(self, data: bytes, mark: int) -> bool:
        value = self._member.signer.write(data, STRATEGY)
        return self._store.transact([Condition(STRATEGY, mark)], {STRATEGY: value})

    def forget(self) -> None:
        """Go by what the store says, whatever was seen."""
        self._memory.forget(STRATEGY, _SINCE)

    def note(self, head: int) -> None:
        """Remember that revisions behind `head` have to go by the strategy that was seen.

        It was read before the head was.
        """
        serial = self._watched
        if serial > self._memory.order(_SINCE)[0]:
            self._memory.note(_SINCE, (serial, head), b"")

    def bypasses(self, rollout: Rollout) -> bool:
        """Tell whether a member was deceived with an older strategy when it planned a roll-out."""
        serial, head = self._memory.order(_SINCE)
        return 0 <= rollout.goes_by < serial and rollout.number > head


def _strategy_in(data: bytes) -> tuple[Strategy, int]:
    """Return the strategy that a record says, and its serial; raises `Forged`."""
    try:
        fields = dict(json.loads(data))
        serial = int(fields.pop("serial", 0))
        return strategy_of(fields), serial
    except (TypeError, ValueError) as error:
        raise Forged(f"{STRATEGY} is no strategy") from error
