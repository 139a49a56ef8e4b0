"""A lock that stays open keeps out what one that is opened each time would keep out."""

import os
import threading
from pathlib import Path

import pytest

from dataplane_core.errors import StorageFailed
from dataplane_core.store.files import try_lock
from dataplane_core.store.journal.kept_lock import KeptLock


def is_free(path: Path) -> bool:
    handle = try_lock(path)
    if handle is not None:
        os.close(handle)
    return handle is not None


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
