"""The tables as Markdown, with what they were measured on."""

import os
import platform
import subprocess
from pathlib import Path

import falcon
import gunicorn

from tests.bench.load import CONNECTIONS, generator
from tests.bench.systems import THREADS, WORKERS
from tests.bench.tables import Effort, Table

COMMAND = "python -m tests.bench --write docs/performance.md"
PAGE = """\
# Performance

Measured by `{command}`, which rewrites this page. `--only NAME` measures one thing alone (`--help`
lists the names), and with `--write` leaves the other tables as they are. The exit status says
whether every limit holds. Sides of a ratio are measured in turn within one run, as figures of two
machines, or of two days, cannot be compared; a ratio is the median of those of the rounds. Limits
in seconds and MiB are the exceptions: they are those of this machine.

{machine}

The server runs with {workers} workers and {threads} threads each. "plain" and "sha512" are the form
in which the settings hold the password of the user who asks. "By cost" is the ratio of the processor
time that the servers themselves spent on a request, turned so that above 1 is better for ours: a
busy machine changes it less than requests/s.

Memory is what all processes of the server have in it; a page that several of them share counts once, as
the kernel tells which pages of which files each has (/proc/PID/pagemap). That is the proportional
set size of a server that runs alone. The kernel's own figure is smaller wherever another program
has loaded the same Python, as it then counts a part of the libraries only. Pages of libraries that
the server has let go of, as only its start has needed them, are not in it: the system has them for
as long as it has room.

**Reading.** HAProxy, with two threads, returns the same status, body and header lines with
`http-request return` (a header line that it does not write is made up for by one of as many bytes).
It reads no password and looks nothing up. One process of HAProxy returns one answer. wrk asks both
without a pause where it is installed, over {load} connections from two threads, or over one from
one.

**Waiting.** A client of our own asks for one server over {load} connections. A request that is not
answered at the end of a round counts with the time that it has waited. HAProxy is measured while
the same goes on beside it: the commits, and their checks, are those of our server. The slow check
is a program that sleeps before it runs `haproxy -c`; the last row has more writers than the server
has threads.

**Reading beside a bare Falcon.** The bare application runs under gunicorn's gthread worker, returns
the same bytes from memory and checks no password. Our own client asks both over {load} connections.

**Writing in a transaction.** One POST of a server in a transaction of its own, over one kept
connection.

**A large transaction.** A thousand POSTs of servers into one backend. Its commit, the check by
HAProxy included, is compared with one POST of the text that it led to. The state that is kept of an
edit is what the state file grows by without free pages; what is written for it counts whole pages
of SQLite. Another worker's first read is a GET of the last of the servers over a connection of the
other worker, which has not been asked for that transaction before.

**Committing.** The bare application's commit writes, syncs, checks and renames a file, and knows no
versions: where even its ratio is above the limit, HAProxy checks faster than a file can be put in
place. A commit of ours can take less time than `haproxy -c`, as it waits for HAProxy's last words,
not for its end.

**Desired states.** A controller's load: each state changes the weights of 20 of 2 000 servers, and each
tenth adds a backend. The same states go to four servers in turn, each with a running HAProxy; a
state that is there already is sent again, and asks HAProxy for nothing.

**History.** A commit is a PUT of a weight with a version, on a file of 10 000 servers; the other revision
recorded who, when and a digest. The versions that are listed each changed one weight. The room of a
change is that of all rows that are kept of it, in whole pages of SQLite.

**Against another revision.** The sources of the other revision (`--against REVISION`) are unpacked
from git, and run by the same interpreter with the same libraries, on a file of 10 servers. Each of
the writers adds a server and deletes it again, with the newest version that it knows, and tries
again when another was faster. Starts are those of a server that has run on its folder before.

**One entry of a map.** The bare client keeps one connection to HAProxy's socket with `prompt`, and
sends `add map` or `get map`. The whole request goes over a kept connection to the server. Two parts
of it stand below it: our client of the Runtime API in the process that measures, and a GET of the
version over the same connection, which asks HAProxy for nothing.

**Trips of a request** are walked in one process on the file of 10 servers, without a network and
without HAProxy's check. "Calls" are those of our own functions in the thread that serves the
request, "files" are those of ours that the calls enter, "store → above" are the calls with which
the store asks a floor above its own, through its ports, and "store → api" all calls into the HTTP
interface that the store waits for. The times of another revision are ratios to this one: the
median, and the quartiles.

**One file.** The builds of contrib/appliance ([appliance.md](appliance.md)) beside the installed server, each
on a small file, started on a folder on which it has run before. Memory is measured when all is at rest
after the first answer, and after an edit; libraries that other processes have loaded, too, count in part.

**Without a fleet.** A server without the setting `fleet.store`, and one from which `block_plugins` leaves out
the plugin `fleet.membership`, in turn, on a file of 10 servers. The GET is of one server, 5 000 times in each round.
Memory is measured once the servers are at rest after their first answers.

**First GET of all backends.** The server has just given its first answer; a worker is known by the
process that holds the other end of a connection. Each row is of servers that nobody has asked
through another version.

**Memory after requests.** All reads are a GET of every list of the configuration for every section
that can be its parent, of every frontend and backend, of the raw text, the version and the
specification, through each worker. The mixed requests are reads, edits, commits, transactions given
up, and requests that are refused, through each worker; the limit of the second row is the memory in
the first and two parts in a hundred. "Memory after load" is that of the servers which the
measurements of reads, edits and commits have asked.

**Versions.** What the versions of the interface cost is told in ratios to version 2. A first GET is
one of what has just been changed, in one process without a network; those over HTTP ask for the
same again and again. The first request of all is one to version 2, which reads the file for the
others.

**The page.** Chromium opens the map of a site of 500 backends with 10 000 servers, through which 40
requests a second go. What is sent counts heads, scripts, data and the beginning of the streams, as
Chromium counts them. A browser that has been there asks for each file, and is told that it has it.
Viewers are plain clients that follow the two streams that the page opens; what they cost is the
processor time of all processes of the server. Tasks are those of the page's only thread, while
nobody touches it.

{tables}
"""


def machine(haproxy: str, effort: Effort) -> str:
    """What it was measured on, and for how long, as a list."""
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
        f"load by {generator()}; {effort.rounds} rounds of {effort.seconds} s, {effort.calls} single calls",
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


def page(tables: list[Table], haproxy: str, effort: Effort) -> str:
    """The whole of docs/performance.md."""
    return PAGE.format(
        command=COMMAND,
        machine=machine(haproxy, effort),
        workers=WORKERS,
        threads=THREADS,
        load=CONNECTIONS,
        tables="\n\n".join(markdown(table) for table in tables),
    )
