"""Some of the states after a power cut that `contrib/torture --crashes` tries all of."""

from pathlib import Path

import pytest

from tests.torture import strace
from tests.torture.crash_uploads import try_upload
from tests.torture.crashes import State, Step, states, try_action, unsynced

STEPS = [
    Step("name", 1, name="/f/a.tmp"),
    Step("write", 1, data=b"new"),
    Step("sync", 1, name="/f/a.tmp"),
    Step("rename", 1, name="/f/a", source="/f/a.tmp"),
    Step("sync", name="/f"),
    Step("acknowledged"),
]


def test_what_was_not_synced_may_be_lost() -> None:
    assert unsynced(STEPS[:2]) == [0, 1]
    assert unsynced(STEPS[:3]) == [0]
    assert unsynced(STEPS[:4]) == [0, 3]
    assert unsynced(STEPS) == []


def test_a_name_may_reach_the_disk_without_its_data() -> None:
    steps = [one for one in STEPS if one.kind != "sync"]
    found = [state.data.get(state.names.get("/f/a", 0)) for state, _, _ in states(State(), steps)]
    assert {b"new", b"n", None} <= set(found)
    last = [state.data[state.names["/f/a"]] for state, acknowledged, _ in states(State(), STEPS) if acknowledged]
    assert set(last) == {b"new"}


@pytest.mark.skipif(bool(strace.missing()), reason=strace.missing())
def test_a_store_starts_on_every_state(tmp_path: Path) -> None:
    counts, problems = try_action(tmp_path, "direct", most=12)
    assert problems == []
    assert counts["tried"] >= 12
    assert counts["states"] > 200


@pytest.mark.skipif(bool(strace.missing()), reason=strace.missing())
def test_a_start_that_is_cut_off_begins_anew(tmp_path: Path) -> None:
    counts, problems = try_action(tmp_path, "start after a death", most=6)
    assert problems == []
    assert counts["states"] > 50


@pytest.mark.skipif(bool(strace.missing()), reason=strace.missing())
def test_a_file_is_the_old_or_the_new_one_in_every_state(tmp_path: Path) -> None:
    counts, problems = try_upload(tmp_path, "replaced", "map", most=4)
    assert problems == []
    assert counts["states"] > 30
