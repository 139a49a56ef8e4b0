"""The texts of past versions: rows with what changed, whatever happened while they were written."""

import random
import time

import pytest

from dataplane_core.errors import NotFound, Reference
from dataplane_core.store.author import Author
from dataplane_core.store.failpoints import NAMES
from dataplane_core.store.journal.version_objects import TouchedObject
from tests.store.support import TEXT, Bench, add_server, with_backend, with_server
from tests.store.test_failpoints import die

COMMIT = NAMES[: NAMES.index("followed") + 1]


def edit_somehow(config, chance, number):
    """Make a change of some kind through the store."""
    with config.edit(version=config.version()) as edit:
        document = edit.document
        section = chance.choice(document.of_kind("backend"))
        match chance.randrange(4):
            case 0 if len(document.of_kind("backend")) > 1:
                edit.document = document.remove(section)
            case 1 if section.lines:
                lines = list(section.lines)
                del lines[chance.randrange(len(lines))]
                edit.document = document.replace(section, section.with_lines(lines))
            case 2:
                edit.document = with_backend(document, f"new{number}")
            case _:
                edit.document = with_server(document, section.name, f"n{number}")


@pytest.mark.parametrize("seed", range(6))
def test_every_version_reads_as_it_stood_in_the_file(bench, seed):
    chance = random.Random(seed)
    config = bench.store()
    texts = {config.version(): bench.text}
    for number in range(40):
        if number % 9 == 4:
            bench.file.write_bytes(bench.file.read_bytes() + b"# by hand \xff %d" % number)
            config.version()
        else:
            edit_somehow(config, chance, number)
        snapshot = config.snapshot()
        texts[snapshot.version] = snapshot.text
    again = bench.store()
    assert {version: again.raw_text(version)[0] for version in texts} == texts
    assert len(list((bench.directory / "state/versions").iterdir())) <= 12
    assert again.file.records.state.read("SELECT count(*) AS n FROM whole_texts")[0]["n"] < 20


def large(bench, lines):
    text = TEXT + "".join(f"  server s{n} 10.0.0.1:80 weight {n % 200} # {n * n}\n" for n in range(2, lines))
    bench.file.write_text(text)


def test_a_small_change_of_a_large_file_is_a_small_row(bench):
    large(bench, 20_000)
    config = bench.store()
    for version in range(1, 21):
        add_server(config, "be1", f"n{version}", version=version)
    rows = config.file.records.state.read(
        "SELECT version, length(changes) AS size FROM version_texts WHERE changes IS NOT NULL"
    )
    assert len(rows) == 20 and max(row["size"] for row in rows) < 100
    whole = config.file.records.state.read("SELECT version FROM whole_texts")
    assert [row["version"] for row in whole] == [1]
    assert "n7" in config.raw_text(8)[0] and "n8" not in config.raw_text(8)[0]


def test_a_small_change_of_a_large_file_takes_little_of_the_disk(bench):
    """All that is kept of it together, in pages of SQLite: 4 KiB at most."""
    large(bench, 30_000)
    bench.describe = lambda before, after: [TouchedObject(Reference("servers", "backend", "be2", "n1"), "created")]
    config = bench.store()
    author = Author("admin", "basic", "192.0.2.1:4711", "curl/8.5.0", "v3", "0" * 32, "less load on s1")
    add_server(config, "be1", "n1", version=1, author=author)

    def used():
        with config.file.records.state.write() as connection:
            pages = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")]
            return (pages[0] - pages[1]) * connection.execute("PRAGMA page_size").fetchone()[0]

    before = used()
    for version in range(2, 22):
        add_server(config, "be1", f"n{version}", version=version, author=author)
    assert (used() - before) / 20 <= 4096
    contents = [path.stat().st_size for path in (bench.directory / "state/versions").iterdir()]
    assert len(contents) <= 10  # texts that may be written or loaded next, however many versions there are


