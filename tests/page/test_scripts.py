"""The page's own scripts: checked types, style, and imports that lead somewhere."""

import subprocess
from pathlib import Path

import pytest

from tests.page.scripts import STATIC, imported_by

TOP = Path(__file__).parents[2]
CANNOT_FETCH = 69  # EX_UNAVAILABLE of contrib/page/check


def test_types_and_style() -> None:
    done = subprocess.run([TOP / "contrib/page/check"], capture_output=True, text=True)
    if done.returncode == CANNOT_FETCH:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", sorted(STATIC.rglob("*.js")), ids=lambda one: str(one.relative_to(STATIC)))
def test_imports_lead_to_files(script: Path) -> None:
    for specifier in imported_by(script):
        if specifier.startswith("."):
            assert (script.parent / specifier).resolve().is_file(), specifier


def test_no_module_is_longer_than_300_lines() -> None:
    assert not [file.name for file in STATIC.rglob("*.*") if len(file.read_text().splitlines()) > 300]


def test_no_script_makes_markup_of_text() -> None:
    for script in STATIC.rglob("*.js"):
        text = script.read_text()
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert forbidden not in text, f"{script.name}: {forbidden}"
