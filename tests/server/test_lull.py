"""Memory is given back once after many requests, when no more of them come for a moment."""

from math import inf

import pytest

from dataplane_core.server import lull
from dataplane_core.server.lull import Lull


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments at which memory was given back; `clock` of the module is one that tests set."""
    moments: list[float] = []
    monkeypatch.setattr(lull, "give_back", lambda: moments.append(lull.time.monotonic()))
    return moments


def test_once_in_each_lull(monkeypatch: pytest.MonkeyPatch, given_back: list[float]) -> None:
    now = 0.0
    monkeypatch.setattr("dataplane_core.server.lull.time.monotonic", lambda: now)
    one = Lull()
    assert one.look(99) == inf
    assert one.look(100) == pytest.approx(0.2)
    now = 0.1
    assert one.look(100) == pytest.approx(0.1)
    assert one.look(150) == pytest.approx(0.2)  # they go on coming
    now = 0.31
    assert one.look(150) == inf
    assert given_back == [0.31]
    now = 9.0
    assert one.look(150) == inf
    assert one.look(249) == inf
    assert one.look(250) == pytest.approx(0.2)
    now = 9.5
    assert one.look(250) == inf
    assert given_back == [0.31, 9.5]
