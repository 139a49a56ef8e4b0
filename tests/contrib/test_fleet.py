"""`contrib/fleet`: a store and members with HAProxy each, of which all have what one takes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.recorded import TOP


@pytest.mark.server
@pytest.mark.haproxy
def test_a_fleet_begins_and_changes(tmp_path: Path) -> None:
    pytest.importorskip("etcd3gw", reason="etcd3gw is not installed here: the extra `fleet` brings it")
    if shutil.which("etcd") is None:
        pytest.skip("etcd is not installed here: apt-get install etcd-server")
    command = [sys.executable, str(TOP / "contrib/demo/fleet.py"), "3", "--check", "--run-dir", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every member has what one of them took, and serves" in done.stdout
    assert not (tmp_path / "run").joinpath("fleet.key").stat().st_mode & 0o077
