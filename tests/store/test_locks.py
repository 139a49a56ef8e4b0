"""Locks: one that stays open keeps out what one that is opened each time would keep out."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from dataplane_core.errors import StorageFailed
from dataplane_core.store.locks import KeptLock, is_locked, locked, try_lock
from tests.harness.waiting import PATIENCE, until


def is_free(path: Path) -> bool:
    handle = try_lock(path)
    if handle is not None:
        os.close(handle)
    return handle is not None


def waits_for_lock(inode: int) -> bool:
    """Whether the kernel has somebody wait for a lock on a file."""
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and f":{inode} " in line for line in lines)


def test_it_is_held_in_the_body_alone(tmp_path: Path) -> None:
    lock = KeptLock(tmp_path / "lock")
    for _ in range(3):
        with lock:
            assert not is_free(lock.path)
        assert is_free(lock.path)


def test_it_is_free_after_an_error_in_the_body(tmp_path: Path) -> None:
    lock = KeptLock(tmp_path / "lock")
    with pytest.raises(ValueError, match="in the body"), lock:
        raise ValueError("in the body")
    assert is_free(lock.path)


def test_it_is_free_after_an_error_in_taking_it(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    lock = KeptLock(folder / "lock")
    with lock:
        pass
    folder.rename(elsewhere)
    folder.touch()
    with pytest.raises(StorageFailed), lock:
        pass
    assert is_free(elsewhere / lock.path.name)


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    lock, inside, most = KeptLock(tmp_path / "lock"), [0], [0]

    def work() -> None:
        for _ in range(200):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_forked_child_has_a_lock_of_its_own(tmp_path: Path) -> None:
    lock = KeptLock(tmp_path / "lock")
    with lock:  # opened before the fork
        pass
    said, told = os.pipe()
    go, going = os.pipe()
    child = os.fork()
    if not child:
        with lock:
            os.write(told, b"held")
            os.read(go, 1)
        os._exit(0)
    try:
        assert os.read(said, 4) == b"held"
        assert not is_free(lock.path)
        other = KeptLock(lock.path)
        os.write(going, b"!")
        with other:  # waits for the child
            pass
    finally:
        os.waitpid(child, 0)
        for one in (said, told, go, going):
            os.close(one)
    with lock:
        assert not is_free(lock.path)


def test_a_file_that_cannot_be_opened_is_named_and_can_be_opened_later(tmp_path: Path) -> None:
    lock = KeptLock(tmp_path / "missing" / "lock")
    with pytest.raises(StorageFailed, match="missing/lock cannot be locked"), lock:
        pass
    lock.path.parent.mkdir()
    with lock:
        assert not is_free(lock.path)


@pytest.mark.parametrize("lock", [KeptLock, locked])
def test_who_waits_for_a_file_that_is_removed_takes_the_next(
    tmp_path: Path, lock: Callable[[Path], AbstractContextManager[object]]
) -> None:
    path, holds, free = tmp_path / "lock", threading.Event(), threading.Event()
    waiting = lock(path)

    def work() -> None:
        with waiting:
            holds.set()
            assert free.wait(PATIENCE)

    with locked(path):
        thread = threading.Thread(target=work)
        thread.start()
        until(lambda: waits_for_lock(os.stat(path).st_ino))
        path.unlink()
    assert holds.wait(PATIENCE)
    assert not is_free(path)
    free.set()
    thread.join()
    assert is_free(path)


def test_a_kept_lock_sees_between_uses_that_its_file_was_replaced(tmp_path: Path) -> None:
    lock = KeptLock(tmp_path / "lock")
    with lock:
        pass
    lock.path.rename(tmp_path / "kept")
    for _ in range(2):
        with lock:
            assert not is_free(lock.path)
            assert is_free(tmp_path / "kept")
        lock.path.unlink()


def test_threads_that_open_the_file_each_exclude_each_other(tmp_path: Path) -> None:
    inside: list[int] = []
    seen: list[int] = []

    def work() -> None:
        for _ in range(20):
            with locked(tmp_path / "lock"):
                inside.append(1)
                seen.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {1}


def test_try_lock_gives_up_at_once_and_a_dead_holder_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, pathlib; from dataplane_core.store import locks\n"
        "print(locks.try_lock(pathlib.Path(sys.argv[1])), flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() != b"None"
    assert try_lock(path) is None
    child.kill()
    child.communicate()
    handle = try_lock(path)
    assert handle is not None
    os.close(handle)


def test_a_lock_that_cannot_be_given_back_is_free_all_the_same(tmp_path, monkeypatch):
    lock, flock = KeptLock(tmp_path / "lock"), fcntl.flock

    def failing(handle, how):
        if how == fcntl.LOCK_UN:
            raise OSError(errno.EIO, "Input/output error")
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", failing)
    with lock:
        assert is_locked(tmp_path / "lock")
    monkeypatch.undo()
    assert not is_locked(tmp_path / "lock")
    with lock:
        assert is_locked(tmp_path / "lock")
