"""Spectral's and Redocly's recommended rules find nothing to remark on either document.

Both are programs for Node: `npm install --global @stoplight/spectral-cli @redocly/cli`.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.server import ApiServer

pytestmark = pytest.mark.server

DOCUMENTS = ("specification", "specification_openapiv3")
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def served(server: ApiServer, folder: Path, name: str) -> Path:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(server.specification(name)), "utf-8")
    return file


@pytest.mark.parametrize("name", DOCUMENTS)
def test_spectral(server: ApiServer, tmp_path: Path, name: str) -> None:
    spectral, file = program("spectral"), served(server, tmp_path, name)
    rules = tmp_path / "rules.yaml"
    rules.write_text('extends: ["spectral:oas"]\n', "utf-8")
    command = [spectral, "lint", str(file), "--ruleset", str(rules), "--format", "json", "--quiet"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300)
    remarks = json.loads(told.stdout or "[]")
    assert [(one["code"], one["path"]) for one in remarks] == [], told.stderr
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("name", DOCUMENTS)
def test_redocly(server: ApiServer, tmp_path: Path, name: str) -> None:
    redocly, file = program("redocly"), served(server, tmp_path, name)
    command = [redocly, "lint", str(file), "--extends", "recommended", "--format", "json"]
    environ = {**os.environ, **QUIET}
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=tmp_path, env=environ
    )
    problems = json.loads(told.stdout)["problems"]
    assert [(one["ruleId"], one["message"]) for one in problems] == []
    assert told.returncode == 0, told.stderr
