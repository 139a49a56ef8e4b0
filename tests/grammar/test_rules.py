"""Shapes that rules need: where a condition starts, zeros that are not said, words of free order."""

import pytest

from dataplane_core.errors import Invalid
from dataplane_core.grammar import (
    NoMatch,
    Reading,
    arg,
    case,
    dispatch,
    first_of,
    flag,
    integer,
    loose,
    nothing,
    one_of,
    params,
    rule,
    seq,
    variants,
    word,
)
from dataplane_core.text import split_words

HINT = rule(dispatch("type", case("hint", word("name") + word("format")), case("deny")))
COUNT = dispatch("type", case("count({id:int=0})"), case("nice", integer("nice", -9, 9, default=0)))
REDIRECT = seq(
    one_of("kind", "prefix", "location"),
    word("to"),
    loose("options", arg("code", integer("code"))),
)
BODY = params(
    variants("format", {"default": nothing, "file": word("content"), "text": word("content")}),
    flag("last", "last"),
    strict=True,
)


def read(term, text):
    tokens = split_words(text)
    reading = Reading()
    if term.read(tokens, 0, reading) != len(tokens):
        raise NoMatch(text, "the whole line")
    return reading


@pytest.mark.parametrize(
    ("term", "text", "values"),
    [
        (HINT, "hint if unless", {"type": "hint", "name": "if", "format": "unless"}),
        (HINT, "hint a if", {"type": "hint", "name": "a", "format": "if"}),
        (
            HINT,
            "hint a b if x if y",
            {"type": "hint", "name": "a", "format": "b", "cond": "if", "cond_test": "x if y"},
        ),
        (COUNT, "count(0)", {"type": "count"}),
        (COUNT, "count(2)", {"type": "count", "id": 2}),
        (COUNT, "nice 0", {"type": "nice"}),
        (REDIRECT, "prefix /x", {"kind": "prefix", "to": "/x"}),
        (
            REDIRECT,
            "prefix /x code 301 drop-query set-cookie A=1",
            {"kind": "prefix", "to": "/x", "code": 301, "options": "drop-query set-cookie A=1"},
        ),
        (BODY, "default", {"format": "default"}),
        (BODY, "text hello last", {"format": "text", "content": "hello", "last": True}),
    ],
)
def test_both_directions(term, text, values):
    assert read(term, text).values == values
    assert " ".join(term.write(values, {})) == text
    assert list(term.problems(values)) == []


def test_a_word_that_would_start_the_condition_is_refused():
    term = rule(word("a") + params(flag("if", "flag")))
    with pytest.raises(Invalid, match="bare `if`"):
        term.write({"a": "x", "flag": True}, {})


def test_words_of_a_loose_table_keep_their_place_until_they_change():
    values = read(REDIRECT, "prefix /x drop-query code 301")
    assert values.values["options"] == "drop-query"
    assert REDIRECT.write(values.values | {"code": 302}, values.layout) == split_words(
        "prefix /x drop-query code 302"
    )
    assert REDIRECT.write(values.values | {"options": "append-slash"}, values.layout) == split_words(
        "prefix /x append-slash code 301"
    )


@pytest.mark.parametrize("options", ["code 301", "a # b", 'a "b'])
def test_a_loose_table_refuses_words_that_mean_something_else(options):
    with pytest.raises(Invalid, match="options"):
        REDIRECT.write({"kind": "prefix", "to": "/x", "options": options}, {})


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"format": "file"}, 602, "content"),
        ({"content": "x"}, 602, "content"),
        ({"format": "default", "content": "x"}, 422, "content"),
    ],
)
def test_variants_say_what_does_not_belong(values, code, path):
    assert [(problem.code, problem.path) for problem in BODY.problems(values)] == [(code, path)]


def test_alternatives_do_not_drop_a_property():
    term = first_of(word("a") + word("b"), word("c"))
    assert [problem.path for problem in term.problems({"a": "1", "b": "2", "c": "3"})] == ["c"]


def test_an_enum_that_two_cases_declare_is_their_union():
    inner = [dispatch("action", case(one), required=False) for one in ("x", "y")]
    outer = dispatch("type", case("a", inner[0]), case("b", inner[1]))
    assert {prop.name: prop.enum for prop in outer.props} == {
        "type": ("a", "b"),
        "action": ("x", "y"),
    }
