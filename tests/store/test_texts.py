"""The texts of versions in the state: whole or not there, and on the disk where they matter."""

import errno
from pathlib import Path

import pytest

from dataplane_core.errors import StorageFailed
from dataplane_core.store.files import sync_file
from tests.store.support import add_server


@pytest.fixture
def config(bench):
    config = bench.store()
    add_server(config, "be1", "good", version=1)
    return config


def text_file(bench, version):
    (found,) = (bench.directory / "state/versions").glob(f"{version}-*.cfg")
    return found


@pytest.mark.parametrize("left", [b"", b"# _version=2\n", b"\0" * 200])
def test_a_text_that_was_written_in_part_is_no_text(bench, config, left):
    text_file(bench, 2).write_bytes(left)
    record = config.history.get(2)
    assert config.file.records.texts.read(2, record.digest) is None
    add_server(config, "be1", "more", version=2)
    assert config.version() == 3


def test_the_newest_text_is_kept_again_after_a_power_cut(bench, config):
    whole = text_file(bench, 2).read_bytes()
    text_file(bench, 2).write_bytes(b"")
    config.file.records.state.shutdown()
    again = bench.store()
    again.file.recover()
    assert text_file(bench, 2).read_bytes() == whole
    again.file.accept(2)
    add_server(again, "be1", "bad", version=2)
    assert again.file.restore("no route", 3) == 4
    assert "good" in bench.text and "bad" not in bench.text


def test_what_haproxy_accepts_is_on_the_disk_before_the_next_change(bench, config, monkeypatch):
    synced = []

    def seen(path):
        synced.append(path.name)
        sync_file(path)

    monkeypatch.setattr("dataplane_core.store.texts.sync_file", seen)
    add_server(config, "be1", "more", version=2)
    assert synced == []  # the text that HAProxy is taken to run was synced when it was found
    config.file.accept(2)
    assert synced == [text_file(bench, 2).name]
    config.history.accept(3)  # HAProxy took the change over its socket
    add_server(config, "be1", "most", version=3)
    assert synced[1:] == [text_file(bench, 3).name]


def test_two_attempts_with_the_same_text_leave_it_whole(bench, config):
    texts, record = config.file.records.texts, config.history.get(2)
    data = texts.read(2, record.digest)
    with open(text_file(bench, 2), "rb") as reader:
        texts.write(2, record.digest, data)
        assert reader.read() == data


def test_a_text_that_is_just_removed_is_not_to_be_synced(config, monkeypatch):
    """Another process removes what it holds for needless, also between a look and the sync."""
    monkeypatch.setattr(Path, "exists", lambda path: True)
    config.file.records.texts.sync(99, "digest")


def test_a_text_that_cannot_be_read_is_told_by_its_name(config, monkeypatch):
    record = config.history.get(2)

    def failing(path):
        raise OSError(errno.EIO, "Input/output error", path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    with pytest.raises(StorageFailed, match="cannot be read: Input/output error"):
        config.file.records.texts.read(2, record.digest)
