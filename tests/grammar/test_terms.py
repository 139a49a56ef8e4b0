"""Each term in both directions: a line's words, the values they give, and the words of those values."""

import pytest

from dataplane_core.errors import Invalid
from dataplane_core.grammar import (
    NoMatch,
    Reading,
    arg,
    args,
    case,
    const,
    dispatch,
    duration,
    first_of,
    flag,
    group,
    integer,
    listed,
    lit,
    many,
    nothing,
    on_off,
    one_of,
    opt,
    params,  # fmt: skip
    rest,
    rule,
    seq,
    size,
    switch,
    word,
)
from dataplane_core.text import split_words

TABLE = params(
    switch("check", "check", off="no-check"),
    arg("inter", duration("inter", nullable=True)),
    flag("ssl", "ssl"),
    arg("weight", integer("weight", 0, 256, nullable=True)),
    args("hdr", "headers", word("name") + word("value")),
)
ACTION = rule(
    dispatch(
        "type",
        case("allow"),
        case("set-header", word("name") + rest("format")),
        case("lua.{action}", opt(rest("params"))),
        case("set-var({scope}.{var})", rest("expr")),
        case("track-sc{counter:int}", word("key"), value="track-sc"),
        case("resolve({var},{servers},{protocol})", rest("expr")),
        case("resolve({var},{servers})", rest("expr")),
        case("random({draws:int})"),
        case("random"),
    )
)
BOTH = [
    (word("a"), "x", {"a": "x"}),
    (word("a"), '"x y"', {"a": '"x y"'}),
    (integer("a"), "-5", {"a": -5}),
    (size("a"), "2048", {"a": 2048}),
    (duration("a"), "1500", {"a": 1500}),
    (duration("a", unit="s"), "5", {"a": 5000}),
    (on_off("a"), "off", {"a": "disabled"}),
    (one_of("a", "x", "y"), "y", {"a": "y"}),
    (listed("a"), "x,y", {"a": ["x", "y"]}),
    (rest("a"), 'x "y z" w', {"a": 'x "y z" w'}),
    (seq(lit("k"), word("a")) + rest("b"), "k x y z", {"a": "x", "b": "y z"}),
    (opt(word("a")), "", {}),
    (const("a", True), "", {"a": True}),
    (nothing, "", {}),
    (many("a", word("a")), "x y", {"a": ["x", "y"]}),
    (many("l", word("a") + integer("b")), "x 1 y 2", {"l": [{"a": "x", "b": 1}, {"a": "y", "b": 2}]}),
    (group("g", word("a") + opt(word("b"))), "x y", {"g.a": "x", "g.b": "y"}),
    (first_of(word("m") + word("u") + word("v"), word("m") + word("u"), word("u")), "x", {"u": "x"}),
    (first_of(word("m") + word("u") + word("v"), word("m") + word("u"), word("u")), "x y", {"m": "x", "u": "y"}),
    (TABLE, "", {}),
    (TABLE, "no-check inter 2000 ssl", {"check": "disabled", "inter": 2000, "ssl": True}),
    (TABLE, "hdr a b hdr c d", {"headers": [{"name": "a", "value": "b"}, {"name": "c", "value": "d"}]}),
    (ACTION, "allow", {"type": "allow"}),
    (ACTION, "allow if a or b", {"type": "allow", "cond": "if", "cond_test": "a or b"}),
    (ACTION, "allow unless", {"type": "allow", "cond": "unless"}),
    (ACTION, 'set-header X "if" unless { a }', {"type": "set-header", "name": "X", "format": '"if"', "cond": "unless", "cond_test": "{ a }"}),
    (ACTION, "lua.f 1 2", {"type": "lua", "action": "f", "params": "1 2"}),
    (ACTION, "set-var(txn.a.b) path", {"type": "set-var", "scope": "txn", "var": "a.b", "expr": "path"}),
    (ACTION, "track-sc2 src", {"type": "track-sc", "counter": 2, "key": "src"}),
    (ACTION, "resolve(v,s,ipv4) x", {"type": "resolve", "var": "v", "servers": "s", "protocol": "ipv4", "expr": "x"}),
    (ACTION, "resolve(v,s) x", {"type": "resolve", "var": "v", "servers": "s", "expr": "x"}),
    (ACTION, "random(3)", {"type": "random", "draws": 3}),
    (ACTION, "random", {"type": "random"}),
]  # fmt: skip


