"""Entries as JSON: the fast way and the plain one say the same."""

import json

from hypothesis import given
from hypothesis import strategies as st

from dataplane_plugins.runtime.map_entries_json import map_entries_json

WORD = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=6)
PLAIN = st.text("abc/é.-", min_size=1, max_size=6)


def told(rows):
    lines = (f"0x{at:x} {key} {value}" for at, (key, value) in enumerate(rows))
    return json.loads(map_entries_json("\n".join(lines).encode()))


@given(st.one_of(
    st.lists(st.tuples(PLAIN, PLAIN)),
    st.lists(st.tuples(WORD, st.lists(WORD, min_size=1).map(" ".join))),
))  # fmt: skip
def test_every_entry_is_told_as_it_is(rows):
    assert told(rows) == [
        {"id": f"0x{at:x}", "key": key, "value": value} for at, (key, value) in enumerate(rows)
    ]


def test_bytes_that_are_no_text_and_values_that_are_missing():
    assert json.loads(map_entries_json(b"0x1 a\xff b\n0x2 c")) == [
        {"id": "0x1", "key": "a\udcff", "value": "b"}, {"id": "0x2", "key": "c", "value": ""}
    ]  # fmt: skip
    assert json.loads(map_entries_json(b"0x1 a\n0x2 c d e"))[1] == {"id": "0x2", "key": "c", "value": "d e"}
    assert json.loads(map_entries_json(b"0x1 a  \n0x2 c d")) == [
        {"id": "0x1", "key": "a", "value": " "}, {"id": "0x2", "key": "c", "value": "d"}
    ]  # fmt: skip
