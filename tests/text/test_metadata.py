"""Metadata is the comment of a line: what is written is read again, and stays a comment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.errors import Invalid
from dataplane_core.text import Line
from dataplane_core.text.depth import DEEPEST, is_too_deep
from dataplane_core.text.metadata import metadata_of, with_metadata

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
LINES = ["  server s1 192.0.2.1:80\n", "backend b  # words\r\n", "  log-tag 'a # b' #x", "  description a\\ # c\n"]


@pytest.mark.parametrize("raw", LINES)
@given(metadata=st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_is_read_and_nothing_else_changes(raw, metadata):
    before = Line(raw)
    after = with_metadata(before, metadata)
    assert after.tokens == before.tokens
    assert metadata_of(after) == metadata
    assert len(after.raw.splitlines()) == 1
    assert after.raw[len(after.raw.rstrip("\r\n")) :] == raw[len(raw.rstrip("\r\n")) :]
    assert with_metadata(after, metadata) is after
    bare = with_metadata(after, None)
    assert (bare.tokens, bare.comment, metadata_of(bare)) == (before.tokens, "", None)


@pytest.mark.parametrize(
    ("comment", "shown"),
    [
        ("", None),
        ("#", None),
        ('#{"a":1}', {"a": 1}),
        ('# {"a": {"b": "<"}}  ', {"a": {"b": "<"}}),
        ("# by hand", {"comment": "by hand"}),
        ("# [1]", {"comment": "[1]"}),
        ("# {broken", {"comment": "{broken"}),
        ('# {"a":1} and words', {"comment": '{"a":1} and words'}),
        ('# {"a":NaN}', {"comment": '{"a":NaN}'}),
    ],
)
def test_a_comment_by_hand_is_shown_and_stays(comment, shown):
    line = Line(f"  server s1 192.0.2.1:80 {comment}\n")
    assert metadata_of(line) == shown
    assert with_metadata(line, shown).raw == line.raw or not shown
    kept = with_metadata(line, None)
    assert kept.comment == ("" if shown and "comment" not in shown else line.comment)


def test_it_is_written_compact_and_sorted():
    line = with_metadata(Line("backend b\n"), {"b": "<&>\n\u2028", "a": "é"})
    assert line.raw == 'backend b # {"a":"é","b":"\\u003c\\u0026\\u003e\\n\\u2028"}\n'
    assert with_metadata(line, {}).raw == "backend b # {}\n"

def test_values_that_python_holds_for_equal_are_told_apart():
    line = Line('backend b # {"a":1}\n')
    assert with_metadata(line, {"a": True}).raw == 'backend b # {"a":true}\n'
    assert with_metadata(line, {"a": 1}) is line


def test_text_that_is_not_utf_8_is_refused_unless_it_stays():
    line = Line("backend b # \udc80 by hand\n")
    assert with_metadata(line, metadata_of(line)) is line
    with pytest.raises(Invalid, match="must be text in UTF-8"):
        with_metadata(line, {"a": "\udc80"})


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_comment_that_is_nested_deeper_than_any_answer_is_words(opening, closing):
    for depth, shown in ((DEEPEST - 1, "a"), (DEEPEST, "comment"), (5000, "comment")):
        text = '{"a":' + opening * depth + "1" + closing * depth + "}"
        found = metadata_of(Line(f"backend b # {text}\n"))
        assert list(found) == [shown]
        assert not is_too_deep(found)
