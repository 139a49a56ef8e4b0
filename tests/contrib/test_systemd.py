"""The units, as systemd's own tools read them, and what logrotate is told."""

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.recorded import TOP
from tests.harness.server import ApiServer
from tests.harness.waiting import until

UNITS = TOP / "contrib" / "systemd"
LIMIT = 3.0
"""The exposure that `systemd-analyze security` may say; 10 is the worst."""


def analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze is installed here")
    return subprocess.run([program, "--no-pager", *words], capture_output=True, text=True)


def test_the_unit_is_hardened() -> None:
    told = analyze("security", "--offline=true", str(UNITS / "dataplane.service"))
    if "--offline" in told.stderr:
        pytest.skip("this systemd-analyze looks at no unit in a file")
    found = re.search(r"Overall exposure level for dataplane.service: ([0-9.]+)", told.stdout)
    assert found is not None, told.stdout + told.stderr
    assert float(found[1]) <= LIMIT
    readme = (UNITS / "README.md").read_text()
    assert f"says {found[1]}." in readme


def test_the_page_takes_samples_that_there_are() -> None:
    named = re.findall(r"dataplane sample (\S+) > (\S+)$", (UNITS / "README.md").read_text(), re.M)
    assert [name for name, _ in named] == [
        *("dataplane.service", "dataplane.socket", "dataplane.logrotate")
    ]
    assert all((UNITS / name).is_file() for name, _ in named)


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for name in ("dataplane.service", "dataplane.socket"):
        text = (UNITS / name).read_text().replace("/opt/dataplane/bin/dataplane", sys.executable)
        (tmp_path / name).write_text(text)
    told = analyze("verify", str(tmp_path / "dataplane.service"), str(tmp_path / "dataplane.socket"))
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.server
def test_a_log_is_rotated_while_the_server_writes(tmp_path: Path) -> None:
    program = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no logrotate is installed here")
    text = (UNITS / "dataplane.logrotate").read_text()
    assert "su dataplane dataplane" in text
    name = pwd.getpwuid(os.geteuid()).pw_name
    logs = tmp_path / "logs"
    logs.mkdir(0o750)
    text = text.replace("/var/log/dataplane", str(logs)).replace("su dataplane dataplane", f"su {name} {name}")
    (tmp_path / "rotate").write_text(text)
    rotate = [program, "-f", "-s", str(tmp_path / "status"), str(tmp_path / "rotate")]
    (tmp_path / "haproxy.cfg").write_text("global\n")
    target = {"log_to": "file", "log_file": str(logs / "access.log"), "log_types": ["access"], "log_level": "info"}
    settings = {"log_targets": [target], "dataplane": {"workers": 2}}
    with ApiServer(tmp_path / "haproxy.cfg", tmp_path / "run", settings) as server:
        for turn in ("one", "two", "three"):
            ask_and_see(server, turn, logs / "access.log")
            told = subprocess.run(rotate, capture_output=True, text=True)
            assert (told.returncode, told.stderr) == (0, "")
            assert not (logs / "access.log").exists()
        ask_and_see(server, "last", logs / "access.log")
    assert "turn=three" in (logs / "access.log.1").read_text()
    packed = subprocess.run(["gzip", "-dc", logs / "access.log.2.gz"], capture_output=True, check=True)
    assert b"turn=two" in packed.stdout


def ask_and_see(server: ApiServer, turn: str, log: Path) -> None:
    """Send a request, and wait for its line in a log."""
    assert server.client().call("GET", "/v2/info", turn=turn).status == 200
    until(lambda: log.exists() and f"turn={turn}" in log.read_text())
