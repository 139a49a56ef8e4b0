"""Room that the server owns on its disk: given up where the disk is full, and taken again."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from dataplane_core.errors import StorageFull
from dataplane_core.store.candidate import write_atomically
from dataplane_core.store.journal.state import State
from dataplane_core.store.reserve import Reserve
from tests.torture.waits import fill, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    try:
        with small_disk(tmp_path / "disk") as place:
            yield place
    except subprocess.CalledProcessError:
        pytest.skip("only root can mount a disk")


def test_room_is_taken_where_there_is_plenty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reserve, file = Reserve(tmp_path), tmp_path / "reserve"
    free = [9 << 20]
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=free[0], f_frsize=1))
    assert not reserve.take(1 << 20)  # it has to leave as much to others
    assert not reserve.release() and not file.exists()
    assert reserve.take(0) and file.stat().st_blocks * 512 >= 4 << 20
    assert not reserve.release() and file.exists()  # the disk is not full
    free[0] = 0
    assert reserve.take(0)  # it has it
    assert reserve.release() and not file.exists()
    assert not reserve.release() and not reserve.take(0)


def test_a_state_begins_on_a_full_disk(disk: Path) -> None:
    state = State(disk / "state")
    state.shutdown()
    assert state.reserve.take(1000)
    fill(disk)
    with pytest.raises(StorageFull):
        write_atomically(disk / "text", b"x" * 8192)
    again = State(disk / "state")
    again.set_value("some", "value" * 1000)
    write_atomically(disk / "text", b"x" * 100_000)
    assert (again.first, again.value("some")) == (True, "value" * 1000)
    again.shutdown()


@pytest.mark.server
@pytest.mark.haproxy
def test_a_server_starts_on_a_full_disk_and_puts_the_former_state_back(disk: Path, haproxy_program: str) -> None:
    from tests.torture.waits import Case, Trial

    verdict = Trial(disk, haproxy_program, Case("server", "", full=True)).run()
    assert verdict.problem == ""
