"""What the history costs: commits, lists of ten thousand versions, and room on the disk."""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count

from dataplane_core.errors import Reference
from dataplane_core.settings import Settings
from dataplane_core.store import State, VersionedFile
from dataplane_core.store.archive import Archive
from dataplane_core.store.author import Author
from dataplane_core.store.head import digest_of
from dataplane_core.store.journal.texts import FormerText
from dataplane_core.store.journal.version_objects import TouchedObject
from dataplane_core.store.journal.version_records import DeliveryRecord, VersionRecord
from dataplane_core.store.ports import no_objects
from dataplane_core.text.language import Language
from tests.bench import files, systems
from tests.bench.files import LARGE, LINES, SMALL
from tests.bench.load import Connection, request
from tests.bench.run import Run
from tests.bench.tables import Row, Table, in_turn, medians, ratio, timed
from tests.harness.recorded import TOP
from tests.harness.server import ApiServer, Client

WITHOUT = "3c8751e"
"""The last revision that recorded who, when and the digest of a version, and no more."""
VERSIONS = 10_000
COMMIT, GET, PAGE_MS, CHANGE_BYTES = 1.1, 1.1, 20.0, 4096
_GETS = 200
"""Requests in a round: one takes less than the clock of the processor tells apart."""
_SERVERS = "/v2/services/haproxy/configuration/servers"


def history(run: Run) -> list[Table]:
    """Four limits: of a commit's time, of a GET's, of a page's, and of a change's room."""
    heads = ["what", "this revision", WITHOUT, "ratio", "limit"]
    table = Table("History", heads, limit="that of the row")
    _commits(run, table)
    _reads(run, table)
    _pages(run, table)
    _room(run, table)
    return [table]


def _commits(run: Run, table: Table) -> None:
    with ExitStack() as started:
        servers = [
            started.enter_context(systems.ours(LARGE, run.new_folder(), run.haproxy, None, sources))
            for sources in (TOP, run.sources(WITHOUT))
        ]
        sides = [partial(_commit, one, one.client()) for one in servers]
        for side in sides:
            side()
        rounds = in_turn(max(5, run.effort.calls), *sides)
    for what, at, limit in (
        ("commit of a weight, 10 000 servers (ms)", 0, COMMIT),
        ("processor time of the server for it (ms)", 1, 0.0),
    ):
        spent = [[one[at] for one in pair] for pair in rounds]
        reached = ratio([one for one in spent if one[1]])
        cells = [what, *(f"{one:.1f}" for one in medians(spent)), f"{reached:.2f}"]
        cells.append(f"≤ {limit}" if limit else "")
        table.rows.append(Row(cells, reached <= limit if limit else None))


def _commit(server: ApiServer, client: Client) -> tuple[float, float]:
    """Milliseconds of a PUT with a version, and of the processor for it."""
    place = systems.at(server.port, server.process).process
    query = {"parent_type": "backend", "parent_name": "be0", "version": client.version()}
    body = client.call("GET", f"{_SERVERS}/s1", **{**query, "version": ""}).json["data"]
    body["weight"] = 1 + (body.get("weight", 0) + 1) % 200
    before = systems.processor_seconds(place)
    spent = timed(lambda: client.call("PUT", f"{_SERVERS}/s1", body, **query))
    assert client.version() == query["version"] + 1
    return spent, (systems.processor_seconds(place) - before) * 1000


def _reads(run: Run, table: Table) -> None:
    """A GET of one server, to which the history adds nothing."""
    with ExitStack() as started:
        ports = [
            started.enter_context(systems.ours(SMALL, run.new_folder(), run.haproxy, None, sources)).port
            for sources in (TOP, run.sources(WITHOUT))
        ]
        for what, name in (("from the loop's memory", ""), ("by the application", "&n={}")):
            sides = [partial(_gets, Connection(port), name, count()) for port in ports]
            for side in sides:
                side()
            rounds = in_turn(max(9, run.effort.calls), *sides)
            reached = ratio(rounds)
            cells = [f"GET of one server, answered {what} (ms)", *(f"{one:.3f}" for one in medians(rounds))]
            table.rows.append(Row([*cells, f"{reached:.2f}", f"≤ {GET}"], reached <= GET))


