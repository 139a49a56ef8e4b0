"""Words are cut as HAProxy cuts them (manual, 2.2), and raw tokens join to the same line again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.text import (
    QuoteError,
    has_variable,
    is_one_word,
    is_words,
    scan,
    split_words,
    unquote,
)

CASES = [
    ("", (), ""),
    ("   \t ", (), ""),
    ("server a 1.2.3.4:80", ("server", "a", "1.2.3.4:80"), ""),
    ("\tmode   http # why", ("mode", "http"), "# why"),
    ("# only", (), "# only"),
    ("word#comment", ("word",), "#comment"),
    (r"a\#b c", (r"a\#b", "c"), ""),
    (r"a\ b c", (r"a\ b", "c"), ""),
    ('x "a b" c', ("x", '"a b"', "c"), ""),
    ("x 'a # b' c", ("x", "'a # b'", "c"), ""),
    (r'x "a \" b"', ("x", r'"a \" b"'), ""),
    (r"x 'a\' b", ("x", r"'a\'", "b"), ""),
    ('pre"fix y"post z', ("pre", "z")[:0] + ('pre"fix y"post', "z"), ""),
    ("ünï  ✓", ("ünï", "✓"), ""),
    ("a\u00a0b", ("a\u00a0b",), ""),
    ("a\x0bb", ("a", "b"), ""),
]


@pytest.mark.parametrize(("text", "tokens", "comment"), CASES)
def test_scan(text, tokens, comment):
    assert scan(text) == (tokens, comment)
    assert scan(text + "\n") == (tokens, comment)
    assert scan(text + "\r\n") == (tokens, comment)


@pytest.mark.parametrize("text", ['a "b', "a 'b", "a b\\", 'a "b\\"'])
def test_an_open_quote_is_refused(text):
    with pytest.raises(QuoteError):
        split_words(text)


@pytest.mark.parametrize(
    ("token", "seen"),
    [
        ("plain", "plain"),
        (r"a\ b", "a b"),
        ('"a b"', "a b"),
        (r'"a \" \\ \$ \n"', 'a " \\ $ \n'),
        (r"a\n\r\t\x41\#\"\'", "a\n\r\tA#\"'"),
        (r""""a\x41\ \#\'" """.strip(), "aA #'"),
        (r"a\$b\;c\b\,", r"a\$b\;c\b\,"),
        (r"'a\n\x41'", r"a\n\x41"),
        (r"\xc3\xa9\xe9", "é\udce9"),
        (r"'a \" b'", r"a \" b"),
        ("a'b'\"c\"", "abc"),
    ],
)
def test_unquote(token, seen):
    assert unquote(token) == seen


@pytest.mark.parametrize(
    ("token", "expanded"),
    [
        ('"$A"', True),
        ('a"b${A-x}"', True),
        (r'"\\$A"', True),
        ("$A", False),
        ("'$A'", False),
        (r'"\$A"', False),
        (r'\""$A', False),
        ('"a"$A"b"', False),
    ],
)
def test_variables_are_expanded_in_weak_quotes(token, expanded):
    assert has_variable(token) == expanded


@given(st.text())
def test_one_word_is_one_token(value):
    assert is_one_word(value) == (
        is_words(value) and split_words(value) == [value] and scan(f"x {value} y")[0] == ("x", value, "y")
    )


@given(st.lists(st.text(min_size=1).filter(is_one_word)))
def test_words_joined_are_cut_at_the_same_places(words):
    assert split_words(" ".join(words)) == words


def test_a_long_value_is_judged_in_linear_time():
    value = "a" * 100_000 + " "
    assert not is_one_word(value)
    assert not is_one_word('"' + "a" * 100_000)


@pytest.mark.parametrize("char", ["\n", "\r", "\0", "\t", "\x1b", "\x7f", "\u0085", "\u2028"])
def test_control_characters_are_in_no_word(char):
    assert not is_one_word(f"a{char}b")
    assert not is_words(f"a {char} b")
