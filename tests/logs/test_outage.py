"""A fault that goes on is logged once, and its end once."""

import logging

import pytest

from dataplane_core.errors import StorageFailed
from dataplane_core.logs.outage import Outage


def test_a_fault_is_logged_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage(logging.getLogger("x"), "it cannot be read", "it can be read again")
    outage.over()
    for _ in range(5):
        outage.note(StorageFailed("the disk is full"))
    outage.note(ValueError("odd"))
    outage.note(ValueError("odd"))
    outage.over()
    outage.over()
    outage.note(StorageFailed("the disk is full"))
    full, odd = "it cannot be read: the disk is full", "it cannot be read: ValueError('odd')"
    assert [one.getMessage() for one in caplog.records] == [full, odd, "it can be read again", full]
    assert [bool(one.exc_info) for one in caplog.records] == [False, True, False, False]
