"""Look into members: what of the configuration differs there, what they have said, and counted."""

from typing import Any

import falcon

from dataplane_core.plugin import ApiRequest, BadRequest, Conflict, NotFound, decode_text, to_json
from dataplane_plugins.changes.unified import unified_diff
from dataplane_plugins.fleet.following.jobs import Job, Jobs
from dataplane_plugins.fleet.following.statistics import check_filter, merged_rows, unpacked
from dataplane_plugins.fleet.members.errors import FleetUnavailable, told
from dataplane_plugins.fleet.records.revisions import Revision, changed_files
from dataplane_plugins.fleet.responders.fleet_responders import Shared
from dataplane_plugins.fleet.responders.job_responders import chosen
from dataplane_plugins.fleet.rollouts.overlays import Overlays

_SECONDS = 10.0
_MOST_EVENTS = 1000


class Asking:
    """Asks members for something, and finds out who they are."""

    def __init__(self, shared: Shared) -> None:
        self._shared, self._member = shared, shared.member
        self._jobs = Jobs(shared.member)

    def node(self, name: str) -> dict[str, Any]:
        """Return a member; raises `NotFound`."""
        for one in self._shared.overview.nodes():
            if one["name"] == name:
                return one
        raise NotFound(f"the fleet has no member {name}")

    def answer(self, name: str, job: Job) -> Any:
        """Return what a member answers; raises `Conflict` where it does not."""
        found = self._jobs.carry_out(job, [name], _SECONDS)[name]
        if found is None or "error" in found:
            reason = "no answer in time" if found is None else found["error"]
            raise Conflict(f"{name} cannot say: {reason}")
        return found["result"]


class NodeDiff(Asking):
    """What a member has otherwise than the fleet says that it is to have: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        revisions = self._member.revisions
        with told():
            node, head = self.node(name), revisions.newest()
            if head is None:
                raise FleetUnavailable("the fleet has no configuration yet")
            had = revisions.get(int(node.get("revision", 0))) or head
            there = {"text": "", "files": had.files}
            if node["is_alive"]:
                there = self.answer(name, Job("contents", {}))
            wanted = self._wanted(node, head)
            text = there["text"] or self._wanted(node, had)
            files = changed_files(revisions.files(head.files), revisions.files(there["files"]))
            before, after = (decode_text(revisions.chunks.get(one)) for one in (wanted, text))
        if req.hiding is not None:
            before, after = req.hiding.text(before), req.hiding.text(after)
        found = {
            "name": name, "revision": had.number, "newest": head.number, "files": list(files),
            "asked": node["is_alive"], "diff": unified_diff(before, after, ("fleet", name)),
        }  # fmt: skip
        resp.data = to_json(found)

    def _wanted(self, node: dict[str, Any], revision: Revision) -> str:
        """Return the address of what a member has of a revision, with its overlays."""
        overlays = Overlays(self._member)
        own = [one for one in overlays.last_of(node["name"], node["group"]) if not one.is_gone]
        return overlays.text_for(revision.text, tuple(own))


class NodeLog(Asking):
    """What a member has recorded of itself and the fleet: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        limit = req.query["limit"]
        if not 1 <= limit <= _MOST_EVENTS:
            raise BadRequest(f"limit must be between 1 and {_MOST_EVENTS}")
        with told():
            self.node(name)
            resp.data = to_json(self.answer(name, Job("log", {"limit": limit})))


class FleetStatistics(Asking):
    """What HAProxy has counted on all members together: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        asked = {name: req.query[name] for name in ("type", "name", "parent")}
        check_filter(*asked.values())
        with told():
            group = req.query["group"]
            names = chosen(self._shared, None, [group] if group else None)
            job = Job("native", {"kind": asked.pop("type"), **asked})
            answers = self._jobs.carry_out(job, names, _SECONDS)
        rows, nodes = [], []
        for name, one in answers.items():
            if one is None or "error" in one:
                nodes.append({"name": name, "error": (one or {}).get("error", "no answer in time")})
            else:
                rows += unpacked(one["result"])
                nodes.append({"name": name})
        resp.data = to_json({"stats": merged_rows(rows), "nodes": nodes})
