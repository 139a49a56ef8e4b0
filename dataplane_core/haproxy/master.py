"""Reload HAProxy over its master's socket, and see how it went (Management Guide, section 9.4).

`reload` tells the story: see the processes, wait for a reload that is under way, ask for one, and
read the answer. HAProxy from 2.7 answers with its verdict. Before 2.7 the connection just closes,
because the master starts itself again; there the table of processes (`show proc`) is watched.
"""

import math
import os
import time
from dataclasses import field

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import RuntimeFailed, RuntimeUnreachable
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.haproxy.timeouts import DEADLINE
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.store import messages

_ROW = lazy_pattern(
    r"(?P<pid>[0-9]{1,9})\s+(?P<type>master|worker|program|\S+)\s+(?P<reloads>[0-9]{1,9})\s+"
    r"(?:\[failed: (?P<failed>[0-9]{1,9})\]\s+)?"
    r"(?P<up>[0-9]{1,9}d[0-9]{1,9}h[0-9]{1,9}m[0-9]{1,9}s)"
)
_UPTIME = lazy_pattern(r"([0-9]+)d([0-9]+)h([0-9]+)m([0-9]+)s")
_TICK = 0.05
_ANSWER_SECONDS = 5.0
_BUSY = "Another reload is still in progress"

NO_REASON = (
    "HAProxy did not load the configuration; this version of HAProxy gives the reason only in its "
    "own log"
)

_MASTER_ENDED = "HAProxy loaded the configuration, and its master has ended since"
_WORKER_ENDED = "HAProxy loaded the configuration, and its new worker has ended since"
_WORKER_SILENT = "HAProxy loaded the configuration, and its new worker does not answer"


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What became of a reload; `text` is HAProxy's or the command's own words, maybe several lines.

    What this module returns has them as HAProxy sent them: nobody is shown these (`Control`).

    `asked` is False where HAProxy could not be asked: the fault is not the configuration's then.
    `ended` is True where HAProxy took the configuration, and its new processes have ended since.
    """

    ok: bool
    text: str
    asked: bool = True
    ended: bool = False


@dataclass(frozen=True, slots=True)
class MasterProcesses:
    """What `show proc` tells.

    `master` is the master's process id, `reloads` the number of its reloads, `failed` how many of
    the last ones failed, one after the other, and `workers` are process ids. `fresh` are the
    workers that were started since the last attempt to reload: none after an attempt that failed.
    `age` is the uptime in seconds of the youngest of these. `near`: this process can see the
    master, and so can tell the end of the master from a socket that is closed for a moment.
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
        """Whether the master that was seen has ended."""
        return self.near and not _runs(self.master)


def processes(client: RuntimeClient, deadline: float = DEADLINE) -> MasterProcesses:
    """Return the master's processes, asked within `deadline` seconds.

    Raises `RuntimeFailed`, also where the socket is not a master's.
    """
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
    """Have the master reload, and return its verdict, within `timeout` seconds."""
    end = time.monotonic() + timeout
    try:
        before = _once_up(client, min(timeout, client.seconds_to_wait(DEADLINE)))
    except RuntimeFailed as error:
        return ReloadResult(
            False, f"HAProxy's master cannot be reached: {error.message}", asked=False
        )
    await_reload_under_way(client, end)
    result = _verdict(_ask_for_reload(client, end))
    while result is not None and _is_busy(result) and time.monotonic() < end:
        time.sleep(_TICK)
        result = _verdict(_ask_for_reload(client, end))
    result = result or watch_reload(client, before, end)
    if result is None and before.ended:
        return ReloadResult(False, "HAProxy's master ended during the reload", ended=True)
    return result or ReloadResult(False, f"HAProxy did not finish the reload within {timeout:g} s")


def await_reload_under_way(client: RuntimeClient, end: float) -> None:
    """Wait until no reload or start is under way: HAProxy from 3.1 refuses another one meanwhile.

    `end` is a moment of `time.monotonic`, here as in all that follows.
    """
    _load_status(client, end)


