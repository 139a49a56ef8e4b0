"""Expressions of users: found as `re` finds them, in linear time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_plugins.discovery.consul import chosen, problems
from dataplane_plugins.discovery.expressions import Expression, UnfitExpression

RUNAWAYS = [
    r"^(a+)+$", r"(a*)*b", r"^(a|aa)+$", r"^(a|a?)+$", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(.*)*=",
    r"(?:a?){200}a{200}$", r"((a*)*)*$b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", RUNAWAYS)
def test_an_expression_that_runs_away_with_others_ends(pattern: str) -> None:
    expression = Expression(pattern)
    assert not expression.found_in("a" * 190 + "!")


def test_a_consul_entry_with_such_an_expression_is_looked_at() -> None:
    entry = {"service_name_regexp": "^(a+)+$"}
    assert chosen(entry, ["a" * 40 + "!", "a" * 40]) == ["a" * 40]


@pytest.mark.parametrize(
    "pattern",
    [
        "", "web", "^web-", r"\d$", r"^[a-z]\d$", "a|b|", "(?i)WEB", "(?i:W)eb", "(?:we|b)+", "w.b",
        "[^a-c]b", "[]w]", r"[\]w]", "w{1,2}", "w{0}e", "{", "a{,2}", "a{x}", r"\bweb\b", r"\B-",
        r"\Aweb\Z", r"\x77", r"\.", "(?P<name>w)e", "w+?e", "((w))", "()", "(|x)e", "$^", "a$b", "e?b*",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["", "web", "web-1", "aab", "WEB", "w", "a.b", "{", "a{x}", "]-"])
def test_it_finds_what_re_finds(pattern: str, text: str) -> None:
    assert Expression(pattern).found_in(text) == bool(re.search(pattern, text)), (pattern, text)


PIECES = [
    "a", "b", ".", "[ab]", "[^a]", "(", ")", "|", "*", "+", "?", "{1,2}", "^", "$", r"\b", r"\w",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), st.text("ab-", max_size=6))
def test_what_it_accepts_it_finds_as_re_does(pattern: str, text: str) -> None:
    try:
        expression = Expression(pattern)
    except UnfitExpression:
        return
    assert expression.found_in(text) == bool(re.search(pattern, text))


@pytest.mark.parametrize(
    "pattern",
    [
        "(", "*", "[", r"(a)\1", "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "a++", "(?>a)", "(?m)^a",
        "(?x)a", "(?P<n>a)(?P=n)", "(a)(?(1)b|c)", "a{1,2000}", "((a{1,99}){1,99}){1,99}", "a" * 1001,
        "(" * 400 + ")" * 400, "a{99999999999999999999}",
    ],
)  # fmt: skip
def test_what_needs_more_is_refused(pattern: str) -> None:
    with pytest.raises(UnfitExpression):
        Expression(pattern)
    named = [problem.path for problem in problems({"service_name_regexp": pattern})]
    assert named == ["service_name_regexp"]
