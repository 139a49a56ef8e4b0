"""Remember the newest record of each place of the store that this member has seen.

Whoever can write to the store, and has no key, can put back an older record of the same place: it
was signed for it once. Records that become newer have an order, and a member goes by the newest one
that it has seen, whatever the store says. All processes of a server share what it remembers.
"""

import time
from collections.abc import Iterator
from contextlib import suppress

from dataplane_core.plugin import Services, State, StorageFailed, dataclass

_FACT = "fleet.seen "
_ALARM = "fleet.alarm"
_ALARM_SECONDS = 3600.0
Order = tuple[int, int]
"""What grows from one record of a place to the next."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest record of a place that was seen here."""

    order: Order
    data: bytes


class Memory:
    """What one member has seen."""

    def __init__(self, state: State) -> None:
        self._state = state

    def newest(self, place: str) -> Kept | None:
        """Return the newest record of a place; None where none was seen."""
        return next(self._read(place), None)

    def order(self, place: str) -> Order:
        """Return the order of the newest record of a place; zeros where none was seen."""
        kept = self.newest(place)
        return kept.order if kept else (0, 0)

    def note(self, place: str, order: Order, data: bytes, *, instead: bool = False) -> None:
        """Remember a record if it is the newest one, or `instead` of what was remembered.

        A full disk keeps no member from going on.
        """
        if not instead and any(one.order >= order for one in self._read(place)):
            return
        with suppress(StorageFailed), self._state.write(synced=False):
            if instead or all(one.order < order for one in self._read(place)):
                self._state.set_value(
                    _FACT + place, f"{order[0]} {order[1]} {data.decode('utf-8', 'replace')}"
                )

    def forget(self, *places: str) -> None:
        """Go by what the store says of some places: a person has decided so."""
        with self._state.write(synced=False):
            for place in places:
                self._state.set_value(_FACT + place, "")

    def _read(self, place: str) -> Iterator[Kept]:
        said = self._state.value(_FACT + place)
        if said:
            number, serial, data = said.split(" ", 2)
            yield Kept((int(number), int(serial)), data.encode())


def raise_alarm(services: Services, node: str, text: str) -> None:
    """Tell that somebody has changed the store who is no member, once in a while for each text."""
    if last_alarm(services) == text:
        return
    services.log.error("fleet: %s", text)
    with suppress(StorageFailed):
        services.state.set_value(_ALARM, f"{time.time()} {text}")
        services.events.record("fleet", {"node": node, "state": "alarm", "reason": text})


def last_alarm(services: Services) -> str:
    """Return the last alarm of this member, as long as people should look at it; else nothing."""
    moment, _, text = (services.state.value(_ALARM) or "0 ").partition(" ")
    return text if abs(time.time() - float(moment)) < _ALARM_SECONDS else ""