def read(term, text):
    tokens = split_words(text)
    reading = Reading()
    assert term.read(tokens, 0, reading) == len(tokens)
    return reading


@pytest.mark.parametrize(("term", "text", "values"), BOTH)
def test_both_directions(term, text, values):
    assert read(term, text).values == values
    assert " ".join(term.write(values, {})) == text
    assert list(term.problems(values)) == []


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (word("a"), ""),
        (integer("a"), "x"),
        (duration("a"), "1.5s"),
        (one_of("a", "x"), "y"),
        (lit("k"), "j"),
        (ACTION, "nope"),
        (ACTION, "track-scx src"),
        (ACTION, "set-header X"),
        (
            params(
                arg("crt", word("crt")),
                strict=True,
            )
            + rest("x"),
            "crt",
        ),
    ],
)
def test_other_shapes_are_not_read(term, text):
    with pytest.raises((NoMatch, AssertionError)):
        read(term, text)


@pytest.mark.parametrize(
    ("term", "values"),
    [
        (word("a"), {"a": "x y"}),
        (word("a"), {"a": "x#y"}),
        (word("a"), {"a": 'x"y'}),
        (word("a"), {"a": "x\ny"}),
        (word("a"), {"a": ""}),
        (word("a"), {}),
        (rest("a"), {"a": "x # y"}),
        (rest("a"), {"a": "x 'y"}),
        (ACTION, {"type": "set-header", "name": "X", "format": "a if b"}),
        (ACTION, {"type": "set-var", "scope": "a.b", "var": "c", "expr": "x"}),
        (ACTION, {"type": "resolve", "var": "a,b", "servers": "c", "expr": "x"}),
        (ACTION, {"type": "resolve", "var": "a", "servers": "b,c", "expr": "x"}),
        (listed("a"), {"a": ["x", "y,z"]}),
        (ACTION, {"type": "nope"}),
        (ACTION, {"type": "allow", "cond": "if", "cond_test": "a # b"}),
    ],
)
def test_what_would_read_otherwise_is_not_written(term, values):
    with pytest.raises(Invalid):
        term.write(values, {})


def test_unchanged_keywords_keep_spelling_place_and_unknown_neighbours():
    reading = read(TABLE, "weight 10 futurekw 5 check inter 2s ssl")
    values = {**reading.values, "weight": 20, "check": "disabled"}
    del values["ssl"]
    assert " ".join(TABLE.write(values, reading.layout)) == "weight 20 futurekw 5 no-check inter 2s"
    assert reading.partial


def test_a_new_keyword_goes_where_the_table_has_it():
    reading = read(TABLE, "check ssl")
    assert (
        " ".join(TABLE.write({**reading.values, "inter": 5, "weight": 1}, reading.layout))
        == "check inter 5 ssl weight 1"
    )


def test_the_last_of_a_doubled_keyword_counts_and_is_the_one_that_changes():
    reading = read(TABLE, "inter 1s inter 2s")
    assert reading.values == {"inter": 2000}
    assert TABLE.write({"inter": 3}, reading.layout) == ["inter", "3"]


def test_a_keyword_that_fails_behind_an_unknown_word_is_that_words_argument():
    assert read(TABLE, "on-error weight").partial


def test_problems_name_what_is_lacking_and_what_does_not_belong():
    problems = {
        (p.path, p.code) for p in ACTION.problems({"type": "allow", "name": "x", "cond_test": "a"})
    }
    assert problems == {("name", 422), ("cond", 602)}
    assert {p.path for p in ACTION.problems({"type": "set-header"})} == {"name", "format"}
    assert {p.path for p in group("g", ACTION).problems({"g.cond": "if"})} >= {"g.type"}


def test_a_table_refuses_a_keyword_twice():
    with pytest.raises(ValueError, match="twice"):
        params(flag("ssl", "a"), flag("ssl", "b"))


def test_a_value_that_another_shape_would_read_otherwise_is_refused():
    term = first_of(seq(word("version", None), word("host", None)), rest("version"))
    assert [one.path for one in term.problems({"version": "HTTP/1.1 www"})] == ["version"]
    assert not list(term.problems({"version": "HTTP/1.1"}))
    assert not list(term.problems({"version": "HTTP/1.1", "host": "www"}))
