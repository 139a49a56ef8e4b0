"""Roll-outs over servers as processes on a real etcd, with one member that has a fault, in each place of the waves.

A client changes something on `a`. Then what each member has, what it says, and what the roll-out says has to be as the
strategy has it; and once more when the fault is over.
"""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.fleet.proof import gates
from tests.fleet.proof.faulty import Fault, Older, faults
from tests.fleet.proof.gates import ENDS
from tests.fleet.proof.servers import NAMES, Fleet, running
from tests.harness.waiting import until

PLACES = {"first": "b", "middle": "c", "last": "d"}


def tried(folder: Path, make: Callable[[], Fault], policy: str, place: str) -> list[str]:
    """Roll something out with a fault in one place; say what is wrong."""
    fleet, name, fault = Fleet(folder), PLACES[place], make()
    with running(fleet, {"on_failure": policy}, lambda stack: fault.prepare(fleet, name, stack)):
        fault.begin(fleet, name)
        fleet.change(fault.words)
        until(lambda: fleet.rollout()["state"] == ENDS[policy], fleet.fleet)
        before = set(NAMES[: NAMES.index(name)])
        wanted = {"stop": before, "rollback": set(), "continue": set(NAMES) - {name}}[policy]
        with suppress(AssertionError):
            until(lambda: fleet.have() - {name} == wanted and (fault.takes_later or name not in fleet.have()))
        wrong = [] if fleet.have() == wanted else [f"{sorted(fleet.have())} have it, not {sorted(wanted)}"]
        said = fault.said.format(name=name)
        if not any(said in one["text"] for one in fleet.rollout()["log"]):
            wrong.append(f"it is not told that {said}: {fleet.rollout()['log']}")
        wrong += fault.wrong(fleet, name, policy)
        fault.end(fleet, name)
        return wrong + _afterwards(fleet, fault, policy, name, wanted)


def _afterwards(fleet: Fleet, fault: Fault, policy: str, name: str, wanted: set[str]) -> list[str]:
    """Say what is wrong once the fault is over: who goes on by itself, and who has to be told."""
    if policy != "rollback" and not (fault.takes_later and policy == "continue") and not isinstance(fault, Older):
        with suppress(AssertionError):
            until(lambda: fleet.nodes()[name].get("state") in ("refused", "held"))
        fleet.order(name, "retry")
    gets_it = policy != "rollback" and not isinstance(fault, Older)
    final = wanted | {name} if gets_it else wanted
    state = "applied" if gets_it or policy == "rollback" else "refused"
    with suppress(AssertionError):
        until(lambda: fleet.have() == final and fleet.states()[name] == state)
    if fleet.have() == final and fleet.states()[name] == state:
        return []
    return [f"afterwards {sorted(fleet.have())} have it, not {sorted(final)}; {name} is {fleet.nodes()[name]}"]


def matrix(tell: Callable[[str], object], names: Sequence[str] = ()) -> int:
    """Try all of it, or what has one of the names in its own; return how many cases were not as they should be."""
    bad = 0
    for what, case in (*cases(), *gates.cases()):
        if names and not any(one in what for one in names):
            continue
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="dataplane-rollouts-", dir="/dev/shm") as folder:
            try:
                wrong = case(Path(folder))
            except (AssertionError, RuntimeError) as error:
                wrong = [f"{type(error).__name__}: {error}"[:2000]]
        bad += bool(wrong)
        tell(f"{what}: {'; '.join(wrong) or 'as it should be'} ({time.monotonic() - begun:.0f} s)")
    return bad


def cases() -> Iterator[tuple[str, Callable[[Path], list[str]]]]:
    """Yield each fault by each strategy in each place, and what tries it."""
    for what, make in faults().items():
        for policy, place in itertools.product(ENDS, PLACES):
            yield f"{what}, {policy}, {place}", partial(tried, make=make, policy=policy, place=place)
