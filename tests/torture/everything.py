"""All long parts, one after the other, each as a process of its own, and a summary to be kept."""

import subprocess
import sys
import time

PARTS: dict[str, list[str]] = {
    "kills": ["--kills", "2000", "--quiet"],
    "confirmations": ["--confirm"],
    "slow clients": ["--slow-clients"],
    "large bodies": ["--large-bodies"],
    "large texts": ["--large-texts"],
    "faults by turn": ["--faults"],
    "crash states": ["--crashes"],
    "injection": ["--injection"],
    "schemathesis": ["--schemathesis"],
    "fuzzing": ["--fuzz", "--seconds", "600"],
    "soak": ["--soak"],
    "stores of fleets": ["--stores"],
    "histories": ["--histories"],
    "clocks": ["--clocks"],
    "doubles of HAProxy": ["--doubles"],
    "swapped HAProxy": ["--swaps"],
}
"""What is tried, by its options."""

_MOST_LINES = 8


def run_all() -> int:
    """Run all parts, print what each says, and the end of it once more; 1 where one failed."""
    told, failed = [], 0
    for name, options in PARTS.items():
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
