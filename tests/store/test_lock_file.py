"""The lock file beside haproxy.cfg: one holder at a time, and the number that came last."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.store.lock_file import Mark, ReadOnlyLock, lock_file, mark_of
from dataplane_core.store.locks import try_lock
from dataplane_core.store.place import FilePlace

DIGEST = "0" * 32


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("etc") / "haproxy.cfg"


@pytest.fixture(scope="module")
def opened(file):
    with FilePlace(file).open() as opened:
        yield opened


def lock_of(file):
    return file.with_name(".haproxy.cfg.lock")


def test_one_holder_at_a_time(file, opened):
    with lock_file(opened):
        assert try_lock(lock_of(file)) is None
    os.close(try_lock(lock_of(file)))


@given(st.integers(0, 10**18 - 1), st.text("0123456789abcdef", min_size=32, max_size=32))
def test_a_mark_is_read_back(opened, version, digest):
    with lock_file(opened) as held:
        held.set_mark(version, digest)
        assert held.mark() == Mark(version, digest)
    assert mark_of(opened) == Mark(version, digest)


@given(st.binary(max_size=200))
def test_whatever_the_file_holds_is_a_mark_or_nothing(file, opened, data):
    lock_of(file).write_bytes(data)
    mark = mark_of(opened)
    assert mark is None or data.split()[0].decode().lstrip("0") in (str(mark.version), "")


def test_a_cleared_one_has_no_mark(opened):
    with lock_file(opened) as held:
        held.set_mark(7, DIGEST)
        held.clear()
        assert held.mark() is None


def test_one_that_may_only_be_read_is_left_as_it_is(opened):
    with lock_file(opened) as held:
        held.set_mark(7, DIGEST)
    other = ReadOnlyLock(opened)
    other.set_mark(8, DIGEST)
    assert other.mark() == Mark(7, DIGEST)
