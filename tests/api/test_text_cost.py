"""Texts of a configuration: twice as many lines are twice as much work, and little memory each."""

import sys
import threading
from types import FrameType

import pytest

from tests.api.body_cost import TEXT, USER, cost
from tests.api.text_cost import KINDS, PLACES, places_of
from tests.laws.support import Everything

FEW, MANY = 300, 600
ROUND = 1.15
"""What twice the work may be beside twice the calls: some of them are made once, and garbage is collected."""
READ = 15_000
"""Lines of which more are not read one by one."""
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


@pytest.mark.parametrize(("kind", "place", "most"), [
    ("servers in one backend", "raw", 650), ("servers in one backend", "only_validate", 600),
    ("backends", "raw", 1300), ("backends", "only_validate", 1200), ("backends", "apply", 2000),
])  # fmt: skip
def test_a_line_more_costs_little_memory(api, kind, place, most):
    """Most is told, and read, of the first lines alone: those count that come behind them."""
    asked = places_of(kind)[place]
    target = asked.target.replace("version=1", "skip_version=true")
    few, many = (
        cost(api.app, asked.method, target, asked.body(KINDS[kind](number)), asked.kind, USER)
        for number in (READ, 2 * READ)
    )
    assert (few.status, many.status) == (202, 202), many
    assert many.peak - few.peak <= most * READ
