"""Change members while they run, and ask all of them for their traffic."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    CheckedRequest,
    NotFound,
    is_rehearsed,
    to_json,
)
from dataplane_plugins.fleet.following.jobs import STATISTICS, Job, Jobs, merged
from dataplane_plugins.fleet.members.errors import told
from dataplane_plugins.fleet.responders.fleet_responders import Shared, page_of
from dataplane_plugins.fleet.responders.overview import paged

_SECONDS = 10.0


class RunningNodes:
    """Do something on members while they run: POST."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._jobs = Jobs(shared.member)

    def on_post(self, req: CheckedRequest, resp: falcon.Response) -> None:
        values = dict(req.body.values)
        nodes, groups = values.pop("nodes", None), values.pop("groups", None)
        job = _job(values)
        with told():
            names = chosen(self._shared, nodes, groups)
            away = sorted(set(nodes or ()) - set(names))
            if is_rehearsed(f"{job.kind} would be done on {', '.join(names)}"):
                return
            answers = self._jobs.carry_out(job, names, _SECONDS)
            who = req.who or "a client"
            self._shared.services.log.info("fleet: %s on %s by %s", job.kind, names, who)
        answers |= {name: {"error": "it is away"} for name in away}
        resp.data = to_json([_answer_json(name, one) for name, one in answers.items()])


class Traffic:
    """The traffic of all members together, and of each: GET."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._jobs = Jobs(shared.member)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        page = page_of(req)
        with told():
            names = chosen(self._shared, None, None)
            answers = self._jobs.carry_out(Job(STATISTICS, {}), names, _SECONDS)
        nodes = paged([_answer_json(name, one) for name, one in answers.items()], *page)
        resp.data = to_json({"total": merged(answers), "nodes": nodes})


def chosen(shared: Shared, nodes: list[str] | None, groups: list[str] | None) -> list[str]:
    """Return the members that are meant and live; raises `NotFound` for one that there is not."""
    known = {one["name"]: one for one in shared.overview.nodes()}
    for name in nodes or ():
        if name not in known:
            raise NotFound(f"the fleet has no member {name}")
    wanted = set(nodes or ()) | {
        name for name, one in known.items() if one.get("group") in (groups or ())
    }
    whole = not nodes and not groups
    return sorted(
        name for name, one in known.items() if one["is_alive"] and (whole or name in wanted)
    )


def _job(values: dict[str, Any]) -> Job:
    """Return the job that a body means; raises `BadRequest` for what is none, or several."""
    server, entry = values.get("server"), values.get("map")
    given = [bool(server), bool(entry), "traffic" in values]
    if sum(given) != 1:
        raise BadRequest("give one of server, map and traffic: what is to be done on the members")
    if server:
        _need(values, "backend")
        if "state" not in values and "weight" not in values:
            raise BadRequest("state or weight is missing: what the server is to be")
        return Job("server", _some(values, "backend", "server", "state", "weight"))
    if entry:
        _need(values, "key")
        return Job("map_entry", _some(values, "map", "key", "value"))
    return Job("traffic", {"state": values["traffic"]})


def _some(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _need(values: dict[str, Any], name: str) -> None:
    if not values.get(name):
        raise BadRequest(f"{name} is missing")


def _answer_json(name: str, answer: dict[str, Any] | None) -> dict[str, Any]:
    if answer is None:
        return {"name": name, "error": "no answer in time"}
    if "error" in answer:
        return {"name": name, "error": answer["error"]}
    result = answer["result"]
    return {"name": name} if result is None else {"name": name, "result": result}
