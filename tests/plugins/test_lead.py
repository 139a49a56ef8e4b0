"""`services.lead`: one worker of all does a plugin's background work."""

import threading

from tests.api.support import Api
from tests.harness.waiting import until


def test_one_of_two_does_it_and_the_other_takes_over(tmp_path):
    working, turns = [], []

    def begin(number):
        api = Api(tmp_path)

        def duty(stop: threading.Event) -> None:
            working.append(number)
            turns.append(number)
            stop.wait()
            working.remove(number)

        api.app.services.lead("watching", duty)
        return api.app.services

    first, second = begin(1), begin(2)
    until(lambda: turns)
    leader, other = (first, second) if turns == [1] else (second, first)
    assert len(working) == 1
    leader.stop()
    until(lambda: len(turns) == 2)
    assert turns[0] != turns[1] and len(working) == 1
    other.stop()
    assert working == []
