"""Two edits of one list are merged, or touch."""

from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.text.three_way import merge_lists

LINES = st.lists(st.sampled_from("abcdef"), max_size=8)


def merged(base: list[str], mine: list[str], theirs: list[str]) -> list[str] | None:
    return merge_lists(base, (mine, theirs), (mine, theirs))


@given(LINES, LINES)
def test_an_edit_of_one_side_is_the_result(base: list[str], edited: list[str]) -> None:
    assert merged(base, edited, base) == edited
    assert merged(base, base, edited) == edited
    assert merged(base, edited, edited) == edited


@given(LINES, LINES, LINES)
def test_the_sides_may_change_places(base: list[str], one: list[str], other: list[str]) -> None:
    assert merged(base, one, other) == merged(base, other, one)


@given(st.lists(st.integers(), unique=True, min_size=3, max_size=12), st.data())
def test_edits_with_an_item_between_are_both_made(base: list[int], data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(base) - 2))
    first, last = base[:at], base[at + 1 :]
    top = data.draw(st.sampled_from([[], [-1], [*first, -1], first[1:]]))
    end = data.draw(st.sampled_from([[], [-2], [-2, *last], last[:-1]]))
    mine, theirs = [*top, base[at], *last], [*first, base[at], *end]
    if top != first and end != last:
        assert merge_lists(base, (mine, theirs), (mine, theirs)) == [*top, base[at], *end]
