import random
import re

import pytest
from falcon.routing import CompiledRouter

from dataplane_core.api.router import Router
from tests.api.support import Api

WORDS = ("", "x", "10", "services", "haproxy", "configuration", "servers", "a b", "{k1}")


class Point:
    """An endpoint, and how often points were made."""

    made = 0

    def __init__(self):
        Point.made += 1
        self.responders = {"GET": self.on_get}

    def on_get(self, req, resp, **names):
        pass


def router_of(*templates):
    router = Router()
    for template in templates:
        router.add(template, Point)
    return router


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    app = Api(tmp_path_factory.mktemp("router")).app
    return [
        one.version.prefix + (route.positional if route.template != "/" else "")
        for one in app.served
        for route in one.routes
    ]


def test_every_path_is_found_as_falcons_router_finds_it(templates):
    ours, theirs = router_of(*templates), CompiledRouter()
    for template in templates:
        theirs.add_route(template, Point())
    chance = random.Random(13)
    found = 0
    for template in templates * 3:
        segments = template.split("/")
        segments[-1:] = chance.choices([segments[-1:], [], ["x", "y"]], (8, 1, 1))[0]
        asked = "/".join(
            chance.choice(WORDS) if chance.random() < (0.9 if "{" in one else 0.1) else one
            for one in segments
        )
        expected, answer = theirs.find(asked), ours.find(asked)
        assert (answer and answer[2:]) == (expected and expected[2:]), asked
        found += answer is not None
    assert found > len(templates)


def test_a_word_comes_before_a_name_and_a_name_where_the_word_leads_nowhere():
    router = router_of("/a/{k1}/c", "/a/b/{k1}", "/a/b")
    assert router.find("/a/b")[2:] == ({}, "/a/b")
    assert router.find("/a/b/d")[2:] == ({"k1": "d"}, "/a/b/{k1}")
    assert router.find("/a/x/c")[2:] == ({"k1": "x"}, "/a/{k1}/c")
    assert router_of("/a/{k1}/c", "/a/b/d").find("/a/b/c")[2:] == ({"k1": "b"}, "/a/{k1}/c")
    assert router.find("/a") is router.find("/a/x") is router.find("/a/x/d") is None


def test_what_is_behind_a_path_is_made_once_when_it_is_asked_for():
    router = router_of("/a", "/b")
    before = Point.made
    assert router.find("/c") is None and Point.made == before
    first, second = router.find("/a"), router.find("/a")
    assert first[0] is second[0] and Point.made == before + 1
    assert first[1] == {"GET": first[0].on_get}


def test_all_templates_have_names_by_their_position(templates):
    for template in templates:
        names = re.findall(r"\{(\w+)\}", template)
        assert names == [f"k{number}" for number in range(1, len(names) + 1)]
