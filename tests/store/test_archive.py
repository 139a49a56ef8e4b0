"""What is recorded of versions, and found again: people, ways to HAProxy, objects, lines."""

import random

import pytest

from dataplane_core.errors import NotFound, Reference
from dataplane_core.store.archive import Wanted
from dataplane_core.store.author import Author
from dataplane_core.store.journal.version_objects import MOST_OBJECTS, TouchedObject
from tests.store.support import add_server, connection_of
from tests.store.test_failpoints import die
from tests.store.test_kept_texts import edit_somehow

ANN = Author("ann", "basic", "192.0.2.1:4711", "curl/8", "v3", "r1", "weights of \N{SNOWMAN}")


def described(before, after):
    """Sections that differ, as a registry would tell them."""
    return [
        TouchedObject(Reference("sections", *change.key[:2]), "changed" if change.old and change.new else "created")
        for change in after.diff(before)
    ]


@pytest.fixture
def config(bench):
    bench.describe = described
    return bench.store()


def test_who_asked_from_where_and_why_is_recorded(bench, config):
    outcome = add_server(config, "be1", "odd", version=1, author=ANN)
    record = bench.store().archive.get(2)
    assert record.author == ANN
    assert (record.delivery.reload_id, record.delivery.commands) == (outcome.reload_id, ())
    assert [said.partition(" [")[0] for said in record.warnings] == ["line 11: parsing"]


def test_the_intent_of_a_process_that_died_says_who_asked(bench):
    die(bench, "replaced", "direct")
    config = bench.store()
    assert config.archive.get(2).origin == "api"
    assert config.archive.objects([config.archive.get(2)]) == {2: ()}


def test_the_commands_that_brought_a_version_to_haproxy_are_recorded(bench, config):
    def plan(change):
        change.commands.append("set server be1/s1 weight 3")
        return lambda: True

    bench.plan = plan
    assert add_server(config, "be1", "s2", version=1).state == "applied"
    record = config.archive.get(2)
    assert record.applied and record.delivery.commands == ("set server be1/s1 weight 3",)
    assert record.delivery.reload_id is None


def test_why_a_reload_was_needed_is_recorded(bench, config):
    def plan(change):
        change.require_reload("servers be1 s2: only a reload does that")

    bench.plan = plan
    outcome = add_server(config, "be1", "s2", version=1)
    delivery = config.archive.get(2).delivery
    assert (delivery.reload_id, delivery.reason) == (outcome.reload_id, "servers be1 s2: only a reload does that")


def test_what_undid_a_version_is_recorded(bench, config):
    add_server(config, "be1", "s2", version=1)
    add_server(config, "be1", "s3", version=2)
    assert config.file.restore("HAProxy said no", 3) == 4
    found = {record.version: (record.undone_by, record.text_of) for record in config.archive.find(Wanted(), 9)}
    assert found == {1: (None, None), 2: (4, None), 3: (4, None), 4: (None, 1)}


def test_versions_are_found_by_what_is_wanted_of_them(bench, config):
    add_server(config, "be1", "s2", version=1, author=ANN)
    bench.file.write_text(bench.text + "# by hand\n")
    config.version()
    transaction = config.transactions.begin(3)
    add_server(config, "be2", "s2", transaction_id=transaction.id)
    config.transactions.commit(transaction.id)
    with config.file.records.state.write() as connection:
        connection.execute("UPDATE history SET created = version * 100")

    def found(limit=9, **wanted):
        return [record.version for record in config.archive.find(Wanted(**wanted), limit)]

    assert found() == [4, 3, 2, 1]
    assert found(limit=2) == [4, 3]
    assert found(before=4, limit=2) == [3, 2]
    assert found(since=200, until=400) == [3, 2]
    assert found(who="ann") == [2]
    assert found(origin="external") == [3, 1]
    assert found(transactions=True) == [4]
    assert found(touched=(Reference("", "backend", "be2"),)) == [4, 3]
    assert found(touched=(Reference("", "backend", "be1"), Reference("", "backend", "be2"))) == [4, 3, 2]
    assert found(touched=(Reference("", "backend", "be"),)) == []
    with pytest.raises(NotFound):
        config.archive.get(5)


def test_of_many_objects_the_sections_are_kept(bench, config):
    objects = config.file.records.objects
    many = [TouchedObject(Reference("servers", "backend", f"b{n % 9}", f"s{n}"), "created") for n in range(MOST_OBJECTS + 1)]
    with config.file.records.state.write() as connection:
        objects.add(connection, 1, many)
        objects.add(connection, 2, [TouchedObject(Reference("rules", "frontend", "f", 3), "moved")])
    assert objects.of([1, 2, 3]) == {
        1: [TouchedObject(Reference("", "backend", f"b{n}"), "changed") for n in range(9)],
        2: [TouchedObject(Reference("rules", "frontend", "f", 3), "moved")],
    }


def test_a_description_that_fails_stops_no_commit(bench, caplog):
    bench.describe = lambda before, after: 1 // 0
    config = bench.store()
    assert add_server(config, "be1", "s2", version=1).version == 2
    assert "what version 2 changes is not recorded" in caplog.text


@pytest.mark.parametrize("seed", range(4))
def test_blame_names_the_version_that_wrote_each_line(bench, config, seed):
    """A line that stands once in a text is of the version since which it has always stood there."""
    chance = random.Random(seed)
    texts = {config.version(): bench.text.split("\n")}
    for number in range(30):
        if number % 7 == 3:
            bench.file.write_text(f"# {number}\n" + bench.text.replace("mode http", f"mode http # {number}"))
        else:
            edit_somehow(config, chance, number)
        version = config.version()
        lines = texts[version] = bench.text.split("\n")
        blamed = config.archive.blame(version)
        assert [(line.number, line.text) for line in blamed] == list(enumerate(lines[:-1], 1))
        for line in blamed:
            if line.text.strip() and lines.count(line.text) == 1:
                since = next(one for one in range(version, 0, -1) if line.text not in texts.get(one - 1, ()))
                assert (line.version, line.or_earlier) == (since, False)


def test_a_line_older_than_all_texts_is_said_to_be(bench):
    bench.options["dataplane.history_limit"] = 3
    config = bench.store()
    for version in range(1, 8):
        add_server(config, "be1", f"s{version + 1}", version=version)
    blamed = {line.text.split()[1]: line for line in config.archive.blame(8) if line.text.startswith("  server s")}
    oldest = config.file.records.text_rows.oldest()
    assert (blamed["s2"].version, blamed["s2"].or_earlier) == (oldest, True)
    assert (blamed["s8"].version, blamed["s8"].or_earlier) == (8, False)


def test_a_page_of_the_history_asks_the_state_as_often_whatever_there_is(bench, config):
    """And finds the newest versions, and those below one, by the key of the table."""
    state = config.file.records.state

    def asked(**wanted):
        statements = []
        connection = connection_of(state)
        connection.set_trace_callback(statements.append)
        records = config.archive.find(Wanted(**wanted), 5)
        config.archive.objects(records)
        connection.set_trace_callback(None)
        assert len(records) == 5
        plans = [row["detail"] for sql in statements if "FROM history" in sql for row in state.read(f"EXPLAIN QUERY PLAN {sql}")]
        assert not [plan for plan in plans if "TEMP B-TREE" in plan]
        return len(statements)

    for version in range(1, 10):
        add_server(config, "be1", f"s{version + 1}", version=version)
    few = asked(before=9), asked(who="", before=9)
    for version in range(10, 40):
        add_server(config, "be1", f"s{version + 1}", version=version)
    assert (asked(before=39), asked(who="", before=39)) == few
    assert max(few) <= 4
