"""The pages about events, metrics and audit name commands, settings and kinds that there are."""

import re
import shlex

import click
import pytest

from dataplane_core.commands.group import main
from dataplane_core.settings.table import keys
from dataplane_plugins.changes import audit, events, metrics
from tests.harness.recorded import TOP

FOLDER = TOP / "docs" / "changes"
PAGES = {name: (FOLDER / f"{name}.md").read_text() for name in ("events", "metrics", "audit")}
COMMANDS = [line for text in PAGES.values() for line in re.findall(r"^dataplane .+$", text, re.MULTILINE)]


def kinds(text: str, heading: str) -> set[str]:
    """The words in code of the first column of a table."""
    rows = re.search(rf"\| {heading} .*?\n\n", text, re.DOTALL)
    assert rows is not None
    return {word for cell in re.findall(r"^\| (`.*?) \|", rows[0], re.M) for word in re.findall(r"`(\w+)`", cell)}


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_can_be_given(line: str) -> None:
    _, *words = shlex.split(line)
    context, command = click.Context(main), main
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    command.make_context(command.name, words)


def test_there_are_commands() -> None:
    assert len(COMMANDS) == 3


def test_all_kinds_of_events_are_told() -> None:
    assert kinds(PAGES["events"], "kind") == {*events.KINDS, "gap"}


def test_all_counters_are_told() -> None:
    shown = kinds(PAGES["metrics"], "metric")
    assert {f"dataplane_{name}_total" for name in metrics.COUNTERS} <= shown


def test_settings_that_are_named_are_there() -> None:
    known = {one.path.rpartition(".")[2] for one in keys()}
    named = {word for text in PAGES.values() for word in re.findall(r"`((?:webhook|audit|event|metrics)_\w+)`", text)}
    assert named <= known
    assert len(named) >= 6, named


def test_what_the_audit_file_has_of_events_is_told() -> None:
    shown = kinds(PAGES["audit"], "`event`")
    assert {*audit._NAMES.values(), *audit._KINDS} - {"refused"} <= shown
