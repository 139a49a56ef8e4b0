"""Third-party scripts: as their publishers ship them, named with version, licence and digest."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.page.scripts import STATIC, VENDOR, imported_by

FOLDERS = (VENDOR, Path(__file__).parent / "vendor")
NOT_SCRIPTS = {"vendor.json", "LICENCES.txt"}
PERMITTED = {"MIT", "Apache-2.0", "MPL-2.0"}


def entries(folder: Path) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((folder / "vendor.json").read_text())
    return read


@pytest.mark.parametrize("folder", FOLDERS, ids=["page", "tests"])
def test_each_file_is_named_with_its_digest(folder: Path) -> None:
    named = {entry["file"]: entry["sha256"] for entry in entries(folder)}
    there = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()
             if file.name not in NOT_SCRIPTS}  # fmt: skip
    assert there == named


@pytest.mark.parametrize("folder", FOLDERS, ids=["page", "tests"])
def test_each_package_has_its_licence(folder: Path) -> None:
    texts = (folder / "LICENCES.txt").read_text()
    for entry in entries(folder):
        assert entry["licence"] in PERMITTED
        assert f"{entry['name']} {entry['version']} ({entry['licence']})" in texts


def test_all_that_is_imported_is_there() -> None:
    known = {entry["specifier"] for entry in entries(VENDOR)}
    scripts = [*STATIC.rglob("*.js"), *VENDOR.glob("*.*js")]
    named = {specifier for script in scripts for specifier in imported_by(script)}
    assert {one for one in named if not one.startswith(".")} <= known
