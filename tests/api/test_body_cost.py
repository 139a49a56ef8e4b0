"""Bodies that are legal, and large: what they cost is little beside their size, and so is what is answered."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.api.body import parse_json
from dataplane_core.api.body_amounts import (
    FEW_PARTS,
    MOST_PARTS,
    LineRoom,
    NoRoomForLines,
    check_parts,
)
from dataplane_core.errors import TooLarge
from tests.api.body_cost import (
    BODIES,
    MEGA,
    PLACES,
    SERVERS,
    SMALLER,
    TEXT,
    USER,
    cost,
    filled,
    made,
)
from tests.api.text_cost import KINDS, places_of
from tests.laws.support import Everything

LARGEST = 32 * MEGA
MOST = 3
"""Sizes of the largest body that is taken: more memory than that no body may cost."""
SMALL = 4 * MEGA  # of memory that has nothing to do with the size of a body
LONGEST = 8200  # bytes of an answer to what is refused
@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("cost"), TEXT, dataplane__unknown_properties="refuse")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("body", ["lists", "names"])
def test_a_large_body_costs_little_everywhere(api, place, body):
    found = cost(api.app, *PLACES[place], made(body), "application/json", USER)
    assert 400 <= found.status < 500, found
    assert found.peak <= MOST * found.size + SMALL, found
    assert found.answer <= LONGEST, found


@pytest.mark.parametrize("body", BODIES)
def test_a_large_body_costs_little_whatever_it_holds(api, body):
    for place in ("an object", "a whole section"):
        found = cost(api.app, *PLACES[place], made(body), "application/json", USER)
        assert 400 <= found.status < 500, found
        assert found.peak <= MOST * found.size + SMALL, found
        assert found.answer <= LONGEST, found


@pytest.mark.parametrize("body", SMALLER)
def test_as_many_values_as_are_taken_cost_no_more_than_the_largest_body(api, body):
    """A few bytes are a value of hundreds: their number is limited, so that the sum is."""
    for place in ("a list", "a whole section", "a desired state", "a site"):
        found = cost(api.app, *PLACES[place], made(body), "application/json", USER)
        assert 400 <= found.status < 500, found
        assert found.peak <= MOST * LARGEST, found
        assert found.answer <= LONGEST, found


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/yaml"])
def test_texts_have_a_limited_number_of_lines(api, kind):
    for place in ("a desired state", "a plan", "a text in JSON"):
        raw = b'"' + b"\\n" * (15 * MEGA) + b'x"' if kind.endswith("json") else b"a\n" * (15 * MEGA)
        found = cost(api.app, *PLACES[place], raw, kind, USER)
        assert found.status in (413, 415), found
        assert found.peak <= MOST * found.size + SMALL, found


def test_no_more_than_twenty_violations_are_named(api):
    body = {f"unknown_{number}": "x" * 50 for number in range(5000)}
    answer = api.call("POST", SERVERS, body | {"name": "n", "address": "192.0.2.1"})
    assert answer.status_code == 422
    assert answer.json["message"].count("is not known here") == 20
    assert answer.json["message"].endswith(", and many more")
    fewer = dict(list(body.items())[:120]) | {"name": "n", "address": "192.0.2.1"}
    assert api.call("POST", SERVERS, fewer).json["message"].endswith(", and 100 more")
    longest = api.call("POST", SERVERS, {"x" * 1000 + str(number): 1 for number in range(9)})
    assert len(longest.content) <= LONGEST
    assert longest.json["message"].count("is not known here") == 9


def test_a_list_is_not_read_to_its_end_when_nobody_would_be_told_of_it(api):
    answer = api.call("PUT", PLACES["a list"][1], [{}] * 1000)
    assert answer.status_code == 422
    assert answer.json["message"].count(" in body is required") == 20
    broken = [{"acl_name": "a", "criterion": "src", "value": "192.0.2.1"}] * 1000 + [{}]
    assert "1000.acl_name" in api.call("PUT", PLACES["a list"][1], broken).json["message"]


def test_a_message_is_short_whatever_is_in_it(api):
    for name in ("\U0001f600 " * 4000, "x " * 50_000, "\udc80 " * 9000):
        answer = api.call("POST", SERVERS, {"name": name, "address": name})
        assert answer.status_code in (400, 422)
        assert len(answer.json["message"].encode("utf-8", "surrogatepass")) <= 8010


def parts(value: object) -> int:
    """What the limit counts: each name, value and bracket, but for the first of each list."""
    text = json.dumps(value)
    outside, inside = "", False
    at = 0
    while at < len(text):
        if inside and text[at] == "\\":
            at += 1
        elif text[at] == '"':
            inside = not inside
        elif not inside:
            outside += text[at]
        at += 1
    return sum(map(outside.count, ",:[{"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('a,:[{"\\', max_size=9),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text('a,:[{"\\', max_size=5), inner, max_size=5),
)


@given(JSON, st.integers(1, 9))
def test_signs_in_strings_are_not_counted(value, block):
    found = parts(value)
    data = json.dumps(value).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dataplane_core.api.body_amounts._BLOCK", block)
        check_parts(data, found + 1)
        if found and len(data) > found:
            with pytest.raises(TooLarge):
                check_parts(data, found)


def test_limits_are_far_from_what_is_honest():
    check_parts(b'"' + b",[" * MOST_PARTS + b'"')
    check_parts(json.dumps({f"property_{number}": number for number in range(FEW_PARTS // 2 - 1)}).encode(), FEW_PARTS)
    assert len(parse_json(filled(b'{"key":"a","value":"b"}', 24 * 150_000))) > 149_000


def test_the_lines_of_all_bodies_share_their_room():
    room = LineRoom(3000)
    assert room.take(b"\n" * 1000, False) == 0, "few lines are not counted"
    assert (room.take(b"\n{" * 2000, False), room.take(b"\\n{" * 500, True)) == (2000, 0)
    with pytest.raises(NoRoomForLines):
        room.take(b"\n" * 1001, False)
    with pytest.raises(TooLarge):
        room.take(b"\n{" * 1501, True)
    room.give(2000)
    assert room.take(b"{" * 3000, True) == room.taken == 3000
    assert LineRoom(0).take(b"\n" * 5000, False) == 0
    with pytest.raises(TooLarge):
        LineRoom(10).take(b"\n" * 11, False)


@pytest.mark.parametrize("place", ["raw", "apply", "full_section"])
def test_the_room_of_lines_is_given_back_whatever_comes_of_a_request(api, place):
    asked = places_of("servers in one backend")[place]
    room = api.app._frame.lines
    for number in (5, 1500):
        body = asked.body(KINDS["servers in one backend"](number))
        target = asked.target.replace("version=1", "version=999")
        assert api.call(asked.method, target, raw=body, headers={"Content-Type": asked.kind}).status_code < 500
        assert room.taken == 0
    taken = room.take(b"\n" * 249_000, False)
    answer = api.call(asked.method, asked.target, raw=body, headers={"Content-Type": asked.kind})
    room.give(taken)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