@pytest.mark.parametrize("name", COMMIT)
def test_a_death_leaves_the_history_whole(bench, name):
    """What was written is in the history, with its text, and the next version goes on from it."""
    assert die(bench, f"{name}:2", "direct", "direct") == [{"version": 2}]
    config = bench.store()
    newest = config.version()
    text = bench.text
    add_server(config, "be2", "after", version=newest)
    rows = config.file.records.text_rows
    for record in config.history.latest():
        assert rows.read(record.version, record.digest) is not None, record
    assert config.raw_text(newest)[0] == text
    assert rows.missing(range(1, newest + 2)) == set()


def test_files_of_a_former_server_become_rows(bench):
    config = bench.store()
    texts = {1: bench.text}
    for version in range(1, 8):
        add_server(config, "be1", f"n{version}", version=version)
        texts[version + 1] = bench.text
    records = config.file.records
    for version, text in texts.items():
        records.texts.write(version, config.history.get(version).digest, text.encode())
    with records.state.write() as connection:
        records.text_rows.clear(connection)
    records.state.shutdown()
    again = bench.store()
    again.file.recover()
    assert again.file.records.text_rows.missing(texts) == set()
    add_server(again, "be1", "more", version=8)
    assert {version: again.raw_text(version)[0] for version in texts} == texts
    commits(again, 10, first=9)
    assert 2 not in again.file.records.texts.kept()


def kept(config, until):
    found = []
    for version in range(1, until + 1):
        try:
            config.raw_text(version)
        except NotFound:
            continue
        found.append(version)
    return found


def commits(config, number, first=1):
    for version in range(first, first + number):
        add_server(config, "be1", f"n{version}", version=version)


def test_old_texts_go_by_number(bench):
    bench.options["dataplane.history_limit"] = 16
    config = bench.store()
    config.file.accept(1)
    commits(config, 40)
    rows = [version for version in kept(config, 41) if version > 1]
    assert 16 <= len(rows) <= 18 and rows == list(range(rows[0], 42))


def test_a_text_is_read_whole_while_older_ones_are_forgotten(bench, monkeypatch):
    config, other = bench.store(), bench.store()
    commits(config, 8)
    text, rows = bench.text, config.file.records.text_rows
    read, forget = rows._state.read, other.file.records.text_rows.forget_below
    digest = config.history.get(9).digest

    def forgotten(*query):
        found = read(*query)
        forget(8)
        return found

    monkeypatch.setattr(rows._state, "read", forgotten)
    assert rows.read(9, digest).decode() == text


def test_old_texts_go_by_age(bench):
    bench.options["dataplane.history_age"] = 3600.0
    config = bench.store()
    commits(config, 15)
    with config.file.records.state.write() as connection:
        connection.execute("UPDATE history SET created = created - 7200 WHERE version < 5")
    add_server(config, "be1", "more", version=16)
    assert kept(config, 17) == [1, *range(5, 18)]  # the first is the one that HAProxy has accepted


def test_a_clock_that_was_set_ahead_makes_no_text_old(bench, monkeypatch):
    bench.options["dataplane.history_age"] = 3600.0
    config = bench.store()
    commits(config, 15)
    wall = time.time()
    monkeypatch.setattr(time, "time", lambda: wall + 10 * 365 * 86400)
    commits_more = [add_server(config, "be1", f"more{number}", version=number) for number in range(16, 32)]
    assert kept(config, commits_more[-1].version) == [*range(1, 33)]


def test_old_texts_go_by_the_room_that_they_take(bench):
    bench.options["dataplane.history_size"] = 2048
    config = bench.store()
    commits(config, 64)
    rows = config.file.records.text_rows
    assert rows.size(rows.oldest(), 64) <= 2048
    assert 1 < len(kept(config, 65)) < 50


def test_nothing_is_kept_of_a_text_that_became_no_version(bench):
    config = bench.store()
    config.version()
    with pytest.raises(Exception, match="refused"):
        add_server(config, "be1", "refused", version=1)
    assert config.file.records.text_rows.missing([2]) == {2}
    assert config.file.records.texts.kept() == [1]


def test_the_texts_of_another_file_are_not_those_of_this(bench):
    config = bench.store()
    commits(config, 2)
    config.file.records.state.shutdown()
    (bench.directory / "other").mkdir()
    other = Bench(bench.directory / "other")
    other.directory = bench.directory
    assert kept(other.store(), 3) == [1]
