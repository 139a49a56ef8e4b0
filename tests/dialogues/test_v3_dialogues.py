"""Every recorded dialogue of version 3, replayed step by step on a running server."""

from pathlib import Path
from typing import Any

import pytest

from tests.dialogues import differences_v3, differences_v3_live, live_v3
from tests.dialogues.recorded import dialogues
from tests.dialogues.stage import Stage
from tests.dialogues.test_dialogues import MakeStage, make_stage, play
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import HaproxyProcess
from tests.harness.recorded import TOP

__all__ = ["make_stage"]

pytestmark = [pytest.mark.recorded, pytest.mark.server]

PLAIN = (
    "credentials", "frame", "crud", "indexes", "list_put", "full_section", "metadata", "raw",
    "storage", "spoe", "runtime_none", "service_discovery", "sites", "reading", "no_version",
    "put_semantics", "numbers", "crt_stores",
)  # fmt: skip
"""Told on one server whose checks and reloads all succeed."""
UNKNOWN: dict[str, Any] = {"haproxy": {"reload": {"status_cmd": ""}}}
"""Settings that do not tell whether HAProxy runs."""
SETTINGS: dict[str, dict[str, Any]] = {
    "discovery": {"haproxy": {"reload": {"status_cmd": "", "reload_retention": 2}}},
    "transactions": {"dataplaneapi": {"transaction": {"max_open_transactions": 3}}},
    "reloads": {"haproxy": {"reload": {"reload_retention": 2}}},
    "reload_fails": {"haproxy": {"reload": {"reload_cmd": "false"}}},
}
"""Told on servers of their own, with other settings or without the reloads of another dialogue."""
WITH_HAPROXY = ("validation", "runtime")
UNTIL = {"list_put": 20}
"""The last step that is replayed: what follows goes on from a line that HAProxy cannot read."""
DIFFERENCES = differences_v3.DIFFERENCES | differences_v3_live.DIFFERENCES


def expected(name: str) -> dict[int | str, str]:
    """All differences of a dialogue that are listed."""
    return {at: told for one in DIFFERENCES.get(name, ()) for at, told in one.steps.items()}


def told_on(stage: Stage, name: str) -> dict[int | str, str]:
    """Replay a dialogue from its beginning; what differs at each step."""
    dialogue = dialogues("v3")[name]
    bindings = stage.begin(dialogue, dialogue.begins_with or "", {})
    last = UNTIL.get(name, len(dialogue.steps))
    found = play(stage, dialogue, bindings)
    return {step: told for step, told in found.items() if int(str(step).split()[0]) <= last}


@pytest.mark.parametrize("name", [*PLAIN, *SETTINGS])
def test_a_dialogue(make_stage: MakeStage, name: str) -> None:
    stage = make_stage(SETTINGS.get(name, UNKNOWN))
    assert told_on(stage, name) == expected(name)


@pytest.mark.haproxy
def test_a_dialogue_with_real_checks(make_stage: MakeStage, haproxy_program: str) -> None:
    settings = {"haproxy": {"haproxy_bin": haproxy_program, "reload": {"validate_cmd": ""}}}
    assert told_on(make_stage(settings), "validation") == expected("validation")


@pytest.mark.haproxy
def test_the_dialogue_with_a_running_haproxy(make_stage: MakeStage, shared: Path) -> None:
    program = one_haproxy("3.2")  # the recorded one; skips where it is not installed
    stage = make_stage(UNKNOWN | {"dataplane": {"workers": 1}})
    name, places = "runtime", live_v3.places()
    dialogue = dialogues("v3")[name]
    bindings = stage.begin(dialogue, dialogue.begins_with or "", places)
    live_v3.write_files(stage.folder, shared / "golden")
    with HaproxyProcess(program, stage.file, stage.folder):
        assert play(stage, dialogue, bindings) == expected(name)


def test_every_dialogue_is_replayed(shared: Path) -> None:
    assert sorted(dialogues("v3")) == sorted([*PLAIN, *SETTINGS, *WITH_HAPROXY])


def test_every_difference_is_announced_and_belongs_to_a_step(shared: Path) -> None:
    page = " ".join((TOP / "docs" / "compatibility.md").read_text("utf-8").split())
    for name, differences in DIFFERENCES.items():
        steps: set[int | str] = set()
        for step in dialogues("v3")[name].steps:
            steps |= {step.number, *(f"{step.number} {kind}" for kind in step.seen)}
        listed = [step for one in differences for step in one.steps]
        assert len(listed) == len(set(listed)) and set(listed) <= steps, name
        for one in differences:
            assert one.why and one.rule in page, f"{name}: {one.rule}"
