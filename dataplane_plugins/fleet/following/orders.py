"""Tell one member what to do about a revision: a person decides, on whichever member they ask.

An order is a record in the store, which wakes its member, and which the member removes when it has
carried it out.
"""

import json
from typing import Literal, get_args

from dataplane_core.plugin import dataclass
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.stores import Condition

Deed = Literal["retry", "take", "offer"]
DEEDS: tuple[Deed, ...] = get_args(Deed)
"""What a member can be told: to try again what it has refused; to have what the fleet has, whatever
was changed there; to make what it has the newest revision, whatever the fleet has."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a member is told to do about the revision `number`, and the mark of the record."""

    deed: Deed
    number: int
    mark: int = 0


class Orders:
    """The orders that are not carried out yet, one for each member at most."""

    def __init__(self, member: Member) -> None:
        self._member = member

    def give(self, name: str, deed: Deed, number: int) -> None:
        """Tell a member what to do; what it was told before and has not done yet is forgotten.

        The order is for as long as the revision is the newest: one that somebody puts back into the
        store later is none.
        """
        place = _place(name)
        data = json.dumps({"deed": deed, "number": number}).encode()
        self._member.store.transact([], {place: self._member.signer.write(data, place)})

    def own(self) -> Order | None:
        """Return what this member is told to do; None for nothing, and for what is no order."""
        place = _place(self._member.name)
        entry = self._member.store.get(place)
        if entry is None:
            return None
        try:
            said = json.loads(self._member.signer.read(entry.value, place)[1])
            if said.get("deed") not in DEEDS:
                raise Forged(f"{place} is no order")
        except Forged as error:
            self._member.tell(error)
            self._member.store.transact([Condition(place, entry.mark)], {}, [place])
            return None
        return Order(said["deed"], int(said["number"]), entry.mark)

    def done(self, order: Order) -> None:
        """Remove an order that is carried out, unless there is a newer one."""
        place = _place(self._member.name)
        self._member.store.transact([Condition(place, order.mark)], {}, [place])


def _place(name: str) -> str:
    return f"control/orders/{name}"
