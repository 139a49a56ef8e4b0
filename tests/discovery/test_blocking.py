"""Blocking queries: what counts as a change, what blocks, and how they fail."""

import threading
import time
from typing import Any

import pytest

from dataplane_plugins.discovery.blocking import Changes, Query


class Told:
    """Answers what it has been given, in turn, and then blocks."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[dict[str, Any], float]] = []
        self.ended = threading.Event()

    def get(self, path: str, query: Any = None, wait: float = 0.0) -> tuple[Any, int]:
        self.asked.append((dict(query), wait))
        if not self.answers:
            self.ended.wait(wait)
            return [], 5 if wait else 0
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        found: tuple[Any, int] = answer
        return found

    def end(self) -> None:
        self.ended.set()

    def close(self) -> None:
        pass


def query(told: Told, by_index: bool = False) -> Query[int]:
    return Query(told, "/", len, {"ns": "x"}, by_index)


def test_the_index_is_asked_for_and_begun_anew_when_it_goes_backwards():
    told = Told(([], 7), ([], 9), ([], 3), ([], 4))
    one = query(told)
    assert [one.ask(5) for _ in range(4)] == [(True, True)] + [(False, True)] * 3
    begin = ({"ns": "x"}, 0.0)
    wait = [({"ns": "x", "index": index, "wait": "5s"}, 5) for index in (7, 9)]
    assert told.asked == [begin, *wait, begin]


@pytest.mark.parametrize(("by_index", "changes"), [(True, 3), (False, 2)])
def test_a_change_is_another_gist_or_another_index(by_index, changes):
    one = query(Told(([], 7), ([], 8), ([1], 8), ([2], 8)), by_index)
    assert sum(one.ask(5)[0] for _ in range(4)) == changes


def test_without_an_index_nothing_is_asked_in_a_hurry():
    told, stop = Told(([], 0)), threading.Event()
    with Changes([query(told)], 1.0) as changes:
        assert changes.wait(stop)
        began = time.monotonic()
        assert changes.wait(stop)
        assert time.monotonic() - began > 0.8
    assert len(told.asked) <= 2


def test_a_failure_of_any_query_is_raised_and_all_are_ended():
    good, bad = Told(([], 5)), Told(([], 5), KeyError("x"))
    stop = threading.Event()
    with pytest.raises(KeyError), Changes([query(good), query(bad)], 60.0) as changes:
        while changes.wait(stop):
            pass
    assert good.ended.is_set()


def test_waiting_ends_with_stop():
    stop = threading.Event()
    with Changes([query(Told(([], 5)))], 60.0) as changes:
        assert changes.wait(stop)
        threading.Timer(0.1, stop.set).start()
        assert not changes.wait(stop)
