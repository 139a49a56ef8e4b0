"""The checker of histories finds what is wrong with one."""

from dataclasses import replace

import pytest

from tests.fleet.proof.history import Committed, Operation, faults

CHAIN = [
    Committed(1, 1, frozenset(), "d1"),
    Committed(2, 2, frozenset({"a"}), "d2"),
    Committed(3, 3, frozenset({"a", "b"}), "d3"),
    Committed(4, 3, frozenset({"a", "b"}), "d3"),
    Committed(5, 4, frozenset({"a", "b", "u"}), "d5"),
]
DONE = [
    Operation("a", 1.0, 2.0, 1, "done", 2),
    Operation("b", 2.5, 3.0, 2, "done", 3),
    Operation("c", 2.5, 3.0, 2, "refused"),
    Operation("u", 4.0, 9.0, 3, "unknown"),
    Operation("v", 4.0, 9.0, 3, "unknown"),
]
LOADED = {"one": ["d1", "d2", "d3", "d5"], "two": ["d1", "d5"]}


def test_a_history_of_one_server_has_no_fault():
    assert faults(DONE, CHAIN, LOADED) == []


def other(index, **changes):
    return [replace(one, **changes) if n == index else one for n, one in enumerate(DONE)]


@pytest.mark.parametrize(
    ("operations", "chain", "loaded", "fault"),
    [
        (other(0, version=9), CHAIN, LOADED, "which has not got it"),
        (DONE, [*CHAIN[:4], replace(CHAIN[4], marks=frozenset({"b", "u"}))], LOADED, "a was acknowledged, and is lost"),
        (other(1, version=2, mark="a"), CHAIN, LOADED, "was given to 2 changes"),
        (DONE, [*CHAIN[:4], replace(CHAIN[4], marks=frozenset("abc"))], LOADED, "c was refused, and is there"),
        (DONE, [*CHAIN[:4], replace(CHAIN[4], marks=frozenset("abx"))], LOADED, "x is there, and nobody has made it"),
        (other(1, begun=0.1, ended=0.5), CHAIN, LOADED, "acknowledged before version 2"),
        (other(1, base=1), CHAIN, LOADED, "a came between"),
        (DONE, [*CHAIN[:2], *CHAIN[3:]], LOADED, "revision 4 follows on 2"),
        (DONE, [*CHAIN[:4], replace(CHAIN[4], version=1)], LOADED, "has version 1 after 3"),
        (DONE, CHAIN, {**LOADED, "two": ["d1", "dx"]}, "two ran a text that is no revision"),
        (DONE, [*CHAIN[:4], replace(CHAIN[4], only="one")], {**LOADED, "two": ["d5"]}, "two ran revision 5, which one took"),
    ],
)
def test_what_is_wrong_is_found(operations, chain, loaded, fault):
    assert any(fault in one for one in faults(operations, chain, loaded))


def test_a_change_that_was_merged_may_have_others_between():
    assert faults(other(1, base=1, rebased=True), CHAIN, LOADED) == []


def test_what_a_roll_out_takes_back_is_not_lost():
    back = Committed(6, 5, frozenset("au"), "d3", returned=frozenset("b"))
    assert faults(DONE, [*CHAIN, back], LOADED) == []
    assert faults(DONE, [*CHAIN, replace(back, returned=frozenset())], LOADED) == ["b was acknowledged, and is lost"]
