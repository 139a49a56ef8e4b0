"""A version that is in the file is not refused because a file on its way to HAProxy fails."""

import pytest

from dataplane_core.errors import NotReloaded, StorageFailed
from tests.store.support import add_server


def fails(*_: object) -> None:
    raise StorageFailed("leader.lock cannot be locked: Too many open files")


def test_a_forced_reload_that_cannot_begin_is_made_later(bench) -> None:
    bench.reloads.force = fails
    outcome = add_server(bench.store(), "be1", "new1", version=1, force_reload=True)
    assert (outcome.version, outcome.state, outcome.reload_id) == (2, "queued", "2026-11-21-1")
    assert "new1" in bench.text
    assert bench.reloads.requested == [2]


def test_where_no_reload_can_be_asked_for_the_answer_says_that_the_version_is_there(bench) -> None:
    bench.reloads.force = bench.reloads.request = fails
    config = bench.store()
    with pytest.raises(NotReloaded, match=r"version 2 is in the file, but .* leader.lock"):
        add_server(config, "be1", "new1", version=1, force_reload=True)
    assert "new1" in bench.text
    assert config.version() == 2
    assert config.history.newest().status == "active"
