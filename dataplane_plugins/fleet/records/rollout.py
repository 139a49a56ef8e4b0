"""Bring a revision to a fleet in waves: who may have it, and what follows on what members say.

All of it is a record of the store and functions of it, so that whoever leads next goes on with what
the former leader left.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal

from dataplane_core.plugin import Gate, dataclass, lazy_pattern

PLACE = "control/rollout"
STRATEGY = "control/strategy"
ALL = "all"

State = Literal["running", "paused", "done", "stopped", "aborted", "returning", "rolled_back"]
OPEN: tuple[State, ...] = ("running", "paused", "returning")
"""A roll-out that goes on: nobody changes anything meanwhile."""

_SPEC = lazy_pattern(r"(?P<number>\d{1,6})(?P<share>%?)|group:(?P<group>.+)|node:(?P<node>.+)|all")
_MOST_LOG = 100
_TUPLES = ("excluded", "besides", "overlays")


@dataclass(frozen=True, slots=True)
class Strategy:
    """How revisions are rolled out.

    Each of the `waves` says how many members have the revision when it is over: a number (`1`), a
    share (`10%`), or which ones come to have it: `group:NAME`, `node:NAME`, `all`. A last wave of
    all is added. Between two waves are `pause` seconds; a wave that takes longer than `timeout`
    seconds has failed. `on_failure` says what becomes of a roll-out in which a member refuses, or
    its HAProxy does not pass the gate: it stops, everything is put back, or it goes on.

    The gate is of each member: `gate_min_up` is the share of servers that have to be up, and
    `gate_max_5xx` that of answers that may have a status from 500 on, in percent; HAProxy may miss
    none of it for `gate_window` seconds. It holds for each of the `gate_backends`, `*` for all.
    """

    waves: tuple[str, ...] = ()
    pause: int = 0
    timeout: int = 300
    on_failure: Literal["stop", "rollback", "continue"] = "stop"
    gate_min_up: int | None = None
    gate_max_5xx: int | None = None
    gate_window: int = 10
    gate_backends: tuple[str, ...] = ()

    @property
    def gate(self) -> Gate | None:
        """The gate, None without one."""
        up, errors = self.gate_min_up, self.gate_max_5xx
        if up is None and errors is None:
            return None
        return Gate(
            None if up is None else up / 100, True, None if errors is None else errors / 100,
            self.gate_window, self.gate_backends,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rollout:
    """A roll-out: of the revision `number`, from the one that was `former`.

    `waves` are names of members, `wave` is the index of the one that is under way. The member that
    took the change is in the first. `besides` are members that are not concerned, as the change is
    of the `overlays` of others (`group/edge`). `excluded` are left out by a person; `log` are
    moments (seconds since 1970) and sentences. `serial` grows with each change of this record, and
    from one roll-out to the next; `goes_by` is the serial of the strategy, and below 0 where
    somebody has decided that no strategy counts.
    """

    number: int
    version: int
    former: int
    strategy: Strategy
    waves: tuple[tuple[str, ...], ...] = ()
    wave: int = 0
    besides: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    state: State = "running"
    reason: str = ""
    excluded: tuple[str, ...] = ()
    log: tuple[tuple[float, str], ...] = ()
    serial: int = 0
    goes_by: int = -1

    @property
    def order(self) -> tuple[int, int]:
        """What grows with each change: a member knows an older record by it."""
        return self.number, self.serial

    @property
    def is_staged(self) -> bool:
        """Whether some members wait for others."""
        return len(self.waves) > 1

    @property
    def is_open(self) -> bool:
        """Whether the roll-out goes on."""
        return self.state in OPEN

    @property
    def refuses_changes(self) -> bool:
        """Whether nobody changes anything: some members wait for others, or all go back."""
        return self.is_open and (self.is_staged or self.state == "returning")

    @property
    def is_held_back(self) -> bool:
        """Whether some members have not got the revision, or have refused it."""
        return self.is_staged and self.state != "done"

    def releases(self, name: str) -> bool:
        """Tell whether a member that has not got the revision may take it now."""
        if self.state == "returning" or (self.is_staged and self.state in ("stopped", "aborted")):
            return False  # whoever is late takes nothing of which others have had enough
        return self.reaches(name)

    def reaches(self, name: str) -> bool:
        """Tell whether a member is of those to whom the revision has come."""
        if not self.is_staged or self.state == "done":
            return name not in self.excluded
        if name in self.besides:
            return name not in self.excluded
        known = {one for wave in self.waves for one in wave}
        if name not in known:  # it has joined since
            return False
        return name not in self.excluded and any(
            name in wave for wave in self.waves[: self.wave + 1]
        )

    def noted(self, moment: float, text: str, **changes: Any) -> "Rollout":
        """Return the roll-out with something more in its log, and other changes."""
        log = (*self.log, (round(moment, 3), text))[-_MOST_LOG:]
        return replace(self, log=log, **changes)


@dataclass(frozen=True, slots=True)
class Said:
    """What a leader knows of a member of a roll-out; `waits_for` is what keeps it from going on."""

    is_alive: bool
    is_done: bool
    refusal: str = ""
    waits_for: str = ""


def plan_waves(
    strategy: Strategy, members: Mapping[str, str], taker: str, besides: Sequence[str] = ()
) -> tuple[tuple[str, ...], ...]:
    """Return the waves of names for members and their groups; the taker is the first of all.

    Those `besides` are in none.
    """
    members = {name: group for name, group in members.items() if name not in besides}
    if not strategy.waves or not members:
        return ()
    taker = min(members) if taker in besides else taker
    order = [taker, *sorted(name for name in members if name != taker)]
    waves: list[list[str]] = [[taker]]
    placed = {taker}
    for spec in (*strategy.waves, ALL):
        wanted = [name for name in _chosen(spec, order, members) if name not in placed]
        placed.update(wanted)
        if waves == [[taker]] and spec == strategy.waves[0]:
            waves[0] += wanted
        elif wanted:
            waves.append(wanted)
    return tuple(map(tuple, waves))


def _chosen(spec: str, order: Sequence[str], members: Mapping[str, str]) -> Iterable[str]:
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise ValueError(spec)
    if match["number"]:
        count = int(match["number"])
        return order[: math.ceil(len(order) * count / 100) if match["share"] else count]
    if match["group"]:
        return [name for name in order if members.get(name) == match["group"]]
    return [name for name in order if name == match["node"]] if match["node"] else order


def is_wave(spec: str) -> bool:
    """Tell whether a text says who is in a wave."""
    return _SPEC.fullmatch(spec) is not None


def awaited(rollout: Rollout, said: Mapping[str, Said]) -> list[str]:
    """Return the members that have neither taken nor refused what the wave brings them."""
    wave = _present(rollout, said)
    return [name for name in wave if not said[name].is_done and not said[name].refusal]


def advance(
    rollout: Rollout, said: Mapping[str, Said], waited: float, rested: float, moment: float
) -> Rollout:
    """Return what a roll-out is next, by what members say; the same one where nothing follows.

    `waited` are the seconds since the wave began, as its leader knows, `rested` those since nobody
    is awaited any more; `moment` is for the log.
    """
    if rollout.state != "running":
        return rollout
    wave = _present(rollout, said)
    refused = {name: said[name].refusal for name in wave if said[name].refusal}
    late = awaited(rollout, said)
    if refused and rollout.strategy.on_failure != "continue":
        return _failed(rollout, _told(refused), moment)
    if late and waited < rollout.strategy.timeout:
        return rollout
    if late and rollout.strategy.on_failure != "continue":
        return _failed(rollout, _late(rollout, late, said), moment)
    left = [_told(refused)] if refused else []
    left += [_late(rollout, late, said)] if late else []
    missing = f"; without {'; '.join(left)}" if left else ""
    if not rollout.is_staged or rollout.wave >= len(rollout.waves) - 1:
        text = f"version {rollout.version} is rolled out{missing}"
        return rollout.noted(moment, text, state="done", reason=missing[2:])
    if rested < rollout.strategy.pause:
        return rollout
    number = rollout.wave + 1
    names = ", ".join(rollout.waves[number][:10])
    text = f"wave {number + 1} of {len(rollout.waves)} begins: {names}{missing}"
    return rollout.noted(moment, text, wave=number)


def _present(rollout: Rollout, said: Mapping[str, Said]) -> list[str]:
    """Return the members that the wave waits for: who is away without waves catches up later."""
    if rollout.is_staged:
        wave: Iterable[str] = rollout.waves[rollout.wave]
        return [name for name in wave if name in said and name not in rollout.excluded]
    return [name for name, one in said.items() if one.is_alive and name not in rollout.excluded]


def _failed(rollout: Rollout, reason: str, moment: float) -> Rollout:
    state = "returning" if rollout.strategy.on_failure == "rollback" else "stopped"
    text = "version {} goes back: {}" if state == "returning" else "version {} stops: {}"
    return rollout.noted(moment, text.format(rollout.version, reason), state=state, reason=reason)


def _late(rollout: Rollout, late: Sequence[str], said: Mapping[str, Said]) -> str:
    reasons = {name: said[name].waits_for for name in late if said[name].waits_for}
    more = f" ({_told(reasons)})" if reasons else ""
    return f"{', '.join(late[:5])} took longer than {rollout.strategy.timeout:g} s{more}"


def _told(refused: Mapping[str, str]) -> str:
    shown = [f"{name}: {reason}" for name, reason in list(refused.items())[:3]]
    more = f", and {len(refused) - 3} more" if len(refused) > 3 else ""
    return "; ".join(shown) + more


def written(rollout: Rollout) -> bytes:
    """Return a roll-out as the store has it."""
    return json.dumps(asdict(rollout), sort_keys=True).encode()


def read_rollout(data: bytes) -> Rollout:
    """Return the roll-out that a record says; raises `ValueError`."""
    try:
        said = json.loads(data)
        fields = {name: said[name] for name in Rollout.__dataclass_fields__ if name in said}
        return Rollout(
            **{
                **fields,
                "strategy": strategy_of(fields["strategy"]),
                "waves": tuple(map(tuple, fields["waves"])),
                **{name: tuple(fields.get(name, ())) for name in _TUPLES},
                "log": tuple((moment, text) for moment, text in fields["log"]),
            }
        )
    except (TypeError, KeyError) as error:
        raise ValueError(str(error)) from None


def strategy_of(fields: Mapping[str, Any]) -> Strategy:
    """Return the strategy that a record or a body says; raises `ValueError`."""
    try:
        lists = ("waves", "gate_backends")
        return Strategy(**{**fields, **{name: tuple(fields.get(name) or ()) for name in lists}})
    except TypeError as error:
        raise ValueError(str(error)) from None
