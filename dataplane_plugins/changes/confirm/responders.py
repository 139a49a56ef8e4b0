"""Answer what became of versions that had to be confirmed; confirm them and take them back."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    Conflict,
    Gate,
    NotFound,
    Outcome,
    Planned,
    Services,
    TrialRecord,
    is_digits,
    is_rehearsed,
    rehearsing,
    to_json,
    written_time,
)
from dataplane_plugins.changes.confirm import WAITING
from dataplane_plugins.changes.confirm.taking_back import TakingBack

_MOST = 1000


class Confirmations:
    """The versions that had to be confirmed: GET."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        limit = req.query["limit"]
        if not 1 <= limit <= _MOST:
            raise BadRequest(f"limit must be between 1 and {_MOST}")
        self._services.config.version()
        found = self._services.config.trials.table.latest(limit, req.query["before"])
        resp.data = to_json([trial_json(one, self._services.state.boot) for one in found])


class Confirmation:
    """A version that had to be confirmed: GET; confirm it: POST; take it back: DELETE."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._table = services.config.trials.table
        self._taking_back = TakingBack(services)

    def on_get(self, req: ApiRequest, resp: falcon.Response, version: str) -> None:
        resp.data = self._shown(self._find(version))

    def on_post(self, req: ApiRequest, resp: falcon.Response, version: str) -> None:
        one = self._find(version)
        if one.status == "waits" and is_rehearsed(f"version {one.version} would stay"):
            return
        if one.status != "confirmed" and not self._table.confirm(one.version, req.who):
            raise _decided(self._find(str(one.version)))
        who = req.who or "an unnamed client"
        self._services.log.info("version %d was confirmed by %s", one.version, who)
        resp.data = self._shown(self._find(str(one.version)))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, version: str) -> None:
        one = self._find(version)
        if rehearsing() is not None and one.status in ("waits", "returning"):
            raise Planned(self._taking_back.plan(one))
        author, outcome = req.author, None
        if one.status != "taken_back":
            reason = author.reason or f"{req.who or 'a client'} took version {one.version} back"
            if one.status != "returning":
                self._table.begin_return(one.version, reason, req.who)
            one = self._find(str(one.version))
            if one.status == "returning":
                outcome = self._taking_back.take_back(one, author)
        one = self._find(str(one.version))
        if one.status != "taken_back":
            raise _decided(one)
        if outcome is not None:
            req.shown_version = outcome.version
        if outcome is not None and outcome.reload_id is not None:
            resp.status = 202
            resp.set_header("Reload-ID", outcome.reload_id)
        resp.data = self._shown(one, outcome)

    def _find(self, version: str) -> TrialRecord:
        """Return the version that a path names; raises `NotFound`, `BadRequest`."""
        self._services.config.version()
        if version == WAITING:
            one = self._table.open()
            if one is None:
                raise NotFound("no version waits for its confirmation")
            return one
        if not is_digits(version) or len(version) > 15:
            raise BadRequest(f"a version is a number, or `{WAITING}`: {version[:40]!r}")
        one = self._table.get(int(version))
        if one is None:
            raise NotFound(f"version {version} needs no confirmation")
        return one

    def _shown(self, one: TrialRecord, outcome: Outcome | None = None) -> bytes:
        shown = trial_json(one, self._services.state.boot)
        if outcome is not None and outcome.reload_id is not None:
            shown["reload_id"] = outcome.reload_id
        return to_json(shown)


def trial_json(one: TrialRecord, boot: str) -> dict[str, Any]:
    """Return a version that had to be confirmed as JSON; what is not known is left out."""
    trial = one.trial
    left = max(0.0, round(trial.left(boot), 1)) if one.status == "waits" else None
    found = {
        "version": one.version,
        "former": trial.former,
        "state": one.status,
        "before": written_time(trial.before),
        "seconds_left": left,
        "user": one.who,
        "gate": None if trial.gate is None else gate_json(trial.gate),
        "reason": one.reason,
        "ended": None if one.ended is None else written_time(one.ended),
        "ended_by": one.ended_by,
        "back": one.back,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def gate_json(gate: Gate) -> dict[str, Any]:
    """Return a gate as JSON, in the words of the query."""
    up = None if gate.min_up is None else (
        f"{100 * gate.min_up:g}%" if gate.is_share else f"{gate.min_up:g}"
    )  # fmt: skip
    found = {
        "min_up": up,
        "max_5xx": None if gate.max_5xx is None else f"{100 * gate.max_5xx:g}%",
        "window": gate.window,
        "backends": list(gate.backends),
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def _decided(one: TrialRecord) -> Conflict:
    """Return why a version can neither be confirmed nor taken back any more."""
    words = {
        "waits": "waits still",
        "returning": f"is being taken back: {one.reason}",
        "confirmed": "is confirmed: it stays, and a rollback is another change",
        "taken_back": f"was taken back as version {one.back}: {one.reason}",
        "stays": f"stays: {one.reason}",
        "replaced": f"is not in force any more: {one.reason}",
    }
    return Conflict(f"version {one.version} {words[one.status]}")
