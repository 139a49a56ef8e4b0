"""Answer what a fleet is, and carry out what people decide about it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    CheckedRequest,
    Conflict,
    NotFound,
    Services,
    View,
    answer_later,
    is_rehearsed,
    to_json,
)
from dataplane_plugins.fleet.following.mending import Mender
from dataplane_plugins.fleet.following.orders import Deed, Orders
from dataplane_plugins.fleet.members.errors import told
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.revisions import changed_files
from dataplane_plugins.fleet.records.rollout import (
    OPEN,
    Rollout,
    State,
    is_wave,
    plan_waves,
    strategy_of,
)
from dataplane_plugins.fleet.responders.overview import (
    MOST,
    Overview,
    paged,
    progress,
    revision_json,
    rollout_json,
    strategy_json,
)
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts

_LONGEST_WAIT = 300.0
REACHED = ("canary", "all")
_NEXT: Mapping[str, tuple[tuple[State, ...], State]] = {
    "start": (("stopped", "aborted", "done"), "running"),
    "pause": (("running",), "paused"),
    "resume": (("paused", "stopped"), "running"),
    "abort": (("running", "paused", "stopped"), "aborted"),
    "return": (("running", "paused", "stopped", "aborted", "done"), "returning"),
}
ACTIONS = tuple(_NEXT)


class Shared:
    """What the responders of a fleet share."""

    def __init__(
        self, services: Services, member: Member, view: View, waiting: Callable[[], Any]
    ) -> None:
        self.services, self.member, self.view = services, member, view
        self._waiting = waiting
        self.rollouts = Rollouts(self.member)
        self.overview = Overview(self.member, view.location)
        self.orders = Orders(self.member)

    def rollout(self) -> tuple[Rollout, int]:
        """Return the roll-out of the newest revision; raises `NotFound`."""
        found, mark = self.rollouts.current()
        if found is None:
            raise NotFound("nothing was rolled out yet")
        return found, mark

    def watch(self, awaited: Any) -> Any:
        """Have something looked after that an answer waits for; return it."""
        awaited.watch = self._waiting().watch
        return awaited

    def begun_again(self, rollout: Rollout) -> Rollout:
        """Return a roll-out as it begins, by the present strategy; who has it keeps it."""
        head = self.member.revisions.newest()
        if head is None or head.number != rollout.number:
            raise Conflict("there is a newer version: ask again")
        strategy = self.rollouts.strategy()
        waves = plan_waves(strategy, self.member.members(), head.node, rollout.besides)
        return replace(rollout, strategy=strategy, waves=waves, wave=0, excluded=())

    def made(self, rollout: Rollout) -> dict[str, Any]:
        """Return who made the revision of a roll-out, and which files it changes; {} if unknown."""
        revisions = self.member.revisions
        made, before = revisions.get(rollout.number), revisions.get(rollout.number - 1)
        if made is None:
            return {}
        found = revision_json(made)
        if before is not None and before.files != made.files:
            changed = changed_files(revisions.files(before.files), revisions.files(made.files))
            found["files"] = list(changed)
        return {"made": found}


class Whole:
    """The fleet: GET."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        with told():
            resp.data = to_json(self._shared.overview.whole(*page_of(req)))


class Nodes:
    """The members of the fleet: GET."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        with told():
            resp.data = to_json(paged(self._shared.overview.nodes(), *page_of(req)))


class Node:
    """One member: GET; tell it what to do: POST; forget it: DELETE."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        with told():
            resp.data = to_json(self._find(name))

    def on_post(self, req: CheckedRequest, resp: falcon.Response, name: str) -> None:
        action = req.body.values["action"]
        with told():
            self._find(name)
            if is_rehearsed(f"{name} would be told: {action}"):
                return
            if action in ("exclude", "include"):
                self._exclude(name, action == "exclude", req.who)
            else:
                deed: Deed = action
                head = self._shared.member.revisions.newest()
                self._shared.orders.give(name, deed, head.number if head else 0)
            self._log(f"{name} was told by {req.who or 'a client'}: {action}")
            resp.data = to_json(self._find(name))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        with told():
            if self._find(name)["is_alive"]:
                raise Conflict(f"{name} lives: a member that is in the fleet cannot be forgotten")
            if is_rehearsed(f"{name} would be forgotten"):
                return
            self._shared.member.remove(name)
            self._log(f"{name} was forgotten by {req.who or 'a client'}")
        resp.status = falcon.HTTP_204

    def _exclude(self, name: str, excluded: bool, who: str) -> None:
        rollout, mark = self._shared.rollout()
        names = tuple(one for one in rollout.excluded if one != name)
        names = (*names, name) if excluded else names
        said = f"{name} is {'left out' if excluded else 'taken in again'} by {who or 'a client'}"
        changed = rollout.noted(time.time(), said, excluded=names)
        if not self._shared.rollouts.decide(changed, mark):
            raise Conflict("the roll-out went on meanwhile: ask again")

    def _find(self, name: str) -> dict[str, Any]:
        found = self._shared.overview.node(name)
        if found is not None:
            return found
        raise NotFound(f"the fleet has no member {name}")

    def _log(self, text: str) -> None:
        self._shared.services.log.info("fleet: %s", text)


