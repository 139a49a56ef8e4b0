"""Texts of a configuration: twice as many lines are twice as much work, and the answer stays short."""

import sys
import threading
from types import FrameType

import pytest

from tests.api.body_cost import TEXT
from tests.api.text_cost import KINDS, PLACES, places_of
from tests.laws.support import Everything

FEW, MANY = 300, 600
ROUND = 1.15
"""What twice the work may be beside twice the calls: some of them are made once, and garbage is collected."""
PLAIN = {"Content-Type": "text/plain"}
CASES = [(kind, place) for kind in KINDS for place in places_of(kind)]


class Calls:
    """Counts the calls of functions, in this thread and in those that begin meanwhile."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> "Calls":
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, what: object) -> None:
        self.count += event in ("call", "c_call")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("texts"), TEXT)


def sent(api, kind, place, number):
    """How many calls a text of so many lines takes, and the answer to it."""
    former = api.call("POST", f"{PLACES['raw'].target}&skip_version=true", raw=TEXT, headers=PLAIN)
    assert former.status_code == 202, former.text
    asked, version = places_of(kind)[place], api.app.services.config.version()
    target = asked.target.replace("version=1", f"version={version}")
    body = asked.body(KINDS[kind](number))
    with Calls() as calls:
        answer = api.call(asked.method, target, raw=body, headers={"Content-Type": asked.kind})
    assert answer.status_code < 400, answer.text
    return calls.count, answer


@pytest.mark.parametrize(("kind", "place"), CASES)
def test_twice_as_many_lines_are_twice_as_much_work(api, kind, place):
    sent(api, kind, place, 10)
    few, many = (sent(api, kind, place, number)[0] for number in (FEW, MANY))
    assert many <= 2 * ROUND * few
