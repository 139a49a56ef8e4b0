"""Simulate requests on configurations, and tell whether two of them treat a request alike."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from dataplane_core.plugin import Invalid, Reference, Registry
from dataplane_plugins.changes.simulation import kept
from dataplane_plugins.changes.simulation.conditions import read_notes
from dataplane_plugins.changes.simulation.exchange import Exchange, Seen
from dataplane_plugins.changes.simulation.explaining import Explanation
from dataplane_plugins.changes.simulation.pool import Pool, Warm
from dataplane_plugins.changes.simulation.process import ScratchEnded
from dataplane_plugins.changes.simulation.requests import SimulatedRequest
from dataplane_plugins.changes.simulation.running_state import RunningState
from dataplane_plugins.changes.simulation.scratch_text import Entrance, ScratchText, Subject

_SECONDS = 60.0
_COMPARED = ("outcome", "backend", "server", "status", "location", "response_status")
_UNKNOWN_VERSION = "unknown: what rules find in the version"
_NO_HTTP2 = "the bind line takes no HTTP/2: the client has sent HTTP/1.1"
_MADE_UP = "the server is taken to answer 200 without header fields: `response` says another answer"


class Simulator:
    """Sends requests into scratch processes; `path` gives the path of an object for a client."""

    def __init__(
        self, pool: Pool, registry: Registry, path: Callable[[Reference], str | None]
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._path = path

    def results(
        self,
        subject: Subject,
        requests: Sequence[SimulatedRequest],
        running: RunningState | None = None,
    ) -> list[dict[str, Any]]:
        """Return what a configuration does with each request, one independent of the others.

        With `running`, servers, tables and patterns are as they are in a running process.

        Raises `Invalid` for a request that could come in by several ways, or by none, and
        `ScratchFailed`.
        """
        found, deadline = [], time.monotonic() + _SECONDS
        for at, request in enumerate(requests):
            if time.monotonic() > deadline:
                done = f"only {at} of {len(requests)} requests were simulated"
                raise Invalid(f"{done} in {_SECONDS:g} s")
            found.append(self._result(subject, request, at, running))
        return found

    def _result(
        self, subject: Subject, request: SimulatedRequest, at: int, running: RunningState | None
    ) -> dict[str, Any]:
        """Return what becomes of one request; a process that has died meanwhile is replaced."""
        variant = "running" if running else ""
        for is_last in (False, True):
            with self._pool.process(subject, variant, looks=not at) as warm:
                try:
                    return self._simulated(warm, request, at, running)
                except ScratchEnded:
                    warm.changed = True
                    if is_last:
                        raise
        raise AssertionError("unreachable")

    def _simulated(
        self, warm: Warm, request: SimulatedRequest, at: int, running: RunningState | None
    ) -> dict[str, Any]:
        if running is not None:
            running.apply(warm)
        scratch = warm.process.scratch
        entrance = choose_entrance(scratch, request, at)
        seen = self._run(warm, entrance, request)
        explain = Explanation(self._registry, warm.document, scratch, warm.backends, self._path)
        result = explain(entrance, seen)
        if request.is_newer and not seen.is_http2:
            result["remarks"].append(_of_version(request, entrance))
        if request.response is None and any(one["phase"] == "response" and one["condition"]
                                            and one["state"] != "not_reached"
                                            for one in result["rules"]):  # fmt: skip
            result["remarks"].append({"text": _MADE_UP, "line": None})
        return result

    def _run(self, warm: Warm, entrance: Entrance, request: SimulatedRequest) -> Seen:
        warm.forget()
        warm.number += 1
        seen = Exchange(warm.process, entrance, request, warm.number).run()
        rules = warm.process.scratch.rules
        for number, end in read_notes(seen.trace).items():
            rule = rules.get(number)
            if rule is not None and rule.held(end) and teaches(rule.values):
                warm.changed = True
        return seen


def _of_version(request: SimulatedRequest, entrance: Entrance) -> dict[str, Any]:
    """Return the remark on a newer version of HTTP in which a request was not sent."""
    if request.is_http2:
        return {"text": _NO_HTTP2, "line": entrance.line}
    return {"text": f"{_UNKNOWN_VERSION} of {request.version}, sent as HTTP/1.1", "line": None}


def teaches(values: Any) -> bool:
    """Return whether a rule changes what later requests meet, beside stick tables."""
    action = values.get("action") or values.get("type")
    return action in kept.TAUGHT or values.get("var_scope") == "proc"


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return in what two results differ: each property with both values."""
    return {
        name: {"before": before[name], "after": after[name]}
        for name in _COMPARED
        if before[name] != after[name]
    }


def choose_entrance(scratch: ScratchText, request: SimulatedRequest, at: int) -> Entrance:
    """Return where a request comes in; raises `Invalid` if that cannot be told."""
    found = [one for one in scratch.entrances if _fits(one, request)]
    port = request.destination_port or request.port
    if port:
        found = [one for one in found if port in one.ports] or found
    wanted = request.wants_tls
    if wanted is not None:
        found = [one for one in found if one.ssl == wanted] or found
    fronts = {id(one.section): one.section for one in found}
    where = f"requests.{at}"
    if not found:
        asked = request.frontend or request.bind
        raise Invalid(
            f"{where} in body: no bind line {f'of {asked} ' if asked else ''}can be simulated"
        )
    if len(fronts) > 1:
        names = ", ".join(sorted(one.name for one in fronts.values()))
        raise Invalid(f"{where}.frontend in body is required: it may be {names}")
    return found[0]


def _fits(entrance: Entrance, request: SimulatedRequest) -> bool:
    if request.frontend and entrance.section.name != request.frontend:
        return False
    return not request.bind or request.bind in (entrance.name, entrance.written)
