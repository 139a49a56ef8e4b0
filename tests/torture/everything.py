"""All long parts, one after the other, each as a process of its own, and a summary to be kept."""

import subprocess
import sys
import time
from typing import NamedTuple


class Part(NamedTuple):
    """The options of a part, as a whole and as a share of it."""

    whole: str
    quick: str


PARTS = {
    "kills": Part("--kills 2000 --quiet", "--kills 40 --quiet"),
    "confirmations": Part("--confirm", "--confirm --most 6"),
    "slow clients": Part("--slow-clients", "--slow-clients 200"),
    "large bodies": Part("--large-bodies", "--large-bodies --most 12"),
    "large texts": Part("--large-texts", "--large-texts --most 4"),
    "faults by turn": Part("--faults", "--faults --most 6"),
    "crash states": Part("--crashes", "--crashes --most 15"),
    "injection": Part("--injection", "--injection --most 12"),
    "schemathesis": Part("--schemathesis", "--schemathesis --minutes 2"),
    "fuzzing": Part("--fuzz --seconds 600", "--fuzz --seconds 2"),
    "soak": Part("--soak", "--soak 2000"),
    "stores of fleets": Part("--stores", "--stores --seconds 10"),
    "histories": Part("--histories", "--histories 1"),
    "clocks": Part("--clocks", "--clocks"),
    "doubles of HAProxy": Part("--doubles", "--doubles --most 4"),
    "swapped HAProxy": Part("--swaps", "--swaps"),
}
"""What is tried."""


_MOST_LINES = 8


def run_all(quick: bool = False, seed: int = 0) -> int:
    """Run all parts, print what each says, and the end of it once more; 1 where one failed."""
    told, failed = [], 0
    for name, part in PARTS.items():
        options = [*(part.quick if quick else part.whole).split(), "--seed", str(seed)]
        begun = time.monotonic()
        print(f"== {name}", flush=True)
        process = subprocess.run(
            [sys.executable, "-m", "tests.torture", *options], stdout=subprocess.PIPE, text=True, check=False
        )
        print(process.stdout, flush=True)
        failed += process.returncode != 0
        told.append(summary(name, process.returncode, time.monotonic() - begun, process.stdout))
    print("| part | result | minutes | figures |\n| --- | --- | --: | --- |", *told, sep="\n")
    return int(failed > 0)


def summary(name: str, status: int, seconds: float, told: str) -> str:
    """A row of a table in Markdown."""
    lines = [line.strip().replace("|", "\\|") for line in told.splitlines() if line.strip()]
    figures = "<br>".join(lines[-_MOST_LINES:])
    return f"| {name} | {'failed' if status else 'held'} | {seconds / 60:.0f} | {figures} |"
