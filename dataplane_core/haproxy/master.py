"""Reloads as HAProxy's master tells them over its own socket (Management Guide, section 9.4)."""

import os
import re
import time
from dataclasses import dataclass, field

from dataplane_core.errors import RuntimeFailed, RuntimeUnreachable
from dataplane_core.haproxy.runtime import RuntimeClient
from dataplane_core.haproxy.timeouts import DEADLINE
from dataplane_core.store import messages

_ROW = re.compile(
    r"(?P<pid>[0-9]+)\s+(?P<type>master|worker|program|\S+)\s+(?P<reloads>[0-9]+)\s+"
    r"(?:\[failed: (?P<failed>[0-9]+)\]\s+)?(?P<up>[0-9]+d[0-9]+h[0-9]+m[0-9]+s)"
)
_UPTIME = re.compile(r"([0-9]+)d([0-9]+)h([0-9]+)m([0-9]+)s")
_TICK = 0.05
_BUSY = "Another reload is still in progress"

NO_REASON = (
    "HAProxy did not load the configuration; this version of HAProxy gives the reason only in its "
    "own log"
)


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What became of a reload, and HAProxy's or the command's own words on it.

    `asked` is False where nothing could even be begun: the fault is not the configuration's then.
    """

    ok: bool
    text: str
    asked: bool = True


@dataclass(frozen=True, slots=True)
class MasterProcesses:
    """What `show proc` tells: the master's reloads, how many of the last failed, the workers.

    `fresh` are workers that no reload has been tried since: after one that failed there are none.
    `age` is the uptime of the youngest of them in seconds. `near`: the master is a process that
    can be seen from here, so that its end can be told from a socket that is closed for a while.
    """

    master: int
    reloads: int
    failed: int
    workers: frozenset[int]
    fresh: frozenset[int]
    age: int
    near: bool = field(default=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether the master that was seen is no more."""
        return self.near and not _runs(self.master)


def processes(client: RuntimeClient, deadline: float = DEADLINE) -> MasterProcesses:
    """The master's processes now; raises `RuntimeFailed` also when the answer is another kind's."""
    rows = [match for line in client.command("show proc", deadline).splitlines()
            if (match := _ROW.match(line))]  # fmt: skip
    master = next((row for row in rows if row["type"] == "master"), None)
    if master is None:
        raise RuntimeFailed("haproxy.master_runtime is not the socket of an HAProxy master")
    workers = [row for row in rows if row["type"] == "worker"]
    fresh = [row for row in workers if row["reloads"] == "0"]
    return MasterProcesses(
        int(master["pid"]),
        int(master["reloads"]),
        int(master["failed"] or 0),
        frozenset(int(row["pid"]) for row in workers),
        frozenset(int(row["pid"]) for row in fresh),
        min((_seconds(row["up"]) for row in fresh), default=0),
        _runs(int(master["pid"])),
    )


def reload(client: RuntimeClient, timeout: float) -> ReloadResult:
    """Have the master reload, and wait for what it says of it.

    HAProxy from 2.7 answers `Success=1` or `Success=0` and its messages. Before, the connection
    just closes: there the workers are watched.
    """
    end = time.monotonic() + timeout
    try:
        before = _once_up(client, min(timeout, client.patience(DEADLINE)))
    except RuntimeFailed as error:
        return ReloadResult(
            False, f"HAProxy's master cannot be reached: {error.message}", asked=False
        )
    settle(client, end)
    result = _told(_reload(client, end))
    while result is not None and result.text.startswith(_BUSY) and time.monotonic() < end:
        time.sleep(_TICK)
        result = _told(_reload(client, end))
    result = result or outcome(client, before, end)
    if result is None and before.ended:
        return ReloadResult(False, "HAProxy's master ended during the reload")
    return result or ReloadResult(False, f"HAProxy did not finish the reload within {timeout:g} s")


def settle(client: RuntimeClient, end: float) -> None:
    """Wait for a reload or start that is under way: HAProxy from 3.1 refuses another meanwhile."""
    _load_status(client, end)


def outcome(
    client: RuntimeClient, before: MasterProcesses, end: float, patience: float | None = None
) -> ReloadResult | None:
    """Watch the master until a reload or restart that came after `before` is over.

    None when there was none: at the time `end` (of `time.monotonic`), once the master has answered
    for `patience` seconds that nothing happened, or when it ended and no other took its place.
    """
    quiet_until = None if patience is None else time.monotonic() + patience
    seen = time.monotonic()
    while time.monotonic() < end:
        try:
            now = processes(client, min(DEADLINE, end - time.monotonic()))
        except RuntimeFailed:
            now = None  # it starts itself again: its socket is closed, or does not answer
            if time.monotonic() - seen > DEADLINE and before.ended:
                return None
        else:
            seen = time.monotonic()
        if now is not None and (now.master, now.reloads) != (before.master, before.reloads):
            result = _load_status(client, end) or _by_workers(before, now)
            if result is not None:
                return result
        elif now is not None and quiet_until is not None and time.monotonic() > quiet_until:
            return None
        time.sleep(_TICK)
    return None


def _once_up(client: RuntimeClient, seconds: float) -> MasterProcesses:
    """The master's processes; one that starts just now has no socket for a moment."""
    end = time.monotonic() + seconds
    while True:
        try:
            return processes(client, max(0.01, end - time.monotonic()))
        except RuntimeUnreachable:
            if time.monotonic() + _TICK > end:
                client.lost()
                raise
            time.sleep(_TICK)


def _reload(client: RuntimeClient, end: float) -> str:
    try:
        return client.command("reload", max(0.01, end - time.monotonic()))
    except RuntimeFailed:
        return ""  # the master starts itself again, and may drop the connection in doing so


def _told(answer: str) -> ReloadResult | None:
    first, _, rest = answer.partition("\n")
    if not first.startswith("Success="):
        return None
    return ReloadResult(first.strip() == "Success=1", messages.told(rest.removeprefix("--")))


def _load_status(client: RuntimeClient, end: float) -> ReloadResult | None:
    """What `reload` itself asks, from 2.7 on: answered once the new worker runs, or failed to."""
    try:
        return _told(client.command("_loadstatus", max(0.01, end - time.monotonic())))
    except RuntimeFailed:
        return None


def _by_workers(before: MasterProcesses, now: MasterProcesses) -> ReloadResult | None:
    """What the table of processes says: up to 3.0 a worker in it has read its configuration."""
    if now.fresh - before.workers:
        return ReloadResult(True, "")
    if now.failed:
        return ReloadResult(False, NO_REASON)
    return None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True


def _seconds(uptime: str) -> int:
    match = _UPTIME.fullmatch(uptime)
    assert match is not None
    days, hours, minutes, seconds = (int(part) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
