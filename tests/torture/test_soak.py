"""A short soak, and the rows of the summary."""

from pathlib import Path

import pytest

from tests.torture.everything import summary
from tests.torture.soak import InUse, Soak, grown, waves


@pytest.mark.server
def test_a_server_has_no_more_in_use_after_many_requests(tmp_path: Path) -> None:
    soak = Soak(tmp_path)
    warm, end = soak.run(600, 20)
    assert soak.bad == []
    assert soak.open == 20
    assert set(soak.seen) == {200, 201, 202, 204, 400, 401, 404, 405, 503}
    assert grown(warm, end) == []


@pytest.mark.server
def test_what_is_abandoned_makes_room_for_others(tmp_path: Path) -> None:
    found = waves(tmp_path, 120, at_once=100)
    assert (found.opened, found.refused > 0) == (120, True)
    assert 100 <= found.most_rows <= 200


def test_what_has_grown_is_named() -> None:
    assert grown(InUse(10, 5, 1000, 0), InUse(30, 5, 2000, 0)) == ["20 files more"]


def test_a_row_has_the_end_of_what_was_told() -> None:
    assert summary("kills", 0, 120.0, "cycle\n\n2 | bad\n") == "| kills | held | 2 | cycle<br>2 \\| bad |"
