"""A configuration file that is a link: whoever leads it elsewhere has edited it."""

import os

import pytest

from dataplane_core.errors import StorageFailed
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
