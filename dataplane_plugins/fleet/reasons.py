"""The sentences in which a member says why it has not the newest revision."""

from collections.abc import Sequence

from dataplane_plugins.fleet.deciding import Decision
from dataplane_plugins.fleet.revisions import Revision
from dataplane_plugins.fleet.rollout import Rollout


def held(rollout: Rollout) -> str:
    """Say why a member waits for a revision."""
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


def apart(decision: Decision) -> str:
    """Say what was changed on a member."""
    named = ", ".join(decision.own_files[:5])
    what = f"the files {named}" if named else "haproxy.cfg"
    return f"{what} was changed on this member by hand, and stays as it is until somebody decides"
