"""Run targets: with changes of the corpus by a seed, or with those that atheris finds."""

import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tests.torture.fuzz.coverage import LONGEST
from tests.torture.fuzz.targets import Target, every_target

_SECONDS_A_BYTE = 1 / 10_000
"""A second for 10 kB: what takes longer hangs."""
_LEAST_SECONDS = 1.0
BITS = (b"\0", b"\n", b"\r", b" ", b"\t", b'"', b"'", b"\\", b"#", b"\xff", b"\x80", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"$", b"${", b"}",
        b"(", b")", b"[", b"]", b"{", b",", b":", b"=", b"-", b"-1", b"0", b"9" * 30, b"1" * 5000, b"\xd9\xa3", b"%", b"[failed: ",
        b".if", b".endif", b" if ", b"unless", b"no ", b"default", b"a" * 300)  # fmt: skip


@dataclass
class Figures:
    """How often each target ran, and what broke it."""

    runs: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count}" for name, count in self.runs.items())
        return f"{sum(self.runs.values())} runs ({told}); {len(self.faults)} faults"


def changed(corpus: list[bytes], chance: random.Random) -> bytes:
    """An entry of a corpus, changed in a few places."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.choice((0, 0, 1, 2, 8, 40)))
        match chance.randrange(4):
            case 0:
                data[at:end] = b""
            case 1:
                data[at:at] = data[at:end] * chance.randint(1, 4)
            case 2:
                other = chance.choice(corpus)
                begin = chance.randint(0, len(other))
                data[at:end] = other[begin : begin + 30]
            case _:
                data[at:end] = chance.choice(BITS)
    return bytes(data[:LONGEST])


def by_seed(target: Target, runs: int, seed: int = 0) -> Iterator[str]:
    """Replay the corpus of a target and some changes of it; yield each fault in a sentence."""
    chance = random.Random(f"{seed} {target.name}")
    corpus = [one.encode("utf-8", "surrogateescape") for one in target.corpus()]
    sample = corpus if len(corpus) <= runs else chance.sample(corpus, runs)
    for data in (*sample, *(changed(corpus, chance) for _ in range(runs))):
        try:
            target(data)
        except Exception as error:
            yield fault(target.name, data, error)


def fault(name: str, data: bytes, error: Exception) -> str:
    """What an error says of the bytes that lead to it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{name}: {data[:300]!r}: {error!r:.300} ({Path(last.filename).name}:{last.lineno})"


def timed(target: Target, data: bytes) -> None:
    """Run a target; raise where it takes longer than a second and a second for 10 kB."""
    begun = time.thread_time()
    target(data)
    spent = time.thread_time() - begun
    if spent > _LEAST_SECONDS + len(data) * _SECONDS_A_BYTE:
        raise AssertionError(f"took {spent:.1f} s for {len(data)} bytes")


def run_all(names: list[str], seconds: int) -> int:
    """Run targets, each for some time in a process of its own; 1 where one has a fault."""
    if find_spec("atheris") is None:
        print("atheris is not installed: pip install 'dataplane[fuzz]'", file=sys.stderr)
        return 2
    figures = Figures()
    for name in names or every_target():
        with tempfile.TemporaryDirectory(prefix="dp-fuzz-") as folder:
            command = [sys.executable, "-m", "tests.torture.fuzz.coverage", name, str(seconds), folder]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        counted = re.search(r"stat::number_of_executed_units: *(\d+)|#(\d+)\s+DONE", done.stderr)
        figures.runs[name] = int(next(filter(None, counted.groups()))) if counted else 0
        if done.returncode:
            said = [line for line in done.stdout.splitlines() if line.startswith(f"{name}: ")]
            figures.faults.append(said[-1] if said else f"{name}: {done.stderr[-600:]}")
            print(figures.faults[-1], flush=True)
    print(figures)
    return int(bool(figures.faults))
