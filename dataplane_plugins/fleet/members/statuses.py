"""Read what all members say of themselves."""

from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.remembering import Order
from dataplane_plugins.fleet.members.reporting import LARGEST_STATUS, STATUS, Status, read_status
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.stores import Entry


def read_statuses(member: Member) -> dict[str, Status]:
    """Return what each member says of itself; what another one said for it does not count."""
    found = {}
    entries = member.store.list(STATUS).entries
    member.meet(one.key.removeprefix(STATUS) for one in entries)
    for entry in entries:
        status = status_in(member, entry)
        if status is not None:
            found[entry.key.removeprefix(STATUS)] = status
    return found


def status_in(member: Member, entry: Entry) -> Status | None:
    """Return what a member says in a record of the store; None for what it has not said."""
    try:
        if len(entry.value) > LARGEST_STATUS:
            raise Forged(f"{entry.key} is too large: no member says so much")
        writer, data = member.signer.read(entry.value, entry.key)
        return read_status(data) if writer == entry.key.removeprefix(STATUS) else None
    except Forged as error:
        member.tell(error)
    except ValueError as error:
        member.tell(Forged(f"{entry.key} is no status: {error}"))
    return None


def newest_seen(statuses: dict[str, Status], place: str) -> Order:
    """Return the order of the newest record of a place that any member says it has seen.

    Who is apart may have seen that of another store, or of one before it was put back.
    """
    said = (one.seen.get(place, ()) for one in statuses.values() if one.state != "apart")
    return max(((int(one[0]), int(one[1])) for one in said if len(one) == 2), default=(0, 0))
