"""What one process makes is read by those that were forked beside it."""

import errno
import os
from collections.abc import Callable

import pytest

from dataplane_core.api.made_once import MadeOnce


def test_another_process_reads_what_one_has_made() -> None:
    once = MadeOnce()
    made = bytes(range(256)) * 5000
    assert in_child(lambda: once.get(lambda: made) == made)
    assert once.get(refuse) == made
    assert in_child(lambda: once.get(refuse) == made)


def test_what_fails_is_made_by_the_next() -> None:
    once = MadeOnce()
    with pytest.raises(AssertionError):
        once.get(refuse)
    assert once.get(lambda: b"made") == b"made"


def test_a_process_that_dies_while_it_makes_something_leaves_it_to_the_next() -> None:
    once = MadeOnce()
    assert not in_child(lambda: bool(once.get(lambda: os._exit(9))))
    assert once.get(lambda: b"made") == b"made"


def test_without_such_memory_each_process_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    once = MadeOnce()
    assert [once.get(lambda: b"1"), once.get(lambda: b"2")] == [b"1", b"2"]


def test_who_would_wait_crosswise_makes_it_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EDEADLK, os.strerror(errno.EDEADLK))

    monkeypatch.setattr("dataplane_core.api.made_once.lockf", refused)
    assert MadeOnce().get(lambda: b"made") == b"made"


def helped(once: MadeOnce, make: Callable[[], bytes]) -> Callable[[], bool]:
    """What has a process that is forked then make what is wanted; it does not wait for it."""

    def call() -> bool:
        if os.fork() == 0:
            try:
                once.make_if_wanted(make)
            finally:
                os._exit(0)
        return True

    return call


def test_another_process_makes_what_is_wanted() -> None:
    once = MadeOnce()
    assert once.get(refuse, helped(once, lambda: b"made")) == b"made"
    once.make_if_wanted(refuse)
    assert once.get(refuse, refuse_to_call) == b"made"


def test_a_process_that_nobody_helps_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataplane_core.api.made_once._BEGIN_SECONDS", 0.05)
    monkeypatch.setattr("dataplane_core.api.made_once._MAKE_SECONDS", 0.05)
    once = MadeOnce()
    failing = helped(once, refuse), helped(once, lambda: os._exit(9)), lambda: False, lambda: True
    for call in failing:
        with pytest.raises(ZeroDivisionError):
            once.get(lambda: bytes([1 // 0]), call)
    once.make_if_wanted(refuse)  # it is not wanted any more
    assert once.get(lambda: b"made", lambda: True) == b"made"


def test_nothing_is_made_that_nobody_wants() -> None:
    once = MadeOnce()
    once.make_if_wanted(refuse)
    assert once.get(lambda: b"made") == b"made"


def test_it_is_closed_with_the_object() -> None:
    before = len(os.listdir("/proc/self/fd"))
    once = MadeOnce()
    assert once.get(lambda: b"made")
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del once
    assert len(os.listdir("/proc/self/fd")) == before


def refuse() -> bytes:
    raise AssertionError("it was made already")


def refuse_to_call() -> bool:
    raise AssertionError("it was made already")


def in_child(check: Callable[[], bool]) -> bool:
    """Whether a check holds in a process that is forked now."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if check() else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0
