"""Say in JSON what a fleet is: its members, its newest revision, its roll-out, and alarms."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from dataplane_core.plugin import Reference, written_time
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reporting import ALIVE, STATUS, Status, last_said
from dataplane_plugins.fleet.members.statuses import status_in
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.records.rollout import Rollout, Strategy
from dataplane_plugins.fleet.rollouts.leading import LEADER, Leader
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from dataplane_plugins.fleet.stores import StoreError

MOST = 1000
"""Members in one answer."""
_MOST_ALARMS = 100
_SETTLES_SECONDS = 60.0
"""How long a member may have another revision than the fleet before somebody should look."""


class Overview:
    """What one member knows of its fleet."""

    def __init__(self, member: Member, locate: Callable[[Reference], str]) -> None:
        """Show a fleet; `locate` gives the path of an object."""
        self._member, self._locate = member, locate
        self._leader = Leader(member)
        self._rollouts = Rollouts(member)

    def whole(self, limit: int = MOST, after: str = "") -> dict[str, Any]:
        """Return the fleet; where the store is away, what this member knows alone.

        So many members are in it as `limit` says, those whose names are behind `after`.
        """
        found: dict[str, Any] = {"fleet": self._member.fleet, "node": self._member.name}
        try:
            return {**found, "reachable": True, **self._seen(limit, after)}
        except StoreError as error:
            own = last_said(self._member.services)
            nodes = [self._node(self._member.name, own.group, own, is_alive=True)]
            reason = f"the store of the fleet cannot be read: {error.reason}"
            return {**found, "reachable": False, "nodes": nodes, "alarms": [reason]}

    def nodes(self) -> list[dict[str, Any]]:
        """Return all members, by name."""
        statuses, alive = self._leader.statuses(), self._alive()
        own = last_said(self._member.services)
        if own.state == "waiting":  # for the store, which it cannot tell so
            statuses[self._member.name] = own
        return [
            self._node(name, group, statuses.get(name), is_alive=name in alive)
            for name, group in sorted(self._member.members().items())
        ]

    def _node(
        self, name: str, group: str, status: Status | None, *, is_alive: bool
    ) -> dict[str, Any]:
        """Return a member as JSON; what HAProxy refused there with the paths of objects."""
        found = node_json(name, group, status, is_alive=is_alive)
        if "findings" in found:
            found["findings"] = [self._located(one) for one in found["findings"]]
        return found

    def _located(self, finding: Mapping[str, Any]) -> dict[str, Any]:
        resource = finding.get("resource")
        if resource is None:
            return {**finding}
        with suppress(KeyError, TypeError):  # a member of another release may know other objects
            return {**finding, "resource": self._locate(Reference(**resource))}
        return {name: value for name, value in finding.items() if name != "resource"}

    def node(self, name: str) -> dict[str, Any] | None:
        """Return one member; None where there is no such member."""
        group = self._member.group_of(name)
        if group is None:
            return None
        entry = self._member.store.get(STATUS + name)
        status = None if entry is None else status_in(self._member, entry)
        is_alive = self._member.store.get(ALIVE + name) is not None
        return self._node(name, group, status, is_alive=is_alive)

    def _seen(self, limit: int, after: str) -> dict[str, Any]:
        head = self._member.revisions.newest()
        rollout, _ = self._rollouts.current()
        nodes = self.nodes()
        leader = self._member.store.get(LEADER)
        shown, told = paged(nodes, limit, after), [*alarms(head, rollout, nodes)]
        if len(told) > _MOST_ALARMS:
            told[_MOST_ALARMS:] = [f"{len(told) - _MOST_ALARMS} more are not told here"]
        found: dict[str, Any] = {"nodes": shown, "alarms": told}
        if len(shown) < len(nodes):
            found["left_out"] = len(nodes) - len(shown)
        if leader is not None:
            found["leader"] = leader.value.decode("utf-8", "replace")
        if head is not None:
            found["newest"] = revision_json(head)
        if rollout is not None:
            found["rollout"] = rollout_json(rollout)
        return found

    def _alive(self) -> set[str]:
        listed = self._member.store.list(ALIVE, names_only=True).entries
        return {one.key.removeprefix(ALIVE) for one in listed}


def paged(nodes: list[dict[str, Any]], limit: int, after: str) -> list[dict[str, Any]]:
    """Return so many members, or what they have answered, behind a name."""
    return [one for one in nodes if one["name"] > after][:limit]


def node_json(name: str, group: str, status: Status | None, *, is_alive: bool) -> dict[str, Any]:
    """Return a member as JSON; what is not known of it is left out."""
    found: dict[str, Any] = {"name": name, "group": group, "is_alive": is_alive}
    if status is not None:
        found |= {
            "state": status.state, "revision": status.number, "version": status.version,
            "wanted": status.wanted, "since": written_time(status.since),
        }  # fmt: skip
        more = {
            "reason": status.reason, "findings": list(status.findings),
            "haproxy": status.haproxy, "gate": status.gate, "alarm": status.alarm,
        }  # fmt: skip
        found |= {key: value for key, value in more.items() if value}
    return found


def revision_json(revision: Revision) -> dict[str, Any]:
    """Return a revision as JSON."""
    found = {
        "revision": revision.number, "version": revision.version, "node": revision.node,
        "time": written_time(revision.when), "author": dict(revision.author),
    }  # fmt: skip
    return {**found, "text_of": revision.text_of} if revision.text_of else found


def rollout_json(rollout: Rollout) -> dict[str, Any]:
    """Return a roll-out as JSON."""
    found: dict[str, Any] = {
        "revision": rollout.number, "version": rollout.version, "former": rollout.former,
        "state": rollout.state, "waves": [list(wave) for wave in rollout.waves],
        "wave": rollout.wave, "strategy": strategy_json(rollout.strategy),
        "log": [{"time": written_time(moment), "text": text} for moment, text in rollout.log],
    }  # fmt: skip
    if rollout.reason:
        found["reason"] = rollout.reason
    if rollout.overlays:
        found["overlays"] = list(rollout.overlays)
    if rollout.excluded:
        found["excluded"] = list(rollout.excluded)
    return found


def progress(rollout: Rollout, nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield how far a roll-out is with each member: its wave, from 1 on, and what it has said."""
    for node in nodes:
        name, has = node["name"], node.get("revision", 0) >= rollout.number
        waves = (at for at, names in enumerate(rollout.waves, 1) if name in names)
        wave = next(waves, 0 if rollout.waves else 1)
        found: dict[str, Any] = {"name": name, "wave": wave, "has": has}
        names: tuple[str, ...] = "state", "since", "reason", "gate"
        more = {key: node[key] for key in names if key in node}
        yield {**found, "excluded": name in rollout.excluded, "is_alive": node["is_alive"], **more}


