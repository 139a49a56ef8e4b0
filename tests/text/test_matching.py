"""Steps between two lists: they lead from one to the other, and long lists take no time."""

from collections.abc import Sequence
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.text import matching
from dataplane_core.text.matching import longest_opcodes, opcodes

ITEMS = st.lists(st.sampled_from("abcdefgh"), max_size=30)


def follow(old: list[str], new: list[str]) -> list[str]:
    """What the steps make of `old`; each part of both lists comes up once, in order."""
    made: list[str] = []
    i = j = 0
    for tag, i1, i2, j1, j2 in opcodes(old, new):
        assert (i, j) == (i1, j1)
        if tag == "equal":
            assert old[i1:i2] == new[j1:j2]
        else:
            kinds = {"replace": (True, True), "delete": (True, False), "insert": (False, True)}
            assert kinds[tag] == (i2 > i1, j2 > j1)
        made += old[i1:i2] if tag == "equal" else new[j1:j2]
        i, j = i2, j2
    assert (i, j) == (len(old), len(new))
    return made


@pytest.mark.parametrize("most", [-1, 250_000])
def test_the_steps_lead_from_one_list_to_the_other(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_MOST_PAIRS", most)

    @given(ITEMS, ITEMS)
    def check(old: list[str], new: list[str]) -> None:
        assert follow(old, new) == new

    check()


COUNT = 20_000
NAMES = [str(number) for number in range(COUNT)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["same"] * COUNT, ["other", *["same"] * COUNT]),
        (NAMES, [NAMES[number ^ 1] for number in range(COUNT)]),
        (NAMES, NAMES[::-1]),
        (NAMES, [*NAMES[:COUNT // 2], "new", *NAMES[COUNT // 2 + 1 :]]),
    ],
    ids=["equal items", "swapped pairs", "turned round", "one changed"],
)
def test_long_lists_take_no_time(old: list[str], new: list[str]) -> None:
    started = process_time()
    assert follow(old, new) == new
    assert process_time() - started < 1


def test_what_does_not_move_stays() -> None:
    new = [*NAMES[:100], "x", *NAMES[101:5000], *NAMES[5001:], "y"]
    steps = [step for step in opcodes(NAMES, new) if step[0] != "equal"]
    assert steps == [
        ("replace", 100, 101, 100, 101),
        ("delete", 5000, 5001, 5000, 5000),
        ("insert", COUNT, COUNT, COUNT - 1, COUNT),
    ]


def longest(old: Sequence[int], new: Sequence[int]) -> int:
    """The length of the longest common subsequence, by its definition."""
    before = [0] * (len(new) + 1)
    for one in old:
        now = [0]
        for at, other in enumerate(new):
            now.append(before[at] + 1 if one == other else max(before[at + 1], now[at]))
        before = now
    return before[-1]


@given(st.lists(st.integers(0, 6), max_size=30), st.lists(st.integers(0, 6), max_size=30))
def test_as_many_items_stay_as_can(old: list[int], new: list[int]) -> None:
    made: list[int] = []
    stayed = 0
    for tag, i1, i2, j1, j2 in longest_opcodes(old, new):
        assert tag != "equal" or old[i1:i2] == new[j1:j2]
        stayed += i2 - i1 if tag == "equal" else 0
        made += new[j1:j2]
    assert made == new and stayed == longest(old, new)


def test_very_many_equal_items_are_matched_as_well_as_can_be_told_soon() -> None:
    old, new = [0, 1] * 2000, [1, 0, 2] * 2000
    made = [item for _, _, _, j1, j2 in longest_opcodes(old, new) for item in new[j1:j2]]
    assert made == new