def watch_reload(
    client: RuntimeClient,
    before: MasterProcesses,
    end: float,
    quiet_seconds: float = math.inf,
) -> ReloadResult | None:
    """Watch the master until a reload or restart that came after `before` is over.

    None where there was none: at `end`, once the master has answered for `quiet_seconds` that
    nothing happened, or when the master ended and no other took its place.
    """
    quiet_until = time.monotonic() + quiet_seconds
    answered = time.monotonic()
    while time.monotonic() < end:
        now = _processes_if_any(client, min(DEADLINE, end - time.monotonic()))
        if now is None:  # the master starts itself again, or has ended for good
            if time.monotonic() - answered > DEADLINE and before.ended:
                return None
        else:
            answered = time.monotonic()
            if (now.master, now.reloads) != (before.master, before.reloads):
                result = _load_status(client, end) or _verdict_by_workers(before, now)
                if result is not None:
                    return result
            elif time.monotonic() > quiet_until:
                return None
        time.sleep(_TICK)
    return None


def end_of_new_worker(client: RuntimeClient, grace: float, end: float) -> str:
    """Watch the new worker for `grace` seconds after a reload; return how it ended, "" if it lives.

    A worker may die of a script a moment after it began, and a master ends with its worker, or with
    a program of a `program` section. At the end of the grace the worker has to answer, until `end`.
    """
    until = time.monotonic() + grace
    first: MasterProcesses | None = None
    while True:
        now = _processes_if_any(client, DEADLINE)
        if now is None:
            if (first is not None and first.ended) or time.monotonic() > until + DEADLINE:
                return _MASTER_ENDED
        elif first is None:
            first = now
        elif (now.master, now.reloads) != (first.master, first.reloads):
            return ""  # somebody else has had HAProxy reloaded: that reload is not ours to judge
        if now is not None and first is not None:
            if not first.fresh or first.fresh - now.workers:
                return _WORKER_ENDED
            if time.monotonic() >= until:
                return _silence_of_workers(client, now.fresh, end)
        time.sleep(_TICK)


def _silence_of_workers(client: RuntimeClient, workers: frozenset[int], end: float) -> str:
    for worker in workers:
        try:
            client.command(f"@!{worker} show info", max(DEADLINE, end - time.monotonic()))
        except RuntimeUnreachable:
            return _WORKER_SILENT
        except RuntimeFailed:
            continue  # a refusal is an answer
    return ""


def _processes_if_any(client: RuntimeClient, deadline: float) -> MasterProcesses | None:
    try:
        return processes(client, deadline)
    except RuntimeFailed:
        return None


def _once_up(client: RuntimeClient, seconds: float) -> MasterProcesses:
    """Return the master's processes; a master that just starts has no socket for a moment."""
    end = time.monotonic() + seconds
    while True:
        try:
            return processes(client, max(0.01, end - time.monotonic()))
        except RuntimeUnreachable:
            if time.monotonic() + _TICK > end:
                client.note_silence()
                raise
            time.sleep(_TICK)


def _ask_for_reload(client: RuntimeClient, end: float) -> str:
    """Return the answer to `reload`; nothing where none comes, and the processes are to tell.

    The master starts itself again, and may drop the connection in doing so. If its program is an
    older one since, it holds the connection and never answers.
    """
    left = end - time.monotonic()
    try:
        return client.command("reload", max(0.01, min(left / 2, _ANSWER_SECONDS)))
    except RuntimeFailed:
        return ""


def _verdict(answer: str) -> ReloadResult | None:
    """Return the verdict in an answer: `Success=1` or `0`, then `--` and HAProxy's words."""
    first, _, rest = answer.partition("\n")
    if not first.startswith("Success="):
        return None
    return ReloadResult(first.strip() == "Success=1", rest.removeprefix("--").strip())


def _is_busy(result: ReloadResult) -> bool:
    return messages.reload_words(result.text).startswith(_BUSY)


def _load_status(client: RuntimeClient, end: float) -> ReloadResult | None:
    """Return the verdict on the last reload, from 2.7 on; None before.

    HAProxy's own command `reload` asks so. The answer comes once the new worker runs or has failed.
    """
    try:
        return _verdict(client.command("_loadstatus", max(0.01, end - time.monotonic())))
    except RuntimeFailed:
        return None


def _verdict_by_workers(before: MasterProcesses, now: MasterProcesses) -> ReloadResult | None:
    """Return what the table of processes says; None where it says nothing yet.

    Up to 3.0 a worker stands in the table only once it has read its configuration.
    """
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
        pass  # another user's
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            state = stat.read().rpartition(b") ")[2][:1]
    except OSError:
        return True  # a system without these files
    return state not in (b"Z", b"X")  # it has ended, and whoever started it has not looked yet


def _seconds(uptime: str) -> int:
    match = _UPTIME.fullmatch(uptime)
    assert match is not None
    days, hours, minutes, seconds = (int(part) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
