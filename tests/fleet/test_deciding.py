"""What a member does next, by what it has, had, and is to have."""

import pytest

from dataplane_plugins.fleet.members.deciding import Decision, Here, Step, decide
from dataplane_plugins.fleet.members.known import Known
from dataplane_plugins.fleet.records.revisions import Revision

NEVER = Known()
HAD = Known(3, "d", text="T3", files="F3", version=5)
FILES = {"maps/a": "A3", "maps/b": "B3"}


def wanted(text="T3", version=5, files="F3"):
    return Revision(4, version, "", text, files, "other", 0.0, {})


CASES = {
    "it has it": (Here("T3", 5, FILES), HAD, wanted(), FILES, Decision(Step.NOTHING)),
    "a new text": (Here("T3", 5, FILES), HAD, wanted("T4", 6), FILES, Decision(Step.TAKE)),
    "a new number": (Here("T3", 5, FILES), HAD, wanted(version=9), FILES, Decision(Step.TAKE)),
    "a higher number here": (Here("T3", 8, FILES), HAD, wanted(), FILES, Decision(Step.RENUMBER)),
    "a member that joins": (Here("own", 8, {"maps/x": "X"}), NEVER, wanted(), FILES, Decision(Step.TAKE)),
    "a new file": (
        Here("T3", 5, FILES), HAD, wanted(files="F4"), {**FILES, "maps/c": "C4"}, Decision(Step.TAKE),
    ),
    "a file went": (Here("T3", 5, FILES), HAD, wanted(files="F4"), {"maps/a": "A3"}, Decision(Step.TAKE)),
    "a text of its own": (Here("own", 6, FILES), HAD, wanted(), FILES, Decision(Step.OFFER, True)),
    "a file of its own": (
        Here("T3", 5, {**FILES, "maps/a": "own"}), HAD, wanted(), FILES, Decision(Step.OFFER, False, ("maps/a",)),
    ),
    "a file that it removed": (
        Here("T3", 5, {"maps/a": "A3"}), HAD, wanted(), FILES, Decision(Step.OFFER, False, ("maps/b",)),
    ),
    "both changed the text": (Here("own", 6, FILES), HAD, wanted("T4", 6), FILES, Decision(Step.MERGE, True)),
    "both made the same text": (Here("T4", 6, FILES), HAD, wanted("T4", 6), FILES, Decision(Step.NOTHING)),
    "both changed a file": (
        Here("T3", 5, {**FILES, "maps/a": "own"}), HAD, wanted(files="F4"), {**FILES, "maps/a": "A4"},
        Decision(Step.APART, False, ("maps/a",)),
    ),
    "each changed another file": (
        Here("T3", 5, {**FILES, "maps/a": "own"}), HAD, wanted(files="F4"), {**FILES, "maps/b": "B4"},
        Decision(Step.TAKE, False, ("maps/a",)),
    ),
    "a text of its own, and a new file": (
        Here("own", 6, FILES), HAD, wanted(files="F4"), {**FILES, "maps/c": "C4"}, Decision(Step.TAKE, True),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("here", "known", "head", "files", "expected"), CASES.values(), ids=CASES)
def test_what_is_next(here, known, head, files, expected):
    assert decide(here, known, FILES if known.number else {}, head, files) == expected
