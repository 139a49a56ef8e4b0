"""An older server, and a state that a newer one has changed."""

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.harness.server import ApiServer
from tests.harness.waiting import PATIENCE


@pytest.mark.server
def test_a_newer_state_is_refused_in_one_line_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("global\n")
    with ApiServer(tmp_path / "haproxy.cfg", tmp_path / "run") as server:
        assert server.client().call("GET", "/v2/info").status == 200
    [state] = (tmp_path / "run").rglob("state.sqlite")
    file = sqlite3.connect(state)
    with file:
        file.execute("UPDATE components SET step = step + 1 WHERE name = 'history'")
    file.close()
    before = rows(state), (tmp_path / "haproxy.cfg").read_bytes()
    older = subprocess.run(
        server.command, env=server.environ, capture_output=True, text=True, timeout=PATIENCE
    )
    assert older.returncode == 1
    [line] = older.stderr.splitlines()
    assert line.startswith(f"{state} was written by a newer version of this server (history is at step")
    assert "put back the state of before its first start" in line
    assert (rows(state), (tmp_path / "haproxy.cfg").read_bytes()) == before


def rows(state: Path) -> list[str]:
    """All that a state holds, but for the moment of the last start."""
    file = sqlite3.connect(state)
    found = [line for line in file.iterdump() if "'started" not in line]
    file.close()
    return found
