"""The lock file beside haproxy.cfg: one holder at a time, and the number that came last."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.store.lock_file import LockFile, Mark, ReadOnlyLock
from dataplane_core.store.locks import try_lock

DIGEST = "0" * 32


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("etc") / "haproxy.cfg"


def lock_of(file):
    return file.with_name(".haproxy.cfg.lock")


def test_one_holder_at_a_time(file):
    lock = LockFile(file)
    with lock.hold():
        assert try_lock(lock_of(file)) is None
    os.close(try_lock(lock_of(file)))


@given(st.integers(0, 10**18 - 1), st.text("0123456789abcdef", min_size=32, max_size=32))
def test_a_mark_is_read_back(file, version, digest):
    lock = LockFile(file)
    with lock.hold() as held:
        held.set_mark(version, digest)
        assert held.mark() == Mark(version, digest)
    assert lock.mark() == Mark(version, digest)


@given(st.binary(max_size=200))
def test_whatever_the_file_holds_is_a_mark_or_nothing(file, data):
    lock_of(file).write_bytes(data)
    mark = LockFile(file).mark()
    assert mark is None or data.split()[0].decode().lstrip("0") in (str(mark.version), "")


def test_a_cleared_one_has_no_mark(file):
    with LockFile(file).hold() as held:
        held.set_mark(7, DIGEST)
        held.clear()
        assert held.mark() is None


def test_one_that_may_only_be_read_is_left_as_it_is(file):
    lock = LockFile(file)
    with lock.hold() as held:
        held.set_mark(7, DIGEST)
    other = ReadOnlyLock(lock)
    other.set_mark(8, DIGEST)
    assert other.mark() == Mark(7, DIGEST)
