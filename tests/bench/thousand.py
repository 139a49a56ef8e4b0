"""A transaction of a thousand POSTs into one backend: its commit, its state, and another worker's read."""

import sqlite3
from pathlib import Path

from tests.bench import systems
from tests.bench.files import SMALL
from tests.bench.run import Run
from tests.bench.tables import Row, Table, medians, ratio, timed
from tests.bench.workers import to_each_worker, worker_of
from tests.harness.server import CONFIGURATION, TRANSACTIONS, ApiServer, Client

EDITS = 1_000
RAW = f"{CONFIGURATION}/raw"
COMMIT, STATE, READ = 1.3, 2.0, 50.0
"""Limits: times the commit of the same text by one POST of it, kB an edit, milliseconds."""


def thousand(run: Run) -> list[Table]:
    """The commit against one of the whole text, and what is kept of each edit."""
    heads = ["a transaction of 1 000 POSTs", "measured", "compared with", "ratio", "limit"]
    table = Table("A large transaction", heads, limit="as in the row")
    with systems.ours(SMALL, run.new_folder(), run.haproxy) as server:
        writer, other = to_each_worker(server, systems.WORKERS)
        rounds, kept, written, reads = [], [], [], []
        for _ in range(max(1, run.effort.rounds // 3)):
            one = Large(server, writer, other)
            rounds.append(one.compared())
            kept.append(one.kept)
            written.append(one.written)
            reads.append(one.first_read)
    commit, raw = medians(rounds)
    reached, state, read = ratio(rounds), medians(zip(kept, strict=True))[0], max(reads)
    out = medians(zip(written, strict=True))[0]
    table.rows = [
        Row(["commit (ms); POST of the same text (ms)", f"{commit:.0f}", f"{raw:.0f}",
             f"{reached:.2f}", f"≤ {COMMIT}"], reached <= COMMIT),
        Row(["state kept of an edit (kB)", f"{state:.2f}", "", "", f"≤ {STATE}"], state <= STATE),
        Row(["bytes written for an edit, with SQLite's pages (kB)", f"{out:.1f}", "", "", ""]),
        Row(["first read of another worker (ms)", f"{read:.1f}", "", "", f"≤ {READ:.0f}"], read <= READ),
    ]  # fmt: skip
    return [table]


class Large:
    """One such transaction, made over one worker's connection, and read over another's."""

    def __init__(self, server: ApiServer, writer: Client, other: Client) -> None:
        self.server, self.writer = server, writer
        self.before = self._raw()
        begun = writer.call("POST", TRANSACTIONS, version=writer.version())
        self.identifier = begun.json["id"]
        worker = worker_of(server, writer)
        size, out = self._state(), written_by(worker)
        for number in range(EDITS):
            self._post(number)
        self.written = (written_by(worker) - out) / EDITS / 1000
        self.kept = (self._state() - size) / EDITS / 1000
        self.first_read = timed(lambda: self._read(other))

    def _post(self, number: int) -> None:
        body = {"name": f"one{number}", "address": "192.0.2.1", "port": 80, "check": "enabled"}
        query = {"backend": "be0", "transaction_id": self.identifier}
        made = self.writer.call("POST", f"{CONFIGURATION}/servers", body, **query)
        assert made.status == 202, made.body

    def _read(self, client: Client) -> None:
        query = {"backend": "be0", "transaction_id": self.identifier}
        answer = client.call("GET", f"{CONFIGURATION}/servers/one{EDITS - 1}", **query)
        assert answer.status == 200, answer.body

    def compared(self) -> list[float]:
        """Milliseconds of the commit, and of a commit of the text that it made; all is put back."""
        committed = timed(self._commit)
        after = self._raw()
        self._post_raw(self.before)
        posted = timed(lambda: self._post_raw(after))
        self._post_raw(self.before)
        return [committed, posted]

    def _commit(self) -> None:
        answer = self.writer.call("PUT", f"{TRANSACTIONS}/{self.identifier}")
        assert answer.status == 202, answer.body

    def _raw(self) -> str:
        return str(self.writer.call("GET", RAW).data)

    def _post_raw(self, text: str) -> None:
        version = self.writer.version()
        answer = self.writer.call("POST", RAW, text=text, version=version)
        assert answer.status == 202, answer.body

    def _state(self) -> int:
        """Bytes of the state file without free pages."""
        folder = self.server.folder / "state"
        copy = folder / "copy.sqlite"
        state = sqlite3.connect(folder / "state.sqlite")
        state.execute("VACUUM INTO ?", (str(copy),))
        state.close()
        size = copy.stat().st_size
        copy.unlink()
        return size


def written_by(process: int) -> int:
    """Bytes that a process has handed to files: proc(5), /proc/pid/io."""
    lines = Path(f"/proc/{process}/io").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar:"))
