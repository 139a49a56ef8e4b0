"""What HAProxy makes of the words of a line; tests/auth asks HAProxy itself for the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.text import ConditionalBlocks, scan, unquote, words

ENVIRON = {b"A": b"one", b"MANY": b"one two  three", b"ENDS": b" one ", b"EMPTY": b"", b"R": b"\xff"}


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("", ()),
        ("  # only", ()),
        ("\r\n", ()),
        ("user a\tb\x0bc\x0cd # e", ("user", "a", "b", "c", "d")),
        ('"$A" "${A}" x"${A}"y', ("one", "one", "xoney")),
        ('"${A-other}" "$A-other"', ("one", "one-other")),
        ("$A ${A} '$A' \\$A \"\\$A\"", ("$A", "${A}", "$A", "\\$A", "$A")),
        ('"${MANY}" "${MANY[*]}" "x${MANY[*]}y"',
         ("one two  three", "one", "two", "three", "xone", "two", "threey")),
        ('"" \'\' "" x', ("", "", "", "x")),
        (r"a\ b a\#b \\ \' \" \n\t\r \x41\xc3\xbc \q \1",
         ("a b", "a#b", "\\", "'", '"', "\n\t\r", "Aü", "\\q", "\\1")),
        (r'''"a b a#b \\ \' \" \# \n \x41 \q"''', ("a b a#b \\ ' \" # \n A \\q",)),
        (r"'\x41 \n'", (r"\x41 \n",)),
        ("end\\\n", ("end\\",)),
        (r"foo\x00bar next", ("foo", "next")),
        ("cut\rhere", ("cut",)),
        ('"$R"', ("\udcff",)),
        ("a\u00a0b", ("a\u00a0b",)),
    ],
)  # fmt: skip
def test_words(line, seen):
    assert words(line, ENVIRON) == (seen, "")


@pytest.mark.parametrize(
    ("line", "before", "problem"),
    [
        ('a "$NOT"', ("a",), "the variable NOT is not set here"),
        ('a b"${NOT-default}" c', ("a",), "the variable NOT is not set here"),
        ('a "x$EMPTY"', ("a",), "the variable EMPTY is not set here"),
        ('a "${ENDS[*]}"', ("a",), "the variable ENDS has blanks at its ends"),
        ('a b "$.LINE"', ("a", "b"), "a quote is not closed, or what stands in it is not complete"),
        ('a "${A"', ("a",), "a quote is not closed, or what stands in it is not complete"),
        ('a "b\n', ("a",), "a quote is not closed, or what stands in it is not complete"),
        ("a 'b\n", ("a",), "a quote is not closed, or an escape is not complete"),
        (r"a b\x4", ("a",), "a quote is not closed, or an escape is not complete"),
    ],
)
def test_words_that_cannot_be_known(line, before, problem):
    assert words(line, ENVIRON) == (before, problem)


@given(st.lists(st.text(st.characters(exclude_categories=["C"], exclude_characters="\\\"'#"))))
def test_plain_words_are_those_of_the_other_reader(parts):
    line = " ".join(parts)
    assert words(line, {}).values == tuple(map(unquote, scan(line)[0]))


PIECES = ["a", "é", "$A", r"\n", r"\x41", r"\xc3\xbc", r"\xff", r"\ ", r"\#", r"\q", r"\\", r"\'", "'a b'", "'#'", r"'\n'",
          '"a b"', r'"\"\$A"', r'"\x41\q"', '""', "\udcff"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), min_size=1))
def test_a_word_without_variables_is_that_of_the_other_reader(pieces):
    word = "".join(pieces)
    assert words(word, {}) == ((unquote(word),), "")


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("a\n b\n", ""),
        ("a\n.if x\nb\n.else\nc\n.endif\nd\n", ".bCc"),
        (".if x\n a\n  .if y\n b\n .endif\n c\n.endif\n.endif\nd\n.if\ne", "abce.yz"),
        ('".if" x\na\n\\.x\n.e"ndif"\nb\n# .if\nc\n.iffy\nd\n', "a"),
    ],
)
def test_conditional_blocks(text, held):
    blocks, at = ConditionalBlocks(text), 0
    for line in text.splitlines(keepends=True):
        if line.strip() in ("a", "b", "c", "d", "e"):
            assert blocks.hold(at) == (line.strip() in held), line
        at += len(line)
