from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.text import Line, Section
from dataplane_core.text.section_edit import SectionEdit
from dataplane_core.text.splice import (
    Splice,
    common_end,
    common_start,
    lines_after,
    marks_after,
    moved,
)

ITEMS = st.lists(st.integers(0, 2), max_size=12)


@given(ITEMS, ITEMS)
def test_common_ends_are_as_long_as_they_can_be(one, other):
    start = common_start(one, other)
    assert one[:start] == other[:start]
    assert start == min(len(one), len(other)) or one[start] != other[start]
    end = common_end(one, other, start)
    assert one[len(one) - end :] == other[len(other) - end :]
    rest = one[start : len(one) - end], other[start : len(other) - end]
    assert not all(rest) or rest[0][-1] != rest[1][-1]


@given(st.lists(st.sampled_from("abcd"), min_size=1), st.data())
def test_a_line_is_found_where_it_has_moved(raws, data):
    section = Section.parse("backend b\n" + "".join(f"  {raw} {at}\n" for at, raw in enumerate(raws)))
    edit = SectionEdit(section)
    places = st.integers(0, len(raws) - 1)
    for _ in range(3):
        data.draw(st.sampled_from([edit.remove, lambda at: edit.insert(at, ["x"]), lambda at: edit.replace(at, ["y"])]))(
            data.draw(places)
        )
    new = edit.done()
    splices = new.splices_from(section)
    assert lines_after(section.lines, splices) == new.lines
    changes = [(splice.at, splice.removed, bytes(len(splice.added))) for splice in splices]
    assert len(marks_after(bytes(len(section.lines)), changes)) == len(new.lines)
    for at, line in enumerate(section.lines):
        place = moved(at, splices)
        assert (line not in new.lines) if place is None else new.lines[place] is line


def test_an_edit_is_known_to_the_section_it_made_alone():
    section = Section.parse("backend b\n  x\n")
    new = section.insert(0, Line("  y\n"))
    assert new.splices_from(section) == [Splice(0, 0, new.lines[:1])]
    assert section.splices_from(new) is None
    assert new.insert(0, Line("  z\n")).splices_from(section) is None


def test_a_line_that_is_several_is_cut():
    section = Section.parse("backend b\n  x\n").insert(0, Line("  y\n  z\n"))
    assert [line.raw for line in section.lines] == ["  y\n", "  z\n", "  x\n"]


def test_conditional_blocks_are_known_after_an_edit():
    section = Section.parse("backend b\n  x\n")
    assert section.blocks == ([], [])
    assert section.insert(1, Line("  y\n")).cache["blocks"] == ([], [])
    new = section.insert(1, Line("  .if A\n"))
    assert "blocks" not in new.cache
    assert new.blocks == ([], [1])
