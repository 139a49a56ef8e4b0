"""Full disks and directories that may not be written: the reason is told, the file is as it was."""

import os
import resource
import subprocess
from contextlib import contextmanager

import pytest

from dataplane_core.errors import StorageFailed, StorageFull
from dataplane_core.store import exchange, files
from tests.harness.disks import fill_up, tiny_disk
from tests.store.support import TEXT, Bench, add_server, with_backend


@contextmanager
def file_size_limit(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_may_not_grow_is_507(bench):
    config = bench.store()
    config.version()
    with (
        file_size_limit(200),
        pytest.raises(StorageFull) as failure,
        config.edit(version=1) as edit,
    ):
        edit.document = with_backend(edit.document, "b" * 300)
    assert failure.value.status == 507
    assert str(bench.file) in failure.value.message
    assert bench.text == TEXT
    assert bench.litter() == []
    assert add_server(config, "be1", "s2", version=1).version == 2


def test_a_full_disk_under_the_configuration(bench):
    with tiny_disk(bench.file.parent):
        bench.file.write_text(TEXT)
        config = bench.store()
        config.version()
        (bench.file.parent / "filler").write_bytes(b"x" * (240 << 10))
        with pytest.raises(StorageFull), config.edit(version=1) as edit:
            edit.document = with_backend(edit.document, "b" * 50_000)
        assert bench.text == TEXT
        assert bench.litter() == ["filler"]
        assert config.history.intents() == []
        (bench.file.parent / "filler").unlink()
        assert add_server(config, "be1", "s2", version=1).version == 2


def test_a_full_disk_under_the_state(tmp_path):
    bench = Bench(tmp_path)
    with tiny_disk(tmp_path / "state"):
        config = bench.store()
        config.version()
        filler = tmp_path / "state" / "filler"
        fill_up(filler, 4096)
        with pytest.raises(StorageFailed):
            add_server(config, "be1", "s2", version=1)
        with pytest.raises(StorageFailed):
            config.transactions.begin(1)
        assert config.version() == 1
        assert bench.text == TEXT
        assert bench.litter() == []
        filler.unlink()
        assert add_server(config, "be1", "s2", version=1).version == 2
        config.file.records.state.shutdown()


def test_an_edit_by_hand_beside_a_full_disk_is_read_and_recorded_later(tmp_path, caplog):
    bench = Bench(tmp_path)
    with tiny_disk(tmp_path / "state"):
        config = bench.store()
        config.version()
        filler = tmp_path / "state" / "filler"
        fill_up(filler, 512)
        bench.file.write_text(TEXT + "backend mine\n" + "  # more\n" * 300)
        for _ in range(3):
            assert config.snapshot().document.find("backend", "mine")
            assert config.version() == 2
        assert sum("its edit is not recorded" in one.getMessage() for one in caplog.records) == 1
        with pytest.raises(StorageFull):
            add_server(config, "be1", "s2", version=2)
        filler.unlink()
        assert config.version() == 2
        assert config.history.newest().version == 2
        config.file.records.state.shutdown()


@pytest.mark.parametrize("name", ["replace", "fsync", "exchange"])
def test_a_failing_call_leaves_the_file(bench, monkeypatch, name):
    config = bench.store()
    config.version()

    def fail(*arguments, **named):
        raise OSError(30, "read-only")

    with monkeypatch.context() as patch:
        if name == "exchange":
            patch.setattr(exchange, "_system_call", lambda: lambda *given: 30)
        else:
            patch.setattr(exchange, "_system_call", lambda: None)
            patch.setattr(files.os, name, fail)
        with pytest.raises(StorageFailed, match="Read-only file system"):
            add_server(config, "be1", "s2", version=1)
    assert bench.text == TEXT
    assert bench.litter() == []
    assert config.history.intents() == []
    assert add_server(config, "be1", "s2", version=1).version == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root is not held up by modes")
def test_a_directory_without_write_permission_is_told(bench):
    config = bench.store()
    config.version()
    bench.file.parent.chmod(0o500)
    try:
        with pytest.raises(StorageFailed, match="Permission denied"):
            add_server(config, "be1", "s2", version=1)
    finally:
        bench.file.parent.chmod(0o700)
    assert bench.text == TEXT


def test_a_read_only_file_system_is_told(bench):
    with tiny_disk(bench.file.parent):
        bench.file.write_text(TEXT)
        config = bench.store()
        directory = str(bench.file.parent)
        subprocess.check_call(["mount", "-o", "remount,ro", directory])
        assert config.version() == 1
        with pytest.raises(StorageFailed, match="Read-only file system") as failure:
            add_server(config, "be1", "s2", version=1)
        assert failure.value.status == 500
        subprocess.check_call(["mount", "-o", "remount,rw", directory])
        assert add_server(config, "be1", "s2", version=1).version == 2
