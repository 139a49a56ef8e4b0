"""Let the answer of a change wait until members have it: `wait=applied|canary|all`.

One thread of a process looks after all that is waited for, and is there while anything is.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache, partial
from typing import Any

from dataplane_core.plugin import (
    ApiRequest,
    Awaited,
    BadParameter,
    BadRequest,
    Became,
    CarryOut,
    Conflict,
    DataplaneError,
    ReloadRecord,
    Services,
)
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reporting import last_said
from dataplane_plugins.fleet.records.rollout import Rollout
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.responders.wait_parameters import WAIT, WAIT_TIMEOUT
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from dataplane_plugins.fleet.sharing.made import noting_revisions
from dataplane_plugins.fleet.stores import StoreError

LONGEST = 300
_TICK = 0.5
_MOST_RELOADS = 20
_NONE = Became({"Fleet-Rollout": "none"})
_ENDED: Mapping[str, tuple[str, str]] = {
    "stopped": ("stopped", "its roll-out has stopped"),
    "aborted": ("aborted", "its roll-out was aborted"),
    "rolled_back": ("returned", "it was put back"),
}


class Change:
    """A change that somebody waits for: the revision that it became, and what is to be known.

    `began` is when it was made, in seconds since 1970; `end` is when the client is answered in any
    case, of the clock `time.monotonic`.
    """

    def __init__(self, number: int, began: int, reach: str, end: float) -> None:
        self.number, self.began, self.reach, self.end = number, began, reach, end
        self.watch: Callable[[Change], None] = lambda change: None
        self.state = "waiting"
        self._known: Became | None = None
        self._ready: Callable[[], None] | None = None
        self._lock = threading.Lock()

    @property
    def is_known(self) -> bool:
        """Whether the client is answered."""
        return self._known is not None

    def attach(self, ready: Callable[[], None]) -> None:
        """Have `ready` called when it is known what became of it."""
        with self._lock:
            self._ready = ready
            known = self._known is not None
        if known:
            ready()
        else:
            self.watch(self)

    def close(self) -> None:
        """Be known now: the server ends, or the time is over."""
        self.settle(Became(self.headers(self.state), is_pending=True))

    def became(self) -> Became:
        """Return what became of it."""
        return self._known or _NONE

    def settle(self, became: Became) -> None:
        """Know what became of it; what is known already stays."""
        with self._lock:
            if self._known is not None:
                return
            self._known, ready = became, self._ready
        if ready is not None:
            ready()

    def reached(self, what: str) -> None:
        """Have what was waited for."""
        self.settle(Became(self.headers(what)))

    def failed(self, state: str, text: str) -> None:
        """Be refused: the change was made, and did not last, or does not get to all."""
        refusal = Conflict(f"the change was made, as revision {self.number} of the fleet; {text}")
        self.settle(Became(self.headers(state), refusal))

    def headers(self, state: str) -> Mapping[str, str]:
        """Return what an answer says of it."""
        return {"Fleet-Revision": str(self.number), "Fleet-Rollout": state}


class Look(Change):
    """The look at a roll-out that waits for it; what is shown is what is so then."""

    def __init__(
        self, number: int, reach: str, end: float, show: Callable[[], Mapping[str, Any]]
    ) -> None:
        super().__init__(number, 0, reach, end)
        self._show = show

    def became(self) -> Became:
        """Return what is so now; what was so before, where the store is away."""
        try:
            return Became(body=self._show())
        except (StoreError, Forged, DataplaneError):
            return Became()


class Done:
    """What is waited for where a request has made no revision: nothing."""

    def attach(self, ready: Callable[[], None]) -> None:
        """Call `ready`."""
        ready()

    def close(self) -> None:
        """Do nothing."""

    def became(self) -> Became:
        """Return that nothing was rolled out."""
        return _NONE


class Waiting:
    """Reads what a request waits for, and watches what became of the changes of this process."""

    def __init__(self, services: Services, member: Member) -> None:
        self._services, self._member = services, member
        self._rollouts = Rollouts(member)
        self._lock = threading.Lock()
        self._changes: list[Change] = []
        self._is_watching = False

    def follow(self, req: ApiRequest) -> CarryOut | None:
        """Return what carries a change out and knows what its answer waits for.

        Raises `BadParameter` and `BadRequest` for what cannot be waited for.
        """
        reach = str(WAIT.parse(_one(req, "wait"), strict=True) or "")
        seconds = int(WAIT_TIMEOUT.parse(_one(req, "wait_timeout"), strict=True))
        if not 0 <= seconds <= LONGEST:
            raise BadParameter(f"wait_timeout in query must be from 0 to {LONGEST} seconds")
        if not reach or req.scratch is not None or req.change_options.dry_run:
            return None
        if req.query.get("transaction_id"):
            raise BadRequest("wait belongs to the commit: leave it out in a transaction")
        return partial(self._carry_out, reach, time.monotonic() + seconds)

    def _carry_out(self, reach: str, end: float, respond: Callable[[], None]) -> Awaited:
        began = int(time.time())
        with noting_revisions() as numbers:
            respond()
        if not numbers:
            return Done()
        change = Change(max(numbers), began, reach, end)
        change.watch = self.watch
        return change

    def watch(self, change: Change) -> None:
        """Look after a change until it is known what became of it."""
        with self._lock:
            self._changes.append(change)
            if self._is_watching:
                return
            self._is_watching = True
        threading.Thread(target=self._run, name="fleet-waiting", daemon=True).start()

    def _run(self) -> None:
        mark, pause = 0, threading.Event()
        while changes := self._left():
            seconds = min(_TICK, max(0.0, min(one.end for one in changes) - time.monotonic()))
            try:
                self.look(changes)
                mark = self._member.store.wait("control/", mark, seconds)
            except (StoreError, Forged):  # it is told by others; here it only takes longer
                pause.wait(seconds)
            except Exception:  # whoever waits is answered in time, whatever fails
                self._services.log.exception("fleet: what became of changes is not known")
                pause.wait(max(seconds, _TICK))

    def _left(self) -> tuple[Change, ...]:
        """Return the changes that are not known yet, and end those whose time is over."""
        now = time.monotonic()
        with self._lock:
            changes = tuple(self._changes)
        for one in changes:
            if one.end <= now:
                one.close()
        with self._lock:
            self._changes = [one for one in self._changes if not one.is_known]
            self._is_watching = bool(self._changes)
            return tuple(self._changes)

    def look(self, changes: Iterable[Change]) -> None:
        """Find out what became of changes; raises `StoreError` and `Forged`."""
        here = [one for one in changes if one.reach == "applied"]
        for one in here:
            self._look_here(one)
        others = [one for one in changes if one.reach != "applied"]
        current = self._rollouts.current()[0] if others else None
        past = cache(self._rollouts.past)  # many may wait for one
        for one in others:
            is_over = current is not None and current.number > one.number
            _judge(one, past(one.number) if is_over else current, current)

    def _look_here(self, change: Change) -> None:
        """Find out whether this member's HAProxy has a change."""
        said = last_said(self._services)
        if said.number >= change.number and said.state == "applied":
            change.reached("applied")
        elif said.wanted >= change.number and said.state in ("refused", "apart"):
            change.failed("stopped", f"this member is {said.state}: {said.reason}")
        else:
            failed = self._failed_reload(change.began)
            if failed is not None:
                text = f"HAProxy could not be reloaded with it here: {failed.said}"
                change.failed("stopped", text)

    def _failed_reload(self, since: int) -> ReloadRecord | None:
        """Return a reload that has failed since a moment; all changes before were part of it."""
        return next(
            (
                one for one in self._services.reloads.records()[-_MOST_RELOADS:]
                if one.status == "failed" and (one.reload_timestamp or 0) >= since
            ), None
        )  # fmt: skip


def _judge(change: Change, own: Rollout | None, current: Rollout | None) -> None:
    """Say what became of a change by its roll-out, or by the one that took its place."""
    if own is None:
        return
    if own.is_open and change.reach == "canary" and own.wave > 0:
        change.reached("canary")
        return
    if own.is_open and current is not None and current.number > own.number:
        own = current
    if own.state == "done":
        change.reached("done")
    elif own.state in _ENDED:
        state, text = _ENDED[own.state]
        later = f" in version {own.version}" if own.number != change.number else ""
        change.failed(state, f"{text}{later}: {own.reason}" if own.reason else text + later)
    else:
        change.state = "paused" if own.state == "paused" else "waiting"


def _one(req: ApiRequest, name: str) -> str | None:
    value = req.params.get(name)
    with suppress(IndexError):
        return value[0] if isinstance(value, list) else value
    return None
