"""Some of the states after a power cut that `contrib/torture --crashes` tries all of."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture import strace
from tests.torture.crash_uploads import try_upload
from tests.torture.crashes import try_action
from tests.torture.cuts import Disk, State, Step, cuts, unsynced

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
    found = [Disk(State(), steps).state(cut) for cut in cuts(steps)]
    assert {b"new", b"n", None} <= {state.data.get(state.names.get("/f/a", 0)) for state in found}
    disk = Disk(State(), STEPS)
    last = [disk.state(cut) for cut in cuts(STEPS) if cut.acknowledged]
    assert {state.data[state.names["/f/a"]] for state in last} == {b"new"}


def test_with_a_new_folder_goes_all_that_is_in_it() -> None:
    """A sync of the folder itself does not keep its own name."""
    steps = [Step("mkdir", name="/f/g"), *(replace(one, name=one.name.replace("/f", "/f/g")) for one in STEPS)]
    steps = [replace(one, source=one.source.replace("/f", "/f/g")) for one in steps]
    before = State(folders={"/f"})
    last = [Disk(before, steps).state(cut) for cut in cuts(steps) if cut.acknowledged]
    assert [(sorted(state.names), sorted(state.folders)) for state in last] == [
        (["/f/g/a"], ["/f", "/f/g"]), ([], ["/f"]), (["/f/g/a"], ["/f", "/f/g"]), ([], ["/f"]), ([], ["/f"]),
        (["/f/g/a"], ["/f", "/f/g"]),
    ]  # fmt: skip
    kept = [steps[0], Step("sync", name="/f"), *steps[1:]]
    disk = Disk(before, kept)
    assert all(disk.state(cut).names for cut in cuts(kept) if cut.acknowledged)


def test_a_folder_that_is_gone_was_empty() -> None:
    """Its removal is on the disk, so that of what was in it is, too."""
    state = State({"/f/a": 1}, {1: b"x"}, {"/f"})
    state.take(Step("rmdir", name="/f"))
    assert (state.names, state.folders) == ({}, set())


def test_each_different_state_is_there_once() -> None:
    disk = Disk(State(), STEPS)
    assert len(disk.different()) == len({disk._digest(cut) for cut in cuts(STEPS)}) < len([*cuts(STEPS)])


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
