"""Every recorded dialogue, replayed step by step on a running server."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.dialogues import live
from tests.dialogues.compare import Comparison
from tests.dialogues.differences import DIFFERENCES
from tests.dialogues.recorded import Dialogue, dialogues
from tests.dialogues.replay import Bindings, Client
from tests.dialogues.seen import Seen
from tests.dialogues.stage import Stage, beginning
from tests.harness.fixtures import one_haproxy
from tests.harness.recorded import TOP

pytestmark = [pytest.mark.recorded, pytest.mark.server]

PLAIN = (
    "discovery", "errors", "versions_and_reload", "transactions", "indexes", "put_semantics",
    "strings", "binds_noname", "storage", "raw", "defaults_none", "defaults_one_unnamed",
    "defaults_one_named", "defaults_two_unnamed", "defaults_named_then_unnamed",
    "defaults_unnamed_then_named", "file_without_version", "get_side_effects", "misc", "spoe",
    "get_then_write",
)  # fmt: skip
"""Told on one server whose checks and reloads all succeed."""
SETTINGS: dict[str, dict[str, Any]] = {
    "validation_fails": {"haproxy": {"reload": {"validate_cmd": "false"}}},
    "max_open_transactions": {"dataplaneapi": {"transaction": {"max_open_transactions": 2}}},
}
"""Told on servers with settings of their own."""
WITH_HAPROXY = ("real_validation", "runtime")
GIVEN_UP = {
    "misc": {12: "0b1be45f-1505-450d-980d-1c8c97eff4af", 36: "d11d02a5-dba0-411c-8847-11a95381e59e"}
}
"""Transactions that were gone by these steps, ended off the record."""
SLOWER = {("runtime", 210), ("runtime", 214)}
"""Steps before which reloads were over that nothing else tells of."""
EDITED = {("no_version", 5): ("server s1 ", "server s1edited ")}
"""Words of the file that were others by these steps, by hand."""

MakeStage = Callable[[Mapping[str, Any]], Stage]


@pytest.fixture(scope="module")
def make_stage(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeStage]:
    """Servers that are ended with the module, one for each set of settings."""
    stages: dict[str, Stage] = {}

    def make(settings: Mapping[str, Any]) -> Stage:
        key = repr(settings)
        if key not in stages:
            folder = tmp_path_factory.mktemp("stage")
            stages[key] = Stage(folder, shared / "golden", settings)
        return stages[key]

    yield make
    for stage in stages.values():
        stage.server.kill()


def over(recorded: Any) -> bool:
    """Whether the recorded answer about reloads tells of some, none of them under way."""
    return bool(recorded) and "in_progress" not in str(recorded)


def play(stage: Stage, dialogue: Dialogue, bindings: Bindings) -> dict[int | str, str]:
    """Replay all steps; what differs at each."""
    found: dict[int | str, str] = {}
    client = Client(stage.server, bindings)
    for step in dialogue.steps:
        given_up = GIVEN_UP.get(dialogue.name, {}).get(step.number)
        if given_up:
            stage.give_up(bindings.text(given_up))
        if step.note == "after restart":
            stage.restart()
        edit = EDITED.get((dialogue.name, step.number))
        if edit:
            stage.edit(*edit)
        told = "/reloads" in step.path and over(step.answer)
        if told or (dialogue.name, step.number) in SLOWER:
            stage.wait_for_reloads()
        answer = client.ask(step)
        found[step.number] = "; ".join(Comparison(step, bindings).differences(answer))
        bindings.follow(step, answer)
        for kind, recorded in step.seen.items():
            told = Seen(stage, step, bindings).differences(kind, recorded)
            found[f"{step.number} {kind}"] = "; ".join(told)
    return {step: told for step, told in found.items() if told}


def expected(name: str) -> dict[int | str, str]:
    """All differences of a dialogue that are listed."""
    return {step: told for one in DIFFERENCES.get(name, ()) for step, told in one.steps.items()}


@pytest.mark.parametrize("name", [*PLAIN, *SETTINGS])
def test_a_dialogue(make_stage: MakeStage, shared: Path, name: str) -> None:
    stage, dialogue = make_stage(SETTINGS.get(name, {})), dialogues()[name]
    bindings = stage.begin(dialogue, beginning(dialogue, shared / "golden"), {})
    assert play(stage, dialogue, bindings) == expected(name)


@pytest.mark.haproxy
def test_a_dialogue_with_real_checks(
    make_stage: MakeStage, shared: Path, haproxy_program: str
) -> None:
    stage = make_stage(
        {"haproxy": {"haproxy_bin": haproxy_program, "reload": {"validate_cmd": ""}}}
    )
    dialogue = dialogues()["real_validation"]
    bindings = stage.begin(dialogue, beginning(dialogue, shared / "golden"), {})
    assert play(stage, dialogue, bindings) == expected("real_validation")


@pytest.mark.haproxy
def test_the_dialogue_with_a_running_haproxy(make_stage: MakeStage) -> None:
    program = one_haproxy("2.8")  # the recorded one: others have other counters
    stage = make_stage({"dataplane": {"workers": 1}})
    dialogue, places = dialogues()["runtime"], live.places(stage.folder)
    bindings = stage.begin(dialogue, live.TEXT, places)
    for name, text in live.FILES.items():
        (stage.folder / name).write_text(text)
    with live.balancer(program, stage.folder, places["127.0.0.1:18080"]):
        assert play(stage, dialogue, bindings) == expected("runtime")


def test_every_dialogue_is_replayed(shared: Path) -> None:
    assert sorted(dialogues()) == sorted([*PLAIN, *SETTINGS, *WITH_HAPROXY])


def test_every_difference_is_announced_and_belongs_to_a_step(shared: Path) -> None:
    page = " ".join((TOP / "docs" / "compatibility.md").read_text("utf-8").split())
    for name, differences in DIFFERENCES.items():
        steps: set[int | str] = set()
        for step in dialogues()[name].steps:
            steps |= {step.number, *(f"{step.number} {kind}" for kind in step.seen)}
        listed = [step for one in differences for step in one.steps]
        assert len(listed) == len(set(listed)) and set(listed) <= steps, name
        for one in differences:
            assert one.why and one.rule in page, f"{name}: {one.rule}"
