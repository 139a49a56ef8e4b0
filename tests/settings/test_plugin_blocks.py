"""Blocks of settings that plugins declare stand in the table like the server's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane_core.settings import Settings, SettingsError, flags, load
from dataplane_core.settings.manual import manual
from tests.harness.plugin_blocks import looked_for_anew

MODULE = '''
from dataclasses import dataclass, field
from dataplane_core.plugin import setting, setting_kinds as kinds

@dataclass(frozen=True)
class Door:
    name: str = setting("", kinds.TEXT, "Its name.")
    width: int = setting(80, kinds.integer(1, 200), "How wide it is.")

@dataclass(frozen=True)
class Lock:
    pin: str = setting("", kinds.TEXT, "What opens it.", secret=True)

@dataclass(frozen=True)
class House:
    floors: int = setting(1, kinds.integer(1, 9), "How high it is.")
    warm_at: float = setting(60.0, kinds.DURATION, "How long it takes to be warm.")
    colours: tuple[str, ...] = setting((), kinds.TEXTS, "Its colours.")
    lock: Lock = field(default_factory=Lock)
    doors: tuple[Door, ...] = ()

@dataclass(frozen=True)
class Bare:
    floors: int = 1
'''
POINTS = """[dataplane.settings]
tree-house = my_house:House
broken = my_house:Missing
bare = my_house:Bare
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    info = tmp_path / "site" / "my_house-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-house\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (info.parent / "my_house.py").write_text(MODULE)
    monkeypatch.syspath_prepend(info.parent)
    with looked_for_anew():
        yield


def loaded(file: Path, text: str, *argv: str, **environ: str) -> Settings:
    file.write_text(text)
    return load(["-f", str(file), *argv], environ)


def house(settings: Settings) -> object:
    import my_house  # type: ignore[import-not-found]

    return settings.block(my_house.House)


YAML = """plugin_settings:
  tree-house:
    floors: 2
    lock: {pin: abc}
    doors:
      - {name: front, width: 90}
      - name: back
"""
HCL = """plugin_settings {
  tree_house {
    floors = 2
    lock { pin = "abc" }
    doors "front" { width = 90 }
    doors "back" {}
  }
}
"""


@pytest.mark.parametrize(("name", "text"), [("a.yaml", YAML), ("a.hcl", HCL)])
def test_a_file_sets_them(tmp_path: Path, name: str, text: str) -> None:
    found = house(loaded(tmp_path / name, text))
    doors = [(one.name, one.width) for one in found.doors]  # type: ignore[attr-defined]
    assert (found.floors, found.lock.pin, doors) == (2, "abc", [("front", 90), ("back", 80)])  # type: ignore[attr-defined]
    assert "abc" not in repr(found)


def test_flags_come_before_variables_and_the_file(tmp_path: Path) -> None:
    file, variable = tmp_path / "a.yaml", {"DATAPLANE_TREE_HOUSE__FLOORS": "3"}
    settings = loaded(file, YAML, **variable)
    assert house(settings).floors == 3  # type: ignore[attr-defined]
    assert settings.place("plugin_settings.tree_house.floors") == "environment DATAPLANE_TREE_HOUSE__FLOORS"
    assert settings.place("plugin_settings.tree_house.lock.pin") == f"{file}:4"
    given = loaded(file, YAML, "--tree-house.floors", "4", "--tree-house.colours", "red", **variable)
    assert house(given).floors == 4  # type: ignore[attr-defined]
    assert house(given).colours == ("red",)  # type: ignore[attr-defined]
    assert house(loaded(file, "", DATAPLANE_TREE_HOUSE__LOCK__PIN="x")).lock.pin == "x"  # type: ignore[attr-defined]


def test_a_secret_has_no_flag(tmp_path: Path) -> None:
    with pytest.raises(flags.UsageError, match="No such option"):
        loaded(tmp_path / "a.yaml", "", "--tree-house.lock.pin", "x")


def test_errors_name_file_line_and_key(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    text = "plugin_settings:\n  tree_house:\n    floors: 10\n    door: 1\n    doors:\n      - width: x\n"
    with pytest.raises(SettingsError) as caught:
        loaded(file, text)
    assert str(caught.value).splitlines() == [
        f'{file}:3: plugin_settings.tree_house.floors: "10" is not a whole number from 1 to 9',
        f"{file}:4: plugin_settings.tree_house.door: there is no such setting; did you mean plugin_settings.tree_house.doors?",
        f'{file}:6: plugin_settings.tree_house.doors[0].width: "x" is not a whole number from 1 to 200',
    ]


@pytest.mark.parametrize(
    ("name", "fault"),
    [("broken", "AttributeError"), ("bare", "floors is neither made by setting(…) nor a block with a default")],
)
def test_a_block_that_cannot_be_loaded_is_a_warning(tmp_path: Path, name: str, fault: str) -> None:
    text = f"plugin_settings:\n  {name}: {{a: 1, b: {{c: 2}}}}\n  tree_house: {{floors: 5}}\n"
    settings = loaded(tmp_path / "a.yaml", text)
    assert house(settings).floors == 5  # type: ignore[attr-defined]
    [warning] = settings.warnings
    assert warning.startswith(f"{tmp_path}/a.yaml:2: plugin_settings.{name} has no effect: the settings of the plugin {name} ")
    assert fault in warning


def test_a_block_of_a_plugin_that_is_not_installed_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    with pytest.raises(SettingsError) as caught:
        loaded(file, "plugin_settings:\n  gone: {policy: enforce}\n  tree_hause: {floors: 2}\n")
    assert str(caught.value).splitlines() == [
        f"{file}:2: plugin_settings.gone: no installed plugin has such a block; those that have one: bare, broken, tree_house",
        f"{file}:3: plugin_settings.tree_hause: there is no such setting; did you mean plugin_settings.tree_house?",
    ]


def test_a_block_whose_plugin_is_left_out_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    for flag, key in (("--block-plugin=tree-house", "block_plugins"), ("--only-plugin=service.info", "plugins.only")):
        [warning] = loaded(file, YAML, flag).warnings
        said = f"is given, and dataplane.{key} leaves the plugin out: it guards nothing"
        assert warning == f"{file}:2: plugin_settings.tree_house: {said}"
    assert loaded(file, YAML, "--only-plugin=tree-house").warnings == ()
    assert loaded(file, "", "--only-plugin=service.info").warnings == ()


def test_the_former_name_of_the_block_leads_to_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"a\.yaml:1: plugins: there is no such setting; did you mean plugin_settings\?"):
        loaded(tmp_path / "a.yaml", "plugins: {tree_house: {floors: 2}}\n")


def test_a_plugin_that_is_not_installed_has_its_defaults() -> None:
    class Other:
        pass

    assert isinstance(Settings.default().block(Other), Other)
    changed = Settings.default().replace(**{"plugin_settings.tree_house.floors": 7})
    assert house(changed).floors == 7  # type: ignore[attr-defined]


def test_the_manual_has_them() -> None:
    row = "| `warm_at` | duration | `1m` | `--tree-house.warm-at` | `DATAPLANE_TREE_HOUSE__WARM_AT` |"
    assert row in manual()
    assert "## `plugin_settings.tree_house.doors[]`" in manual()
