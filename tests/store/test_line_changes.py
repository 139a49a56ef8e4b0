"""The lines that differ between two texts make the one of the other, and are few."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane_core.store.line_changes import (
    LineChange,
    line_changes,
    lines_in,
    packed_changes,
    take_changes,
    text_of,
    unpacked_changes,
)

PIECES = st.sampled_from([b"a", b"b", b"\n", b"\r\n", b"  server s1\n", b"\xff", b"\x0b", b""])
TEXTS = st.lists(PIECES, max_size=12).map(b"".join)


def made(former, changes):
    lines = lines_in(former)
    take_changes(lines, unpacked_changes(packed_changes(changes)))
    return text_of(lines)


@settings(max_examples=200)
@given(former=TEXTS, text=TEXTS)
def test_the_changes_make_the_text(former, text):
    assert made(former, line_changes(former, text)) == text


def large(seed):
    return [b"  server s%d 10.0.0.1:80 weight %d" % (n, (n * seed) % 7) for n in range(20_000)]


@settings(max_examples=15)
@given(seed=st.integers(1, 1000), edits=st.integers(0, 60))
def test_changes_all_over_a_large_text_are_found_one_by_one(seed, edits):
    chance = random.Random(seed)
    lines = large(seed)
    former = text_of(lines)
    for _ in range(edits):
        at = chance.randrange(len(lines))
        lines[at : at + chance.randrange(3)] = [b"new %d" % chance.randrange(100)] * chance.randrange(3)
    text = text_of(lines)
    changes = line_changes(former, text)
    assert made(former, changes) == text
    assert sum(change.removed + len(change.added) for change in changes) <= edits * 4


def test_a_text_that_has_nothing_in_common_is_taken_whole():
    former, text = text_of(large(3)), text_of([b"other %d" % n for n in range(20_000)])
    assert made(former, line_changes(former, text)) == text


def test_the_version_line_and_a_line_far_below_are_two_changes():
    lines = large(3)
    former = text_of([b"# _version=7", *lines])
    lines[15_000] = b"  server new"
    changes = line_changes(former, text_of([b"# _version=8", *lines]))
    assert changes == [
        LineChange(0, 1, (b"# _version=8",)),
        LineChange(15_001, 1, (b"  server new",)),
    ]
    assert len(packed_changes(changes)) < 60


def test_marks_stand_where_the_lines_do():
    former, text = b"a\nb\nc", b"a\nx\ny\nc"
    marks = [1, 2, 3]
    take_changes(marks, line_changes(former, text), mark=9)
    assert marks == [1, 9, 9, 3]


def test_lines_that_the_end_repeats_are_not_taken_twice():
    """Behind the first change both go on alike as far as the end of the former text."""
    begin, end = b"  server r 192.0.2.1:80\n" * 9, b"backend b\n" + b"  server t 192.0.2.1:80\n" * 9
    many = b"".join(b"  server j%d 192.0.2.1:80\n" % number for number in range(6000))
    former, text = b"# a\n" + begin + end, b"# b\n" + begin + end + many + end
    lines = lines_in(former)
    take_changes(lines, line_changes(former, text))
    assert text_of(lines) == text


@settings(max_examples=200)
@given(st.integers(0, 1 << 32), st.integers(1, 8))
def test_long_and_short_texts_are_compared_with_the_same_result(seed, edits):
    some = random.Random(seed)
    former = [some.choice((b"", b"a", b"b", b"\r")) for _ in range(some.randrange(100))]
    other = list(former)
    for _ in range(edits):
        at = some.randrange(len(other) + 1)
        other[at : at + some.randrange(4)] = [some.choice((b"", b"a", b"c")) for _ in range(some.randrange(4))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dataplane_core.store.line_changes._FEW_BYTES", some.choice((1, 20)))
        changes = line_changes(text_of(former), text_of(other))
    lines = list(former) or [b""]
    take_changes(lines, changes)
    assert text_of(lines) == text_of(other)
