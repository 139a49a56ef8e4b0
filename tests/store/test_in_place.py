"""A configuration file that is mounted by itself, as containers do: it is written in place."""

import errno
import os
import shutil
import subprocess

import pytest

from dataplane_core.commands.overview import overview
from dataplane_core.errors import StorageFailed
from dataplane_core.store import in_place
from dataplane_core.store.failpoints import IN_PLACE
from tests.storage.support import Storage
from tests.store.support import TEXT, add_server
from tests.store.test_failpoints import die


def mount(source, target):
    command = ["mount", "--bind", str(source), str(target)]
    if os.geteuid() != 0 or not shutil.which("mount") or subprocess.call(command) != 0:
        pytest.skip("only root can mount a file")


@pytest.fixture
def mounted(bench, tmp_path):
    """The bench, with its configuration a mount of a file elsewhere."""
    (tmp_path / "outside.cfg").write_text(TEXT)
    mount(tmp_path / "outside.cfg", bench.file)
    yield bench
    subprocess.check_call(["umount", str(bench.file)])


def test_a_commit_writes_the_file_that_is_mounted(mounted, tmp_path):
    config = mounted.store()
    assert add_server(config, "be1", "s2", version=1).version == 2
    assert add_server(config, "be2", "s3", version=2).version == 3
    assert "s2" in mounted.text and "s3" in mounted.text
    assert (tmp_path / "outside.cfg").read_text() == mounted.text
    assert mounted.litter() == []
    config.file.accept(1)
    assert config.file.restore("by the test", 3) == 4
    assert "s2" not in mounted.text and mounted.litter() == []


@pytest.mark.parametrize("action", ["direct", "transaction"])
@pytest.mark.parametrize("name", [*IN_PLACE, "locked", "replaced", "done-recorded"])
def test_a_death_while_the_file_is_written(mounted, name, action):
    mounted.file.write_text(TEXT + "\n".join(f"backend b{number}" for number in range(2000)) + "\n")
    before = mounted.text
    assert die(mounted, name, action) == []
    if name == "half-written":
        assert mounted.text != before
    config = mounted.store()
    config.file.recover()
    written = name not in ("locked", "journal-written")
    assert config.version() == 1 + written
    assert ("new1" in mounted.text) == written
    assert config.history.intents() == [] and mounted.litter() == []
    if not written:
        assert mounted.text == before
    assert add_server(config, "be2", "s9", version=1 + written).version == 2 + written


def test_another_worker_finishes_what_a_dead_one_was_writing(mounted):
    mounted.file.write_text(TEXT + "\n".join(f"backend b{number}" for number in range(2000)) + "\n")
    alive = mounted.store()
    assert alive.version() == 1
    die(mounted, "half-written", "direct")
    assert alive.version() == 2 and "new1" in mounted.text
    assert not [name for name in mounted.litter() if name.endswith("journal")]


def test_what_somebody_has_written_since_stays(mounted):
    mounted.file.write_text(TEXT + "# line\n" * 2000)
    die(mounted, "half-written", "direct")
    mounted.file.write_text(TEXT + "backend mine\n" + "# other\n" * 2000)
    config = mounted.store()
    config.file.recover()
    assert "backend mine" in mounted.text and config.version() == 2
    assert config.history.newest().origin == "external" and mounted.litter() == []


def test_a_disk_that_fails_leaves_what_was_there(mounted, monkeypatch):
    config = mounted.store()
    config.version()
    real, failed = os.ftruncate, []

    def fail(handle, length):
        if not failed:
            failed.append(length)
            raise OSError(errno.ENOSPC, "full")
        real(handle, length)

    monkeypatch.setattr(in_place.os, "ftruncate", fail)
    with pytest.raises(StorageFailed):
        add_server(config, "be1", "s2", version=1)
    assert mounted.text == TEXT and mounted.litter() == []
    assert config.history.intents() == [] and config.version() == 1
    assert add_server(config, "be1", "s2", version=1).version == 2


def test_the_status_says_so(tmp_path):
    (tmp_path / "outside.cfg").write_text("global\n")
    (tmp_path / "haproxy.cfg").touch()
    assert not in_place.is_mounted(str(tmp_path / "haproxy.cfg"))
    mount(tmp_path / "outside.cfg", tmp_path / "haproxy.cfg")
    try:
        storage = Storage(tmp_path)
        [fact] = [one for one in overview(storage.services) if one.topic == "mount"]
        assert fact.doubtful and "mount its folder instead" in fact.text
    finally:
        subprocess.check_call(["umount", str(tmp_path / "haproxy.cfg")])
