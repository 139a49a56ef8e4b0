"""The tables as Markdown, with what they were measured on."""

import os
import platform
import subprocess
from pathlib import Path

import falcon
import gunicorn

from tests.bench.load import CONNECTIONS, generator
from tests.bench.systems import THREADS, WORKERS
from tests.bench.tables import Table

COMMAND = "python -m tests.bench --write docs/performance.md"
PAGE = """\
# Performance

Measured by `{command}`, which rewrites this page. Every limit is a ratio within one run: figures of
two machines, or of two days, cannot be compared, their ratios can.

{machine}

Both servers run under gunicorn's gthread worker with {workers} workers and {threads} threads; the
load is {load} connections that ask without a pause, on the same machine. "Bare Falcon" is an
application that returns the same bytes from memory and checks no password. "By cost" is the ratio of
the processor time that the servers themselves spent on a request. Memory is the proportional set size
of all processes of the server.

The bare application's commit writes, syncs, checks and renames a file, and knows no versions: where
even its ratio is above the limit, HAProxy checks faster than a file can be put in place. A commit of
ours can take less time than `haproxy -c`, as it waits for HAProxy's last words, not for its end.

The trips of a request are walked in one process on the file of 10 servers, without a network and
without HAProxy's check. "Calls" are those of our own functions in the thread that serves the request,
"files" are those of ours that the calls enter, "store → above" are the calls with which the store asks
a floor above its own, through its ports, and "store → api" all calls into the HTTP interface that the
store waits for. The times of another revision (`--against REVISION`) are ratios to this one,
measured in turn: the median, and the quartiles.

What the versions of the interface cost is told in ratios to version 2, measured in turn (`--only versions`
measures that alone). A first GET is one of what has just been changed, in one process without a
network; those over HTTP ask for the same again and again. The first request
of all is one to version 2, which reads the file for the others.

{tables}
"""


def machine(haproxy: str) -> str:
    """What it was measured on, as a list."""
    text = Path("/proc/cpuinfo").read_text("utf-8") if os.path.exists("/proc/cpuinfo") else ""
    models = [line.split(":")[1].strip() for line in text.splitlines() if "model name" in line]
    told = subprocess.run([haproxy, "-v"], capture_output=True, text=True, check=True).stdout
    version = told.splitlines()[0].split(" 20")[0]
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    facts = [
        f"{os.cpu_count()} cores, {models[0] if models else platform.machine()}",
        f"Python {platform.python_version()}, Falcon {falcon.__version__}, "
        f"gunicorn {gunicorn.__version__}",
        version,
        f"load by {generator()}",
        f"load averages at the end (the measurements load the machine themselves): {busy}",
    ]
    return "\n".join(f"* {fact}" for fact in facts)


def markdown(table: Table) -> str:
    """One table; a limit that does not hold stands out."""
    limited = any(row.holds is not None for row in table.rows)
    heads = [*table.heads, "holds"] if limited else table.heads
    lines = [f"## {table.title}", ""]
    if table.limit:
        lines += [f"Limit: {table.limit}.", ""]
    lines += ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for row in table.rows:
        verdict = {True: "yes", False: "**no**", None: ""}[row.holds]
        cells = [*row.cells, verdict] if limited else row.cells
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def with_table(text: str, table: Table) -> str:
    """A page with this table instead of the one of the same title, or behind all others."""
    if f"## {table.title}\n" not in text:
        return f"{text.rstrip()}\n\n{markdown(table)}\n"
    before, _, rest = text.partition(f"## {table.title}\n")
    _, mark, after = rest.partition("\n## ")
    return f"{before}{markdown(table)}\n{mark}{after}"


def page(tables: list[Table], haproxy: str) -> str:
    """The whole of docs/performance.md."""
    return PAGE.format(
        command=COMMAND,
        machine=machine(haproxy),
        workers=WORKERS,
        threads=THREADS,
        load=CONNECTIONS,
        tables="\n\n".join(markdown(table) for table in tables),
    )
