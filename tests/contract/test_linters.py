"""Spectral's and Redocly's recommended rules find nothing to remark on either document.

Both are programs for Node: `npm install --global @stoplight/spectral-cli @redocly/cli`.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dataplane_core.app import VERSIONS
from tests.harness.server import ApiServer

pytestmark = pytest.mark.server

DOCUMENTS = ("specification", "specification_openapiv3")
SERVED = [one.name for one in VERSIONS]

AMBIGUOUS = (
    "`/services/haproxy/spoe/spoe_files/{name}` and `/services/haproxy/spoe/{parent_name}/version`"
)
"""Paths of version 3 that both fit one address: there, a literal word goes before a parameter."""
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def served(server: ApiServer, folder: Path, version: str, name: str) -> Path:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(server.specification(name, version)), "utf-8")
    return file


@pytest.mark.parametrize("version", SERVED)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_spectral(server: ApiServer, tmp_path: Path, version: str, name: str) -> None:
    spectral, file = program("spectral"), served(server, tmp_path, version, name)
    rules = tmp_path / "rules.yaml"
    rules.write_text('extends: ["spectral:oas"]\n', "utf-8")
    command = [spectral, "lint", str(file), "--ruleset", str(rules), "--format", "json", "--quiet"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300)
    remarks = json.loads(told.stdout or "[]")
    assert [(one["code"], one["path"]) for one in remarks] == [], told.stderr
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("version", SERVED)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_redocly(server: ApiServer, tmp_path: Path, version: str, name: str) -> None:
    redocly, file = program("redocly"), served(server, tmp_path, version, name)
    command = [redocly, "lint", str(file), "--extends", "recommended", "--format", "json"]
    environ = {**os.environ, **QUIET}
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=tmp_path, env=environ
    )
    problems = json.loads(told.stdout)["problems"]
    found = [(one["ruleId"], one["message"]) for one in problems]
    assert [one for one in found if AMBIGUOUS not in one[1]] == []
    assert told.returncode == 0, told.stderr
