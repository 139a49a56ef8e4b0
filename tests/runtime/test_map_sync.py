"""What changes in a running map reaches its file, and costs nothing while nothing changes."""

import os
import time

import pytest

from dataplane_core.testing import FakeRuntime
from dataplane_plugins.runtime.map_sync import MapSync
from tests.harness.waiting import until
from tests.runtime.support import Api, prepare

START = "# the first ones\nk1 v1\n\nk2   v2 and more\n"


class Running(FakeRuntime):
    """A process with one map, that counts its dumps."""

    def __init__(self, folder, entries):
        super().__init__(folder / "worker.sock")
        self.file = folder / "maps" / "m.map"
        self.entries = dict(entries)
        self.started, self.pid, self.delay_of_dump = int(time.time()) + 3600, 1, 0.0

    def answer(self, command):
        if command == "show info":
            return f"Pid: {self.pid}\nUptime_sec: 5\nStart_time_sec: {self.started}\n"
        if command == "show map":
            counts = f"curr_ver=0 next_ver=0 entry_cnt={len(self.entries)}"
            return f"# id (file) description\n7 ({self.file}) pattern loaded. {counts}\n"
        assert command == "show map #7"
        time.sleep(self.delay_of_dump)
        return "".join(f"0x{at:x} {key} {value}\n" for at, (key, value) in enumerate(self.entries.items()))

    @property
    def dumps(self):
        return self.commands.count("show map #7")


@pytest.fixture
def running(tmp_path):
    prepare(tmp_path)
    with Running(tmp_path, {"k1": "v1", "k2": "v2 and more"}) as fake:
        yield fake


@pytest.fixture
def sync(running, tmp_path):
    return MapSync(Api(tmp_path).services)


def soon(sync):
    """The look that comes once the rest after a dump is over."""
    for seen in sync.seen.values():
        seen.next_look = 0.0
    return sync.look()


def test_changes_are_brought_and_nothing_else(sync, running):
    file = running.file
    inode = file.stat().st_ino
    assert soon(sync) == soon(sync) == []
    assert file.read_text() == START and file.stat().st_ino == inode
    running.entries["k2"] = "other words"
    assert soon(sync) == [file]
    assert file.read_text() == START.replace("v2 and more", "other words")
    running.entries["k3"] = "v3"
    sync.seen[str(file)].next_look = time.monotonic() + 60
    assert sync.look() == [file], "the number of entries is told without a dump"
    del running.entries["k1"]
    assert soon(sync) == [file]
    assert file.read_text() == "# the first ones\n\nk2   other words\nk3 v3\n"
    inode = file.stat().st_ino
    assert soon(sync) == [] and file.stat().st_ino == inode


def test_what_others_write_into_the_file_stays(sync, running):
    soon(sync)
    running.file.write_text(START + "# by hand\nk9 v9\n")
    assert soon(sync) == []
    running.entries["k1"] = "new"
    assert soon(sync) == [running.file]
    assert running.file.read_text() == START.replace("k1 v1", "k1 new") + "# by hand\nk9 v9\n"


def test_what_changed_before_the_first_look(sync, running):
    running.entries["k1"] = "new"
    assert soon(sync) == [running.file]
    assert "k1 new" in running.file.read_text()


def test_a_file_that_is_younger_than_the_process_is_left_alone(sync, running):
    running.started = int(time.time()) - 60
    running.file.write_text(START + "k9 v9\n")
    assert soon(sync) == soon(sync) == []
    running.entries["k3"] = "v3"
    assert soon(sync) == [running.file]
    assert running.file.read_text() == START + "k9 v9\nk3 v3\n"


def test_the_next_server_goes_on_where_the_last_one_stopped(sync, running, tmp_path):
    running.started = int(time.time()) - 60
    soon(sync)
    running.entries["k3"] = "v3"
    soon(sync)
    running.entries["k4"] = "v4"
    assert soon(MapSync(Api(tmp_path).services)) == [running.file]
    assert running.file.read_text() == START + "k3 v3\nk4 v4\n"


def test_another_process_is_another_beginning(sync, running):
    soon(sync)
    running.file.write_text("k1 edited\n")
    running.pid, running.started = 2, running.started + 1
    running.entries = {"k1": "edited"}
    assert soon(sync) == []
    running.entries = {}
    assert soon(sync) == [running.file]
    assert running.file.read_text() == ""


def test_a_resting_map_is_not_dumped_again(sync, running):
    running.delay_of_dump = 0.05
    sync.look()
    before = running.dumps
    for _ in range(20):
        sync.look()
    assert running.dumps == before
    running.entries["k3"] = "v3"
    assert sync.look() == [running.file]


def test_a_missing_file_is_not_made(sync, running):
    soon(sync)
    running.file.unlink()
    running.entries["k3"] = "v3"
    assert soon(sync) == [] and not running.file.exists()


def test_bytes_that_are_no_text(sync, running):
    running.file.write_bytes(b"k1 v1\nraw \xff\xfe\n")
    soon(sync)
    running.entries = {"k1": "v2", "raw": "\ufffd"}
    del running.entries["raw"]
    os.utime(running.file, (0, 0))
    soon(sync)
    assert running.file.read_bytes() == b"k1 v2\n"


@pytest.mark.haproxy
def test_a_live_map_in_a_worker_that_leads(own_haproxy):
    api = own_haproxy
    file = api.folder / "maps" / "m.map"
    syncing = Api(api.folder, dataplaneapi__resources__update_map_files=True,
                  dataplaneapi__resources__update_map_files_period=0.1)  # fmt: skip
    syncing.services.start()
    try:
        api.tell(f"set map {file} k1 other")
        until(lambda: file.read_text() == START.replace("v1", "other"))
        assert api.call("POST", "runtime/maps_entries", {"key": "k3", "value": "v 3"}, map="m.map")
        until(lambda: file.read_text() == START.replace("v1", "other") + "k3 v 3\n")
    finally:
        syncing.services.stop()
