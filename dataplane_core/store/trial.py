"""Say how long a change may go without a confirmation, and by which clock.

While the machine is up, its uptime counts (`CLOCK_BOOTTIME`): whoever sets the clock makes the time
neither longer nor shorter, and sleep counts. A restart of the machine ends that count; from then on
the rest counts that the wall clock leaves, but never more than the whole time: a machine without a
battery may wake up in another year.
"""

import json
import time
from dataclasses import replace

from dataplane_core.dataclass import dataclass

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The clock of the machine's uptime."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the running HAProxy has to be like while a change waits for its confirmation.

    `min_up` is the share of servers that have to be up (`0.8`), or from 1 on, where `is_share` is
    false, their number. `max_5xx` is the largest share of answers with a status from 500 on.
    HAProxy has to miss one of them for `window` seconds. They hold for each of the `backends`, `*`
    meaning all of them, and for all together where none are named.
    """

    min_up: float | None = None
    is_share: bool = True
    max_5xx: float | None = None
    window: float = 10.0
    backends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """A version that goes again unless it is confirmed within `seconds`: then `former` is back.

    With `brings_files` the files that come back are those from before it was applied, else those
    that its commit found. The time began at the `moment` (seconds since 1970), when the machine
    called `boot` had been up for `uptime` seconds.
    """

    former: int
    seconds: float
    gate: Gate | None
    moment: float
    boot: str
    uptime: float
    brings_files: bool = False

    @property
    def before(self) -> float:
        """The moment before which the version has to be confirmed, as the wall clock had it."""
        return self.moment + self.seconds

    def begun_now(self) -> "Trial":
        """Return the trial with its whole time before it."""
        return replace(self, moment=time.time(), uptime=uptime())

    def left(self, boot: str) -> float:
        """Return how many seconds are left, on the machine's present uptime; 0 or less: none."""
        now = uptime()
        if boot == self.boot and now >= self.uptime:
            return self.uptime + self.seconds - now
        return min(self.seconds, self.before - time.time())

    def on(self, boot: str) -> "Trial":
        """Return the trial with the rest of its time counted by the present uptime."""
        if boot == self.boot and uptime() >= self.uptime:
            return self
        return replace(self, boot=boot, uptime=uptime() + self.left(boot) - self.seconds)


def begin_trial(
    former: int, seconds: float, gate: Gate | None, boot: str, *, brings_files: bool = False
) -> Trial:
    """Return a trial whose time begins now."""
    return Trial(former, seconds, gate, time.time(), boot, uptime(), brings_files)


def is_within(moment: float, seconds: float) -> bool:
    """Return whether a moment, in seconds since 1970, is that near by the present clock.

    What was noted by a clock that ran years ahead is not near.
    """
    return abs(time.time() - moment) <= seconds


def uptime() -> float:
    """Return for how many seconds the machine has been up, sleep included."""
    return time.clock_gettime(CLOCK)


def stored_trial(trial: Trial | None) -> str:
    """Return a trial as a column has it."""
    if trial is None:
        return ""
    gate = trial.gate
    said = None if gate is None else [
        gate.min_up, gate.is_share, gate.max_5xx, gate.window, list(gate.backends)
    ]  # fmt: skip
    facts = trial.former, trial.seconds, said, trial.moment, trial.boot, trial.uptime
    return json.dumps([*facts, trial.brings_files])


def read_trial(text: str) -> Trial | None:
    """Return the trial that a column has; None where it is empty."""
    if not text:
        return None
    former, seconds, said, moment, boot, up, brings_files = json.loads(text)
    gate = None if said is None else Gate(said[0], said[1], said[2], said[3], tuple(said[4]))
    return Trial(former, seconds, gate, moment, boot, up, brings_files)
