"""docs/changes names every page, and every command and option that there is."""

import re
from pathlib import Path

from dataplane_core.api.change_options import OPTIONS
from dataplane_core.commands.group import _COMMANDS

FOLDER = Path(__file__).parents[2] / "docs" / "changes"
INDEX = (FOLDER / "README.md").read_text("utf-8")
REMOTE = re.compile(r"^from dataplane_core\.commands\.remote import", re.MULTILINE)


def test_every_page_is_linked_and_every_link_leads_somewhere() -> None:
    linked = set(re.findall(r"\]\((\w+\.md)[)#]", INDEX))
    assert linked == {path.name for path in FOLDER.glob("*.md")} - {"README.md"}
    for page in FOLDER.glob("*.md"):
        for target in re.findall(r"\]\(([\w./-]+\.md)", page.read_text("utf-8")):
            assert (FOLDER / target).resolve().is_file(), (page.name, target)


def test_every_command_that_asks_a_server_is_named() -> None:
    commands = Path(__file__).parents[2] / "dataplane_core" / "commands"
    names = {
        name
        for module, names in _COMMANDS.items()
        if REMOTE.search((commands / f"{module}.py").read_text("utf-8"))
        for name in names
    }
    assert names <= set(re.findall(r"`(?:dataplane )?(\w+)`", INDEX[INDEX.index("## From the terminal") :]))


def test_every_option_of_any_change_is_named() -> None:
    rows = re.findall(r"^\| query \| (.+?) \|", INDEX, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)=", row)}
    assert named == {one.name for one in OPTIONS}
