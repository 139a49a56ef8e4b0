"""Entry points are those that `importlib.metadata` finds, which is asked only where there may be some."""

import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from dataplane_core.entry_points import entry_points

GROUP = "laggards.plugins"
TEXT = f"[{GROUP}]\nlate = late:plugin\n"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The groups that `importlib.metadata` was asked for, with `tmp_path` alone on the path of modules."""
    groups: list[str] = []
    found = metadata.entry_points

    def noted(group: str) -> metadata.EntryPoints:
        groups.append(group)
        return found(group=group)

    monkeypatch.setattr(metadata, "entry_points", noted)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return groups


def distribution(folder: Path, name: str = "late-1.0.dist-info", text: str = TEXT) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "METADATA").write_text("Metadata-Version: 2.1\nName: late\nVersion: 1.0\n")
    (folder / name / "entry_points.txt").write_text(text)


def names() -> list[str]:
    return [one.name for one in entry_points(GROUP)]


def test_nobody_is_asked_where_no_distribution_names_the_group(tmp_path: Path, asked: list[str]) -> None:
    assert names() == []
    distribution(tmp_path, text="[console_scripts]\nlate = late:main\n")
    (tmp_path / "bare.dist-info").mkdir()
    (tmp_path / "old.egg-info").write_text("Name: old\n")
    sys.path.append(str(tmp_path / "missing"))
    assert names() == []
    assert asked == []


@pytest.mark.parametrize("name", ["late-1.0.dist-info", "late-1.0.egg-info", "Late.DIST-INFO"])
def test_a_distribution_is_found(tmp_path: Path, asked: list[str], name: str) -> None:
    distribution(tmp_path, name)
    assert names() == ["late"]
    assert asked == [GROUP]


def test_an_egg_is_found(tmp_path: Path, asked: list[str]) -> None:
    distribution(tmp_path / "late-1.0-py3.11.egg", "EGG-INFO")
    sys.path.append(str(tmp_path / "late-1.0-py3.11.egg"))
    assert names() == ["late"]


def test_an_archive_is_looked_into(tmp_path: Path, asked: list[str]) -> None:
    archive = tmp_path / "late.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("late-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: late\nVersion: 1.0\n")
        opened.writestr("late-1.0.dist-info/entry_points.txt", TEXT)
    sys.path.append(str(archive))
    assert names() == ["late"]


def test_other_finders_are_asked(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder(metadata.MetadataPathFinder):
        def find_spec(self, *_: object) -> None:
            return None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert names() == []
    assert asked == [GROUP]


def test_the_folder_one_stands_in_is_looked_into(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [""])
    distribution(tmp_path)
    assert names() == ["late"]
