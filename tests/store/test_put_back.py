"""A past text becomes the newest version again: what is laid down of it, and what refuses it."""

import random

import pytest

from dataplane_core.errors import CheckFailed, Conflict, NotFound, VersionMismatch
from dataplane_core.store.archive import Wanted
from dataplane_core.store.author import Author
from tests.store.support import add_server
from tests.store.test_kept_texts import edit_somehow


def rest(text):
    return text.partition("\n")[2]


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_same_text_but_for_the_version_line(bench, seed):
    """Of any version, whatever has happened since; its text is found under both numbers."""
    chance = random.Random(seed)
    config = bench.store()
    for number in range(12):
        edit_somehow(config, chance, number)
    for _ in range(8):
        newest = config.version()
        wanted = chance.randrange(2, newest)
        before = config.raw_text(wanted)[0]
        outcome = config.put_back(wanted, author=Author("ann"))
        assert outcome.version == newest + 1
        assert bench.text == f"# _version={newest + 1}\n" + rest(before)
        assert config.raw_text(wanted)[0] == before
        record = config.archive.get(newest + 1)
        assert (record.text_of, record.who) == (wanted, "ann")


def test_what_was_undone_and_is_back_is_told(bench):
    config = bench.store()
    for version in range(1, 5):
        add_server(config, "be1", f"s{version + 1}", version=version)

    def undone():
        return {one.version: one.undone_by for one in config.archive.find(Wanted(), 99) if one.undone_by}

    config.put_back(2)
    assert undone() == {3: 6, 4: 6, 5: 6}
    config.put_back(4)
    assert undone() == {5: 7, 6: 7}
    config.put_back(1)
    assert undone() == {2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 7: 8}


def test_it_is_checked_first(bench):
    config = bench.store()
    config.version()
    bench.file.write_text(bench.text + "backend refused\n")
    config.version()
    bench.file.write_text(bench.text.replace("refused", "taken"))
    assert config.version() == 3
    before = bench.text
    with pytest.raises(CheckFailed):
        config.put_back(2)
    assert (bench.text, config.version()) == (before, 3)


def test_what_cannot_be_put_back(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    with pytest.raises(Conflict, match="version 2 is the newest one"):
        config.put_back(2)
    with pytest.raises(NotFound):
        config.put_back(7)
    with pytest.raises(VersionMismatch):
        config.put_back(1, newest=1)
    assert config.put_back(1, newest=2).version == 3


def test_commands_bring_it_to_haproxy_where_they_can(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    bench.plan = lambda change: lambda: True
    assert config.put_back(1).state == "applied"
    assert config.put_back(2, reload_reason="files are back").state == "queued"
    assert config.archive.get(4).delivery.reason == "files are back"