def _gets(connection: Connection, more: str, numbers: Iterator[int]) -> float:
    """Milliseconds of one of many GETs over one connection; `more` makes each the first of its kind."""

    def ask() -> None:
        for _ in range(_GETS):
            path = f"{_SERVERS}/s1?backend=be0" + more.format(next(numbers))
            told = connection.exchange(request(path, systems.PLAIN))
            assert told.startswith(b"HTTP/1.1 200"), told

    return timed(ask) / _GETS


def _filled(run: Run, size: files.Size, versions: int) -> tuple[VersionedFile, int]:
    """A file with that many versions, each another weight; and the bytes that they take."""
    folder = run.new_folder()
    folder.mkdir(parents=True)
    path = folder / "haproxy.cfg"
    text = files.configuration(size, 8080)
    path.write_text(text)
    settings = Settings.default().replace(**{"haproxy.config_file": str(path)})
    state = State(folder / "state")
    file = VersionedFile(settings, Language({"global", "defaults", "frontend", "backend"}), state, None, None)  # type: ignore[arg-type]
    first = file.version()
    before = _bytes(state)
    records, data, lines = file.records, text.encode(), text.encode().split(b"\n")
    at = next(number for number, line in enumerate(lines) if line.startswith(b"  server"))
    author = Author("admin", "basic", "192.0.2.1:4711", "curl/8.5.0", "v3", "0" * 32, "less load on s1")
    with state.write(synced=False) as connection:
        for version in range(first + 1, first + versions + 1):
            lines[0], lines[at] = b"# _version=%d" % version, b"  server s0 10.0.0.1:80 weight %d" % (version % 256)
            former, data = FormerText(version - 1, data), b"\n".join(lines)
            digest = digest_of(data)
            kept = records.text_rows.prepared(version, digest, data, former)
            delivery = DeliveryRecord(("set server be0/s0 weight 1",))
            record = VersionRecord(version, digest, "active", "api", time.time(), author, applied=True, delivery=delivery)
            records.versions.record(record)
            records.text_rows.add(connection, kept)
            objects = [TouchedObject(Reference("servers", "backend", "be0", "s0"), "changed")]
            records.objects.add(connection, version, objects)
    path.write_bytes(data)
    return file, _bytes(state) - before


def _bytes(state: State) -> int:
    """Bytes of the state file, without what is in its log."""
    with state.write() as connection:
        used = connection.execute("PRAGMA page_count").fetchone()[0]
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    return (used - free) * size


def _pages(run: Run, table: Table) -> None:
    from dataplane_core.store.archive import Wanted

    file, _ = _filled(run, files.SMALL, VERSIONS)
    archive = Archive(file, no_objects)
    pages = {
        "the newest 50": Wanted(),
        "50 in the middle": Wanted(before=VERSIONS // 2),
        "of nobody": Wanted(who="nobody"),
        "of one resource": Wanted(touched=(Reference("servers", "backend", "be0", "s9"),)),
    }
    for name, wanted in pages.items():
        spent = statistics.median(
            timed(lambda wanted=wanted: archive.objects(archive.find(wanted, 50)))  # type: ignore[misc]
            for _ in range(run.effort.calls)
        )
        cells = [f"page of {VERSIONS} versions, {name} (ms)", f"{spent:.2f}", "", "", f"≤ {PAGE_MS}"]
        table.rows.append(Row(cells, spent <= PAGE_MS))
    for name, action in (
        ("text of the oldest version (ms)", lambda: file.records.text(2)),
        ("who wrote each line of the newest (ms)", lambda: archive.blame(file.version())),
    ):
        spent = statistics.median(timed(action) for _ in range(3))
        table.rows.append(Row([name, f"{spent:.2f}", "", "", ""]))
    file.records.state.shutdown()


def _room(run: Run, table: Table) -> None:
    versions = 200
    file, grown = _filled(run, LINES, versions)
    cells = ["room of a change of a file of 100 000 lines (bytes)", f"{grown / versions:.0f}", "", "", f"≤ {CHANGE_BYTES}"]
    table.rows.append(Row(cells, grown / versions <= CHANGE_BYTES))
    file.records.state.shutdown()
