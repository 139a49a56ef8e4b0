"""What the storm over stores calls wrong."""

import pytest

from tests.torture.stores import Chain


def chain(**outcomes):
    made = Chain()
    made.outcomes = {outcome: list(revisions) for outcome, revisions in outcomes.items()}
    return made


@pytest.mark.parametrize(
    ("outcomes", "found", "head", "wrong"),
    [
        ({"acknowledged": [(1, "a"), (2, "b")], "overtaken": [(2, "c")]}, {1: "a", 2: "b"}, 2, []),
        ({"acknowledged": [(1, "a")], "Undecided": [(2, "b"), (2, "c")]}, {1: "a", 2: "c"}, 2, []),
        ({"acknowledged": [(1, "a"), (2, "b")]}, {1: "a"}, 1, ["revision 2 was acknowledged and is not there"]),
        ({"acknowledged": [(1, "a")]}, {1: "b"}, 1, ["revision 1 was acknowledged and is not there"]),
        ({"overtaken": [(1, "a")]}, {1: "a"}, 1, ["revision 1 is there, and its client was told overtaken"]),
        ({"StoreUnreachable": [(1, "a")]}, {1: "a"}, 1,
         ["revision 1 is there, and its client was told StoreUnreachable"]),
        ({}, {1: "a", 3: "b"}, 3, ["the chain has holes"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(outcomes, found, head, wrong):
    assert chain(**outcomes).problems(found, head) == wrong