def strategy_json(strategy: Strategy) -> dict[str, Any]:
    """Return a strategy as JSON; a gate that there is not is left out."""
    return {name: value for name, value in asdict(strategy).items() if value is not None}


def alarms(
    head: Revision | None, rollout: Rollout | None, nodes: list[dict[str, Any]]
) -> Iterator[str]:
    """Yield what somebody should look at, a sentence each."""
    if rollout is not None and rollout.state == "stopped":
        yield f"the roll-out of version {rollout.version} has stopped: {rollout.reason}"
    for node in nodes:
        name, state = node["name"], node.get("state", "")
        if node.get("alarm"):
            yield f"{name}: {node['alarm']}"
        if not node["is_alive"]:
            yield f"{name} is away"
        elif state in ("refused", "apart", "waiting"):
            yield f"{name} is {state}: {node.get('reason', '')}".rstrip(": ")
        elif head is not None and state == "held" and not (rollout and rollout.is_open):
            yield f"{name} is held at version {node['version']}; the fleet has {head.version}"
        elif head is not None and state == "applied" and _is_late(head, rollout, node):
            yield f"{name} has version {node['version']}; the fleet has {head.version}"


def _is_late(head: Revision, rollout: Rollout | None, node: Mapping[str, Any]) -> bool:
    if node["revision"] == head.number or (rollout and rollout.is_open and rollout.is_staged):
        return False
    return time.time() - head.when > _SETTLES_SECONDS
