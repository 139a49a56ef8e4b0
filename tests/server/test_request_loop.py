"""Memory is given back once after many requests, when no more of them come for a moment."""

from math import inf

import pytest

from dataplane_core.server import request_loop
from dataplane_core.server.request_loop import Lull


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments at which memory was given back; `clock` of the module is one that tests set."""
    moments: list[float] = []
    monkeypatch.setattr(request_loop, "tidy", lambda: moments.append(request_loop.time.monotonic()))
    return moments


def test_once_in_each_lull(monkeypatch: pytest.MonkeyPatch, given_back: list[float]) -> None:
    now = 0.0
    monkeypatch.setattr("dataplane_core.server.request_loop.time.monotonic", lambda: now)
    one = Lull(lambda: request_loop.tidy())
    assert one.look(0, False) == pytest.approx(0.2)  # the start leaves something behind, too
    assert one.look(1, False) == pytest.approx(0.2)
    now = 0.1
    assert one.look(1, False) == pytest.approx(0.1)
    assert one.look(2, False) == pytest.approx(0.2)  # they go on coming
    now = 0.31
    assert one.look(2, False) == inf
    assert given_back == [0.31]
    now = 9.0
    assert one.look(2, False) == inf
    assert one.look(3, False) == pytest.approx(0.2)
    now = 9.5
    assert one.look(3, False) == inf
    assert given_back == [0.31, 9.5]


def test_after_a_start_without_a_request(monkeypatch: pytest.MonkeyPatch, given_back: list[float]) -> None:
    now = 0.0
    monkeypatch.setattr("dataplane_core.server.request_loop.time.monotonic", lambda: now)
    one = Lull(lambda: request_loop.tidy())
    assert one.look(0, False) == pytest.approx(0.2)
    now = 0.3
    assert one.look(0, False) == inf
    now = 60.0
    assert one.look(0, False) == inf
    assert given_back == [0.3]


def test_not_while_a_request_is_under_way(monkeypatch: pytest.MonkeyPatch, given_back: list[float]) -> None:
    now = 0.0
    monkeypatch.setattr("dataplane_core.server.request_loop.time.monotonic", lambda: now)
    one = Lull(lambda: request_loop.tidy())
    for _ in range(3):
        assert one.look(1, True) == pytest.approx(0.2)
        now += 0.5
    assert one.look(1, True) == pytest.approx(0.2)
    now = 1.6
    assert one.look(1, False) == pytest.approx(0.1)
    assert not given_back
    now = 1.8
    assert one.look(1, False) == inf
    assert given_back == [1.8]


def test_in_a_small_part_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, moments = 0.0, list[float]()
    monkeypatch.setattr("dataplane_core.server.request_loop.time.monotonic", lambda: now)

    def give_back() -> None:
        nonlocal now
        moments.append(now)
        now += 0.01

    monkeypatch.setattr(request_loop, "tidy", give_back)
    one = Lull(lambda: request_loop.tidy())
    for count in range(1, 101):
        one.look(count, False)
        now += 0.3
        one.look(count, False)
    assert len(moments) < 0.01 * now / 0.01 and moments[1] - moments[0] >= 2.0
