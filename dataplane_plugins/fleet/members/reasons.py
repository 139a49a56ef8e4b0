"""The sentences in which a member says why it has not the newest revision."""

from collections.abc import Mapping, Sequence

from dataplane_plugins.fleet.members.deciding import Decision
from dataplane_plugins.fleet.members.known import Known
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.records.rollout import Rollout


def held(rollout: Rollout, name: str) -> str:
    """Say why a member waits for a revision."""
    if name in rollout.excluded:
        return (
            f"it is left out of version {rollout.version}: `dataplane fleet include {name}` takes "
            "it in again"
        )
    if rollout.state == "running":
        return f"version {rollout.version} comes in a later wave"
    return f"the roll-out of version {rollout.version} is {rollout.state}"


def unknown(head: Revision) -> str:
    """Say that nobody knows who may have a revision."""
    return (
        f"the store has no roll-out of version {head.version}, so that nobody knows who may have "
        "it: somebody has removed it, or put back an older one; the next change mends that"
    )


def put_back(names: Sequence[str]) -> str:
    """Say that overlays of a member are older than those that it had."""
    return (
        f"the overlay of {' and '.join(names)} is older than the one that this member had: "
        "somebody has removed it, or put it back; `dataplane fleet take` has it go on with that"
    )


def lost(head: Revision | None, known: Known) -> str:
    """Say that the store has not got what a member has had of it."""
    has = "no revision" if head is None else f"revision {head.number}"
    what = "which does not follow on" if head is not None else "and not"
    how = "emptied" if head is None else "put back"
    return (
        f"the store has {has}, {what} revision {known.number} that this member has: it was {how}, "
        "or is another store; `dataplane fleet offer NODE` makes what a member has the fleet's"
    )


def another(head: Revision) -> str:
    """Say that the store has the revisions of another fleet."""
    return (
        f"the store has revision {head.number} of a fleet that has begun anew, or is another; "
        "`dataplane fleet take NODE` has a member go on with that, `offer NODE` makes what it has "
        "the fleet's"
    )


def emptied(names: Sequence[str]) -> str:
    """Say that the store has lost what other members have."""
    return (
        f"the store has no revision, and {', '.join(names[:5])} had one: it was emptied, or is "
        "another store; `dataplane fleet offer NODE` makes what a member has the fleet's"
    )


def replaced(what: str, fault: str) -> str:
    """Say that a record of the store is not the one that a member has seen."""
    how = f"something else ({fault})" if fault else "an older one, or none,"
    return (
        f"somebody who is no member has put {how} in the place of {what} in the store: this member "
        "goes by the one that it has seen"
    )


def bypassing(rollout: Rollout) -> str:
    """Say that a roll-out goes by an older strategy than there was when it was planned."""
    return (
        f"the roll-out of version {rollout.version} goes by an older strategy than the one that "
        "was set before: somebody has put that one back in the store; resume it, or return it"
    )


def busy(rollout: Rollout) -> str:
    """Say why nobody changes anything."""
    if rollout.state == "returning":
        what, until = "put back", "that is over"
    else:
        what = f"rolled out, wave {rollout.wave + 1} of {len(rollout.waves)}"
        is_paused = rollout.state == "paused"
        until = "it is resumed and over, or abort it" if is_paused else "it is over, or abort it"
    return (
        f"version {rollout.version} is being {what}: send the change again when {until}; "
        "a change with wait=all, and GET /dataplane/v1/fleet/rollout?wait=all, are answered then"
    )


def seen_elsewhere(rollout: Rollout, newer: Mapping[str, int]) -> str:
    """Say that members have seen a newer record of a roll-out; `newer` are their revisions."""
    names = ", ".join(sorted(newer)[:5])
    later = max(newer.values(), default=0) > rollout.number
    remedy = (
        "`dataplane fleet mend` on a member that has seen it, or `offer NODE`, puts it right"
        if later else
        "`dataplane fleet pause` and `resume`, or `abort`, has it go by what the store has"
    )  # fmt: skip
    return (
        f"{names} said to have seen a newer record of a roll-out than that of version "
        f"{rollout.version} in the store: somebody has put back an older one; it goes no further "
        f"before somebody decides: {remedy}; `remove NODE` forgets a member that is gone for good"
    )


def apart(decision: Decision) -> str:
    """Say what was changed on a member."""
    return f"{_changed(decision)}, and stays as it is until somebody decides"


def offered_later(decision: Decision) -> str:
    """Say that others have what was changed on a member when nobody waits for a wave any more."""
    return f"{_changed(decision)}, which the others get when the roll-out is over"


def _changed(decision: Decision) -> str:
    named = ", ".join(decision.own_files[:5])
    what = f"the files {named}" if named else "haproxy.cfg"
    return f"{what} was changed on this member by hand"
