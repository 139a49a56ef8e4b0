"""docs/architecture.md is the code's: its picture the contract of import-linter, its names files."""

import re

from tests.harness.floors import contracts, floors
from tests.harness.recorded import TOP

TEXT = (TOP / "docs" / "architecture.md").read_text("utf-8")
PICTURE = TEXT.split("```\n")[1].splitlines()
PROSE = re.sub(r"^```\n.*?^```\n", "", TEXT, flags=re.DOTALL | re.MULTILINE)
WRITTEN = re.findall(r"`([^`]+)`", PROSE)
ROOTS = (TOP, TOP / "dataplane_core", TOP / "dataplane_plugins")


def test_the_picture_has_the_floors_that_are_checked() -> None:
    drawn = [re.split(r"  +", line, maxsplit=1) for line in PICTURE]
    assert [floor.split(" | ") for floor, _ in drawn] == floors()
    assert all(told for _, told in drawn)


def test_every_package_of_the_core_has_a_floor() -> None:
    found = {path.parent.name for path in (TOP / "dataplane_core").glob("*/__init__.py")}
    found |= {path.stem for path in (TOP / "dataplane_core").glob("[a-z]*.py")}
    assert {name for names in floors() for name in names} == found


def test_circles_are_forbidden_with_imports_for_type_checking() -> None:
    acyclic = [one["ancestors"] for one in contracts() if one["type"] == "acyclic_siblings"]
    assert sorted(acyclic) == [["dataplane_core"], ["dataplane_plugins"]]
    text = (TOP / "pyproject.toml").read_text("utf-8")
    assert "exclude_type_checking_imports" not in text


def test_the_families_of_plugins_are_named() -> None:
    named = {name for names in floors("dataplane_plugins") for name in names}
    assert named <= set(WRITTEN)


def test_every_module_that_is_named_is_there() -> None:
    named = [word for word in WRITTEN if word.endswith(".py")]
    assert [name for name in named if not any((root / name).is_file() for root in ROOTS)] == []
    assert len(named) > 20


def test_every_hook_that_is_named_is_there() -> None:
    hooks = (TOP / "dataplane_core" / "hookspecs.py").read_text("utf-8")
    named = [word for word in WRITTEN if re.fullmatch(r"dataplane_(?!core|plugins)[a-z_]+", word)]
    assert [name for name in named if f"def {name}(" not in hooks] == []
    assert named


def test_it_claims_no_number() -> None:
    """What is counted or measured stands where it is tested, or in performance.md."""
    prose = re.sub(r"`[^`]+`|[Vv]ersion 2\b", "", PROSE)
    assert re.findall(r"\d+", prose) == []
