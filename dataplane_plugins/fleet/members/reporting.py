"""Say what this member has, wants and lacks: to the others in the store, and to who asks here."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, field
from typing import Any

from dataplane_core.plugin import (
    DataplaneError,
    Fact,
    Finding,
    Gauge,
    Secrets,
    Services,
    StorageFailed,
    conceal,
    dataclass,
    haproxy_program,
    haproxy_version,
)
from dataplane_plugins.fleet.members.known import Known
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.remembering import Memory, Order, last_alarm
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.records.rollout import PLACE, STRATEGY, Rollout
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.stores import Hold, StoreError

STATUS, ALIVE = "status/", "alive/"
FACT = "fleet.status"
"""The name of the value of the state that has what this member said last."""
STATES = ("applied", "taking", "held", "refused", "apart", "waiting")
"""What a member can be: it has what it may have; it brings it to HAProxy; a roll-out holds it back;
HAProxy refused it; what was changed there does not go with it; something else is missing."""

ALIVE_SECONDS = 30
_RENEW_SECONDS = 8.0
_MOST_FINDINGS, _LONGEST, _LONGEST_REASON = 10, 500, 2000
LARGEST_STATUS = 64 << 10
"""Bytes that no status has: what is larger is not even looked at."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a member says of itself.

    `number` and `version` are what it has, `wanted` the number of the revision that it knows to be
    the newest; `since` is when it came to be so, in seconds since 1970. `findings` are HAProxy's
    messages about a revision that it refused. `gate` is `watching`, `passed`, or why HAProxy did
    not pass; empty without a gate. `alarm` is what a stranger has done to the store, as this member
    has noticed of late. `seen` are the orders of the newest records of some places that it saw.
    """

    state: str
    number: int = 0
    version: int = 0
    wanted: int = 0
    reason: str = ""
    findings: tuple[dict[str, Any], ...] = ()
    group: str = ""
    haproxy: str = ""
    since: float = 0.0
    gate: str = ""
    alarm: str = ""
    seen: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Reporter:
    """What one member says; nothing is written that is said already."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._said: tuple[object, ...] = ()
        self._findings: Sequence[Finding] = ()
        self._hold: Hold | None = None
        self._renewed = 0.0
        self._memory = Memory(member.services.state)
        self._rollout: Order = 0, 0

    def saw(self, rollout: Rollout) -> None:
        """Know the roll-out as it is now; others are told of each step of one that has waves."""
        if rollout.is_staged:
            self._rollout = rollout.order

    def say(
        self, state: str, head: Revision | None = None, known: Known | None = None,
        reason: str = "", findings: Sequence[Finding] = (), gate: str = "",
    ) -> None:  # fmt: skip
        """Say what is so; raises `StoreError`.

        Who tries again to take what it waited for says nothing new.
        """
        has, wanted = known or Known(), head.number if head else 0
        alarm, strategy = last_alarm(self._member.services), self._memory.order(STRATEGY)
        said = (
            state, has.number, has.version, wanted, reason, gate, alarm, strategy, self._rollout,
        )  # fmt: skip
        tries_again = state == "taking" and self._said[:4] == ("waiting", *said[1:4])
        if said[:5] == self._said[:5]:
            findings = findings or self._findings  # HAProxy's words go with the reason
        if said != self._said and not tries_again:
            self._findings = findings
            shown = self._concealing(reason or findings, head if state == "refused" else None)
            status = Status(
                state, has.number, has.version, wanted, shown(reason)[:_LONGEST_REASON],
                tuple(_finding(one, shown) for one in findings[:_MOST_FINDINGS]),
                self._member.group,
                _haproxy(self._member), time.time(), conceal(gate), alarm,
                {STRATEGY: strategy, PLACE: self._memory.order(PLACE)},
            )  # fmt: skip
            data = written(status)
            place = STATUS + self._member.name
            self._member.store.transact([], {place: self._member.signer.write(data, place)})
            self._said = said
            with suppress(StorageFailed):  # that of a full disk the others are told all the same
                self._member.services.state.set_value(FACT, data.decode())
                self._tell(status)
        self._live()

    def _concealing(self, said: object, refused: Revision | None) -> Callable[[str], str]:
        """Return what tells words of HAProxy without the secrets that they may repeat.

        Those are secrets of what this member has, and of a revision that it has refused.
        """
        if not said:
            return str
        texts = [self._member.services.config.snapshot().document.text()]
        if refused is not None:
            with suppress(DataplaneError, Forged):
                texts.append(self._member.revisions.text(refused))
        secrets = Secrets(self._member.services.registry)
        lines = {line for text in texts for line in text.splitlines() if secrets.hidden(line)}

        def shown(message: str) -> str:
            for line in lines:
                message = secrets.concealed_quote(message, line)
            return conceal(message)

        return shown

    def _tell(self, status: Status) -> None:
        """Record an event of what this member has become."""
        if status.state == "taking":
            return
        data = {
            "node": self._member.name, "state": status.state, "version": status.version,
            "reason": status.reason, "gate": status.gate,
        }  # fmt: skip
        self._member.services.events.record(
            "fleet", {name: value for name, value in data.items() if value}
        )

    def lost(self, reason: str) -> None:
        """Remember that the store is away; whoever asks this server is told."""
        status = Status("waiting", reason=f"the store of the fleet: {reason}", since=time.time())
        if self._said != (reason,):
            self._said = (reason,)
            with suppress(StorageFailed):
                self._tell(status)
                self._member.services.state.set_value(FACT, written(status).decode())

    def leave(self) -> None:
        """Say that this member is about to end."""
        if self._hold is not None:
            try:
                self._hold.release()
            except StoreError as error:
                self._member.services.log.info("fleet: %s", error.reason)

    def _live(self) -> None:
        """Keep the sign that this member lives."""
        now = time.monotonic()
        if self._hold is not None and now - self._renewed < _RENEW_SECONDS:
            return
        if self._hold is not None and self._hold.renew():
            self._renewed = now
            return
        place = ALIVE + self._member.name
        self._hold = self._member.store.hold(place, b"", ALIVE_SECONDS)
        if self._hold is None:  # that of this member before it was started anew
            self._member.store.transact([], {}, [place])
            self._hold = self._member.store.hold(place, b"", ALIVE_SECONDS)
        self._renewed = now if self._hold is not None else 0.0


