"""Answer a body that asks for simulations."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    BadRequest,
    CheckedRequest,
    Document,
    Invalid,
    Services,
    Snapshot,
    View,
    parse_json,
    split_header,
    to_json,
)
from dataplane_plugins.changes.rendering import Rendering
from dataplane_plugins.changes.simulation.concealing import Concealing
from dataplane_plugins.changes.simulation.expectations import failures, read_requests
from dataplane_plugins.changes.simulation.isolation import isolating
from dataplane_plugins.changes.simulation.pool import Pool
from dataplane_plugins.changes.simulation.requests import SimulatedRequest
from dataplane_plugins.changes.simulation.running_state import RunningState
from dataplane_plugins.changes.simulation.schemas import PARTS
from dataplane_plugins.changes.simulation.scratch_text import Subject
from dataplane_plugins.changes.simulation.simulator import Simulator, differences

_RUNNING = "running"


class Simulations:
    """Simulates the requests of a body."""

    def __init__(self, services: Services, pool: Pool, view: View) -> None:
        self._config = services.config
        self._runtime = services.runtime
        self._registry = services.registry
        self._admission = pool.admission
        self._simulator = Simulator(pool, services.registry, Rendering(view).path)
        self._concealing = Concealing(services.registry)

    def on_post(self, req: CheckedRequest, resp: falcon.Response) -> None:
        body = _question(parse_json(req.raw))
        requests = read_requests(body["requests"], body.get("defaults"))
        with self._admission.place():
            resp.data = to_json(self._results(req, body, requests))

    def _results(
        self, req: CheckedRequest, body: dict[str, Any], requests: list[SimulatedRequest]
    ) -> dict[str, Any]:
        now = _subject(self._config.snapshot())
        subject = self._subject(req, body, now)
        if subject is not now:  # a simulation runs scripts, too
            self._config.forbid_dangers(now.document, subject.document)
        running = None
        if body.get("state") == _RUNNING:
            running = RunningState(self._runtime.processes()[0], self._runtime.deadline)
        results = self._simulator.results(subject, requests, running)
        if subject is not now:
            self._compare(self._simulator.results(now, requests, running), results)
        for request, result in zip(requests, results, strict=True):
            if running is not None:
                remarks = ({"text": one, "line": None} for one in running.remarks)
                result["remarks"] += remarks
            if request.name:
                result["name"] = request.name
            if request.expect:
                result["failures"] = [*failures(request.expect, result)]
        both = zip(results, requests, strict=True)
        return _answer([self._concealing.shown(one, request) for one, request in both])

    def _subject(self, req: CheckedRequest, body: dict[str, Any], now: Subject) -> Subject:
        if "transaction" in body:
            return _subject(self._config.snapshot(body["transaction"]))
        if "text" in body:
            _, rest = split_header(body["text"])
            document = Document.parse(rest, self._registry.language, now.document)
            if req.hiding is not None:
                document = req.hiding.given(rest, now.document)
            return Subject(document, body["text"].count("\n") - rest.count("\n"))
        return now

    def _compare(self, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
        for old, new in zip(before, after, strict=True):
            found = differences(old, new)
            new["elsewhere"] = bool(found)
            new["before"] = {name: both["before"] for name, both in found.items()}


def _subject(snapshot: Snapshot) -> Subject:
    """Return a state of the configuration, with the server's lines at the top of its file."""
    above = snapshot.text.count("\n") - snapshot.document.text().count("\n")
    return Subject(snapshot.document, above)


def _question(body: Any) -> dict[str, Any]:
    """Return a body that asks for simulations; raises `Invalid` and `BadRequest`."""
    if not isinstance(body, dict):
        raise Invalid("the body must be an object")
    given = {name: value for name, value in body.items() if value is not None}
    for name, value in given.items():
        if name not in PARTS:
            raise Invalid(f"{name} in body is a forbidden property")
        if name in ("transaction", "text", "state") and not isinstance(value, str):
            raise Invalid(f"{name} in body must be of type string")
    if "requests" not in given:
        raise Invalid("requests in body is required")
    if given.get("state", _RUNNING) not in (_RUNNING, "configured"):
        raise Invalid("state in body should be one of [configured running]")
    if "transaction" in given and "text" in given:
        raise BadRequest("both transaction and text specified, specify only one")
    return given


def _answer(results: list[dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"results": results, "isolated": bool(isolating())}
    if any("elsewhere" in one for one in results):
        answer["elsewhere"] = sum(one["elsewhere"] for one in results)
    if any("failures" in one for one in results):
        answer["failed"] = sum(bool(one.get("failures")) for one in results)
    return answer
