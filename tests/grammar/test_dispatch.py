"""Branches of a choice by the first word."""

import pytest

from dataplane_core.errors import Invalid
from dataplane_core.grammar import (
    Reading,
    case,
    dispatch,
    integer,
    just_one,
    rest,
    rule,
    seq,
    word,
)

SEEN = dispatch(
    "who", case("client"), case("hdr({name})"), case("", seq(word("host")), value="host")
)


def read(text: str) -> dict:
    reading = Reading()
    assert SEEN.read(text.split(), 0, reading) == len(text.split())
    return reading.values


def test_an_empty_head_reads_what_no_other_branch_takes():
    assert read("client") == {"who": "client"}
    assert read("hdr(x)") == {"who": "hdr", "name": "x"}
    assert read("10.0.0.1") == {"who": "host", "host": "10.0.0.1"}
    assert SEEN.prop.enum == ("client", "hdr", "host")


def test_an_empty_head_is_chosen_by_its_value():
    assert SEEN.write({"who": "host", "host": "a"}, {}) == ["a"]
    assert [one.path for one in SEEN.problems({"who": "host"})] == ["host"]
    assert [one.path for one in SEEN.problems({"who": "client", "host": "a"})] == ["host"]


COUNT = rule(
    dispatch(
        "action",
        case("add({place:=},{id})", just_one(integer("number"), rest("expr"), needed=False)),
        case("keep", just_one(integer("length"), word("slot"))),
    )
)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("add(1,2) 5", {"action": "add", "place": "1", "id": "2", "number": 5}),
        ("add(,2) src_port if x", {"action": "add", "id": "2", "expr": "src_port", "cond": "if", "cond_test": "x"}),
        ("add(,2)", {"action": "add", "id": "2"}),
        ("add(1,2) unless", {"action": "add", "place": "1", "id": "2", "cond": "unless"}),
        ("keep 7", {"action": "keep", "length": 7}),
    ],
)
def test_what_may_be_empty_in_a_word_and_what_one_of_two_says(line, values):
    reading = Reading()
    assert COUNT.read(line.split(), 0, reading) == len(line.split())
    assert reading.values == values
    assert COUNT.write(values, {}) == line.split()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"action": "add", "id": "2"}, [("number", False, True)]),
        ({"action": "add", "id": "2", "number": 1, "expr": "src"}, [("expr", True, True)]),
        ({"action": "keep", "length": 7, "slot": "a"}, [("slot", True, True)]),
        ({"action": "keep"}, [("length", False, False)]),
        ({"action": "bend"}, [("action", False, False)]),
    ],
)
def test_a_choice_that_is_not_made_is_told_from_what_a_line_lacks(values, expected):
    problems = COUNT.problems(values)
    assert [(one.path, one.misplaced, one.of_choice) for one in problems] == expected


COUNTERS = dispatch("action", case("add({place:=},{counter})"), case("put({number:int=0},{tag})"))


@pytest.mark.parametrize("value", ["a b", "a#", "a\n", '"', " "])
@pytest.mark.parametrize(("action", "name"), [("add", "counter"), ("put", "tag")])
def test_what_is_no_word_is_refused_beside_a_place_that_is_not_given(action, name, value):
    with pytest.raises(Invalid, match=f"^{name} must be one word"):
        COUNTERS.write({"action": action, name: value}, {})
