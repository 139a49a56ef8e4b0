"""A configuration file that is a link: whoever leads it elsewhere has edited it."""

import os

import pytest

from dataplane_core.errors import StorageFailed, VersionMismatch
from dataplane_core.store import commit
from dataplane_core.store.files import LinkRefused
from tests.store.support import TEXT, Bench, add_server


@pytest.fixture
def linked(tmp_path):
    bench = Bench(tmp_path)
    bench.file.rename(bench.file.with_name("one.cfg"))
    bench.file.symlink_to("one.cfg")
    return bench


def lead_to(bench, name, text):
    bench.file.with_name(name).write_text(text)
    new = bench.file.with_name("new")
    new.symlink_to(name)
    os.replace(new, bench.file)


def test_another_target_is_an_edit_for_those_who_were_there_and_those_who_come(linked):
    first = linked.store()
    add_server(first, "be1", "s2", version=1)
    transaction = first.transactions.begin(2).id
    lead_to(linked, "two.cfg", TEXT + "# two\n")
    assert first.version() == 3
    late = linked.store()
    assert late.version() == 3
    assert late.transactions.get(transaction).id == transaction
    add_server(late, "be1", "s3", version=3)
    assert first.version() == 4
    assert linked.file.is_symlink()
    assert "s3" in linked.file.with_name("two.cfg").read_text()


def test_the_state_of_another_file_is_refused(linked):
    linked.store().version()
    linked.file = linked.file.with_name("other.cfg")
    linked.file.write_text(TEXT)
    with pytest.raises(StorageFailed, match="is in use for .*/haproxy.cfg: set another"):
        linked.store().version()


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path):
    bench = Bench(tmp_path)
    config, other = bench.store(), tmp_path / "other"
    config.version()
    other.write_text("of somebody else\n")
    lock = bench.file.with_name(".haproxy.cfg.lock")
    lock.unlink()
    lock.symlink_to(other)
    with pytest.raises(LinkRefused, match=r"\.haproxy\.cfg\.lock cannot be locked: a link is there"):
        add_server(config, "be1", "s2", version=1)
    bench.file.write_text(TEXT + "# by hand\n")
    assert config.version() == 2
    assert other.read_text() == "of somebody else\n"


def test_a_text_that_is_set_aside_takes_the_place_of_a_link(tmp_path):
    bench = Bench(tmp_path)
    config, other = bench.store(), tmp_path / "other"
    config.version()
    other.write_text("of somebody else\n")
    rejected = bench.file.with_name("haproxy.cfg.rejected")
    rejected.symlink_to(other)
    bench.file.write_text("refused\n")
    version = config.version()
    config.file.restore("no", version)
    assert (rejected.is_symlink(), rejected.read_text()) == (False, "refused\n")
    assert other.read_text() == "of somebody else\n"


@pytest.mark.parametrize("moment", ["candidate-checked", "locked"])
def test_a_link_that_comes_during_a_commit_gets_no_text(tmp_path, monkeypatch, moment):
    """The change was made on what the file was, and is made on what it is now, or refused."""
    bench = Bench(tmp_path)
    config, other = bench.store(), bench.file.with_name("two.cfg")
    config.version()

    def swapped(name):
        if name == moment and not bench.file.is_symlink():
            lead_to(bench, "two.cfg", TEXT + "# two\n")

    monkeypatch.setattr(commit, "failpoint", swapped)
    with pytest.raises(VersionMismatch):
        add_server(config, "be1", "s2", version=1)
    assert other.read_text() == TEXT + "# two\n"
    assert add_server(config, "be1", "s2", version=config.version()).version == 3
    assert "s2" in other.read_text() and "# two" in other.read_text()
