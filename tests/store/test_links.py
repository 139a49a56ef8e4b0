"""A configuration file that is a link: whoever leads it elsewhere has edited it."""

import os
import shutil

import pytest

from dataplane_core.errors import CheckFailed, StorageFailed, VersionMismatch
from dataplane_core.store import commit
from dataplane_core.store.files import LinkRefused
from tests.harness.processes import open_files
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


def put_another_folder(bench, text):
    """Do as an operator who moves the folder away, and makes one with the same path."""
    folder = bench.file.parent
    former = folder.with_name("former")
    shutil.rmtree(former, ignore_errors=True)
    folder.rename(former)
    folder.mkdir()
    bench.file.write_text(text)
    return former / bench.file.name


def test_another_folder_in_the_place_of_the_first_is_followed(tmp_path):
    bench = Bench(tmp_path)
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    former = put_another_folder(bench, TEXT + "# two\n")
    assert config.version() == 3
    add_server(config, "be1", "s3", version=3)
    assert "s3" in bench.text and "# two" in bench.text and "s3" not in former.read_text()
    put_another_folder(bench, text := bench.text)
    assert (config.version(), bench.text) == (4, text)
    assert add_server(config, "be1", "s4", version=4).version == 5


@pytest.mark.parametrize("more", ["", "# two\n"])
@pytest.mark.parametrize("in_transaction", [False, True])
def test_a_folder_that_is_replaced_while_haproxy_checks_takes_no_change_with_it(tmp_path, more, in_transaction):
    """The change was written into the folder that had been moved away, and acknowledged."""
    bench = Bench(tmp_path)
    config, moved = bench.store(), []
    config.version()
    text = bench.text

    def moves():
        if not moved:
            moved.append(put_another_folder(bench, text + more))

    bench.checker.before = moves
    with pytest.raises(VersionMismatch):
        if in_transaction:
            transaction = config.transactions.begin(1).id
            add_server(config, "be1", "s2", transaction_id=transaction)
            config.transactions.commit(transaction)
        else:
            add_server(config, "be1", "s2", version=1)
    assert (moved[0].read_text(), bench.text) == (text, text + more)
    assert bench.litter() == []
    assert [one.name for one in moved[0].parent.iterdir() if one.name.endswith(".tmp")] == []
    version = config.version()
    assert version == (2 if more else 1)
    assert add_server(config, "be1", "s2", version=version).version == version + 1
    assert "s2" in bench.text


def test_commits_leave_nothing_open(tmp_path):
    bench = Bench(tmp_path)
    config = bench.store()

    def work(name):
        add_server(config, "be1", name, version=config.version())
        identifier = config.transactions.begin(config.version()).id
        add_server(config, "be1", f"{name}-t", transaction_id=identifier)
        config.transactions.commit(identifier)
        with pytest.raises(CheckFailed):
            add_server(config, "be1", f"refused-{name}", version=config.version())
        bench.file.write_text(bench.text + f"# by hand {name}\n")
        config.file.restore("by the test", config.version())

    def found():
        """What is open, but for the locks of transactions, of which there is a fixed number."""
        return sorted(one for one in open_files() if "/edit-" not in one)

    work("warm")
    before = found()
    for number in range(5):
        work(f"s{number}")
    assert found() == before
