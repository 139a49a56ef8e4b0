"""Recorded dialogues of version 3, replayed step by step on a running server."""

from collections.abc import Iterator

import pytest

from tests.dialogues.differences_v3 import DIFFERENCES
from tests.dialogues.recorded import dialogues
from tests.dialogues.stage import Stage
from tests.dialogues.test_dialogues import play
from tests.harness.recorded import TOP

pytestmark = [pytest.mark.recorded, pytest.mark.server]

PLAIN = ("sites", "crt_stores", "indexes", "list_put", "full_section")
UNTIL = {"list_put": 20}
"""The last step that is replayed: what follows goes on from a line that HAProxy cannot read."""


@pytest.fixture(scope="module")
def stage(shared: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server whose checks and reloads all succeed, ended with the module."""
    folder = tmp_path_factory.mktemp("stage")
    made = Stage(folder, shared / "golden", {})  # type: ignore[operator]
    yield made
    made.server.kill()


@pytest.mark.parametrize("name", PLAIN)
def test_a_dialogue(stage: Stage, name: str) -> None:
    dialogue = dialogues("v3")[name]
    bindings = stage.begin(dialogue, dialogue.begins_with or "", {})
    last = UNTIL.get(name, len(dialogue.steps))
    found = {
        step: told
        for step, told in play(stage, dialogue, bindings).items()
        if int(str(step).split()[0]) <= last
    }
    wanted = {at: told for one in DIFFERENCES.get(name, ()) for at, told in one.steps.items()}
    assert found == wanted


def test_every_difference_is_announced() -> None:
    page = " ".join((TOP / "docs" / "compatibility.md").read_text("utf-8").split())
    for name, differences in DIFFERENCES.items():
        assert name in PLAIN
        for one in differences:
            assert one.why and one.rule in page, f"{name}: {one.rule}"