class NewestRollout:
    """The roll-out of the newest revision: GET, which can wait; decide about it: POST."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        wait, seconds = req.query["wait"], req.query["timeout"]
        if not 0 <= seconds <= _LONGEST_WAIT:
            raise BadRequest(f"timeout must be between 0 and {_LONGEST_WAIT:g} seconds")
        with told():
            rollout, _ = self._shared.rollout()
            resp.data = to_json(self._shown(rollout))
        if wait and not _reached(rollout, wait):
            from dataplane_plugins.fleet.responders.waiting import Look

            end = time.monotonic() + seconds
            answer_later(req, self._shared.watch(Look(rollout.number, wait, end, self._now)))

    def _now(self) -> dict[str, Any]:
        rollout, _ = self._shared.rollout()
        return self._shown(rollout)

    def _shown(self, rollout: Rollout) -> dict[str, Any]:
        nodes = self._shared.overview.nodes()
        return {**rollout_json(rollout), "progress": [*progress(rollout, nodes)]}

    def on_post(self, req: CheckedRequest, resp: falcon.Response) -> None:
        action = req.body.values["action"]
        states, following = _NEXT[action]
        with told():
            rollout, mark = self._shared.rollout()
            if rollout.state not in states:
                raise Conflict(_not_now(rollout))
            if is_rehearsed(f"the roll-out of version {rollout.version} would be {following}"):
                return
            who = req.who or "a client"
            text = f"{who}: {action}" + (f", {req.author.reason}" if req.author.reason else "")
            if action == "start":
                rollout = self._shared.begun_again(rollout)
            how = {"state": following, "reason": text, "goes_by": -1}
            changed = rollout.noted(time.time(), text, **how)
            if not self._shared.rollouts.decide(changed, mark):
                raise Conflict("the roll-out went on meanwhile: ask again")
            resp.data = to_json(rollout_json(changed))


class Mending:
    """Put right what somebody without the key has made of the store's records: POST."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        with told():
            if is_rehearsed("the records of the store would be put right"):
                return
            done = [asdict(one) for one in Mender(self._shared.member).all()]
            for one in done:
                self._shared.services.log.warning("fleet: %s: %s", one["record"], one["text"])
        resp.data = to_json(done)


class TheStrategy:
    """How revisions are rolled out: GET, PUT."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        with told():
            resp.data = to_json(strategy_json(self._shared.rollouts.strategy()))

    def on_put(self, req: CheckedRequest, resp: falcon.Response) -> None:
        strategy = strategy_of(req.body.values)
        for wave in strategy.waves:
            if not is_wave(wave):
                raise BadRequest(
                    f"waves: {wave[:40]!r} is no wave, such as 1, 10%, group:edge, node:a or all"
                )
        with told():
            if is_rehearsed("revisions would be rolled out so"):
                return
            self._shared.rollouts.set_strategy(strategy)
            resp.data = to_json(strategy_json(strategy))


def page_of(req: ApiRequest) -> tuple[int, str]:
    """Return how many members an answer may have, and the name behind which they begin."""
    limit = req.query["limit"]
    if not 1 <= limit <= MOST:
        raise BadRequest(f"limit must be between 1 and {MOST}")
    return limit, req.query["after"] or ""


def _not_now(rollout: Rollout) -> str:
    """Say what a roll-out is, and what can be decided about it then."""
    can = [action for action, (states, _) in _NEXT.items() if rollout.state in states]
    remedy = f": it can {' or '.join(can)}" if can else ": make another change"
    return f"the roll-out of version {rollout.version} is {rollout.state}{remedy}"


def _reached(rollout: Rollout, wait: str) -> bool:
    """Tell whether a roll-out is as far as a client waits for, or goes no further."""
    if rollout.state not in OPEN:
        return True
    return wait == "canary" and rollout.wave > 0


