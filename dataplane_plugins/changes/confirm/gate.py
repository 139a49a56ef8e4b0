"""Compare the running HAProxy with what a change asks of it while it waits for its confirmation."""

import csv
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dataplane_core.plugin import Gate, Runtime, RuntimeFailed, dataclass

Row = Mapping[str, str]
"""A line of `show stat` (management guide, section 9.1)."""

LEAST_ANSWERS = 10
"""Answers in a window below which their share of errors says nothing."""

_FRONTENDS, _BACKENDS, _SERVERS = 1, 2, 4
_ALL = "*"
_STATUSES = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the processes say at a moment: servers up and in all, errors and answers, by scope.

    The scope is the name of a backend, or empty for all together.
    """

    moment: float
    servers: Mapping[str, tuple[int, int]]
    answers: Mapping[str, tuple[int, int]]


class GateWatch:
    """Looks at HAProxy again and again on behalf of one version."""

    def __init__(self, version: int, gate: Gate, runtime: Runtime) -> None:
        self.version = version
        self._gate = gate
        self._runtime = runtime
        self._past: deque[Seen] = deque()
        self._missed_since: float | None = None

    @property
    def is_missing(self) -> bool:
        """Whether HAProxy misses something now, for how long ever."""
        return self._missed_since is not None

    def look(self) -> str:
        """Return what HAProxy has missed for the whole window; empty if nothing."""
        moment = time.monotonic()
        try:
            rows = read_rows(self._runtime, _mask(self._gate))
        except RuntimeFailed as error:
            return self._missing(f"HAProxy cannot be asked: {error.message}", moment)
        return self.judge(rows, moment)

    def judge(self, rows: Iterable[Row], moment: float) -> str:
        """Return what rows show that HAProxy has missed for the whole window; empty if nothing."""
        seen = seen_in(rows, self._gate, moment)
        errors = self._too_many_errors(seen)
        if errors:
            return errors
        return self._missing(next(few_servers(seen, self._gate), ""), moment)

    def _missing(self, fault: str, moment: float) -> str:
        if not fault:
            self._missed_since = None
            return ""
        if self._missed_since is None:
            self._missed_since = moment
        if moment - self._missed_since < self._gate.window:
            return ""
        return f"{fault}, for {self._gate.window:g} s"

    def _too_many_errors(self, seen: Seen) -> str:
        """Return in what share of a window's answers is too large; empty if in none."""
        limit, window = self._gate.max_5xx, self._gate.window
        if limit is None:
            return ""
        past = self._past
        if past and _was_reset(past[-1], seen):
            past.clear()  # another process, which counts from 0
        past.append(seen)
        while len(past) > 1 and past[1].moment <= seen.moment - window:
            past.popleft()
        for scope, (errors, answers) in seen.answers.items():
            errors_before, before = past[0].answers.get(scope, (0, 0))
            count, bad = answers - before, errors - errors_before
            if count >= LEAST_ANSWERS and bad > limit * count:
                share = f"{bad} of {count} answers have a status from 500 on"
                return f"{_place(scope)}{share}, which is more than {100 * limit:g} %"
        return ""


def read_rows(runtime: Runtime, mask: int) -> list[Row]:
    """Return the rows of all processes; raises `RuntimeFailed`."""
    rows: list[Row] = []
    for client in runtime.processes():
        text = client.dump(f"show stat -1 {mask} -1", runtime.deadline).decode("utf-8", "replace")
        if not text.startswith("# pxname,"):
            raise RuntimeFailed("HAProxy's answer to show stat cannot be read")
        rows += csv.DictReader(text.removeprefix("# ").splitlines())
    return rows


def seen_in(rows: Iterable[Row], gate: Gate, moment: float) -> Seen:
    """Return what rows say for the scopes of a gate."""
    servers: dict[str, tuple[int, int]] = {}
    answers: dict[str, tuple[int, int]] = {}
    whole = not gate.backends
    every = _ALL in gate.backends
    for row in rows:
        name, kind = row["pxname"], row["svname"]
        scope = "" if whole else name
        if not (whole or every or name in gate.backends):
            continue
        if kind == ("FRONTEND" if whole else "BACKEND"):
            _add(answers, scope, _count(row, ("hrsp_5xx",)), _count(row, _STATUSES))
        if kind == "BACKEND":
            servers.setdefault(scope, (0, 0))
        elif kind != "FRONTEND" and counts(row["status"]):
            _add(servers, scope, int(is_up(row["status"])), 1)
    return Seen(moment, servers, answers)


def few_servers(seen: Seen, gate: Gate) -> Iterator[str]:
    """Yield where fewer servers are up than a gate asks for, or there is no such backend."""
    for name in gate.backends:
        if name != _ALL and name not in seen.servers:
            yield f"the running HAProxy has no backend {name}"
    if gate.min_up is None:
        return
    wanted = f"{100 * gate.min_up:g} %" if gate.is_share else f"{gate.min_up:g}"
    for scope, (up, every) in seen.servers.items():
        if up < (gate.min_up * every if gate.is_share else gate.min_up):
            yield f"{_place(scope)}{up} of {every} servers are up, which is less than {wanted}"


def counts(status: str) -> bool:
    """Tell whether a server counts: not one that somebody has put into maintenance."""
    return status != "MAINT" and not status.startswith("MAINT (via")


def is_up(status: str) -> bool:
    """Tell whether a server takes requests, or would if its weight were not 0."""
    return status.startswith(("UP", "DRAIN", "NOLB", "no check"))


def _mask(gate: Gate) -> int:
    """Return which rows of `show stat` a gate needs."""
    mask = _BACKENDS
    if gate.max_5xx is not None and not gate.backends:
        mask |= _FRONTENDS
    return mask | _SERVERS if gate.min_up is not None else mask


def _add(where: dict[str, tuple[int, int]], scope: str, some: int, every: int) -> None:
    before = where.get(scope, (0, 0))
    where[scope] = before[0] + some, before[1] + every


def _count(row: Row, columns: Sequence[str]) -> int:
    return sum(int(row.get(column) or 0) for column in columns)


def _was_reset(before: Seen, now: Seen) -> bool:
    return any(
        answers < before.answers.get(scope, (0, 0))[1]
        for scope, (_, answers) in now.answers.items()
    )


def _place(scope: str) -> str:
    return f"in backend {scope} " if scope else ""