def written(status: Status) -> bytes:
    """Return a status as the store and the state have it."""
    fields = {name: getattr(status, name) for name in Status.__dataclass_fields__}
    return json.dumps(fields, sort_keys=True).encode()


def read_status(data: bytes | str) -> Status:
    """Return what a member has said; raises ValueError for what is no status."""
    try:
        said = json.loads(data)
        fields = {name: said[name] for name in Status.__dataclass_fields__ if name in said}
        return Status(**{**fields, "findings": tuple(fields["findings"])})
    except (TypeError, KeyError) as error:
        raise ValueError(str(error)) from None


def last_said(services: Services) -> Status:
    """Return what this member said last."""
    said = services.state.value(FACT)
    return read_status(said) if said else Status("waiting", group=services.settings.fleet.group)


def facts(services: Services) -> Iterator[Fact]:
    """Yield what a person at a terminal is told of this member."""
    said, name = last_said(services), services.settings.fleet.name
    text = f"{name}: version {said.version}, {said.state}"
    if said.reason:
        text += f": {said.reason}"
    if said.alarm:
        yield Fact("fleet", f"{name}: {said.alarm}", bad=True)
    bad = said.state in ("refused", "apart", "waiting")
    yield Fact("fleet", text, bad=bad, doubtful=said.state == "held")


def gauges(services: Services) -> Iterator[Gauge]:
    """Yield the numbers of this member."""
    said = last_said(services)
    yield Gauge("fleet_revision", "Revision of the fleet that this member has.", said.number)
    text = "Newest revision of the fleet that this member knows of."
    yield Gauge("fleet_newest_revision", text, said.wanted)
    for state in STATES:
        there = float(state == said.state)
        yield Gauge("fleet_state", "1 for what this member is.", there, (("state", state),))


def _finding(one: Finding, shown: Callable[[str], str]) -> dict[str, Any]:
    found = {
        "line": one.line, "severity": one.severity, "message": shown(one.message)[:_LONGEST],
        "section": one.section, "resource": one.resource and asdict(one.resource),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _haproxy(member: Member) -> str:
    return haproxy_version(haproxy_program(member.services.settings)) or ""
