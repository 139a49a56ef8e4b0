import os
import subprocess
from pathlib import Path

import pytest

from tests.harness.recorded import TOP

PROGRAM = TOP / "contrib" / "haproxy-versions"


def run(cache: Path, *suites: str, path: str | None = None) -> "subprocess.CompletedProcess[str]":
    environ = os.environ | {"DATAPLANE_HAPROXY_DIR": str(cache)} | ({"PATH": path} if path else {})
    return subprocess.run(
        ["/bin/bash", PROGRAM, *suites], env=environ, capture_output=True, text=True, timeout=120
    )


def test_where_packages_cannot_be_had_the_reason_is_told(tmp_path: Path) -> None:
    done = run(tmp_path / "cache", path=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("skipped: apt-get is missing")


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    if subprocess.run(["sh", "-c", "command -v apt-get && command -v dpkg && command -v flock"]).returncode:
        pytest.skip("apt-get, dpkg or flock is missing")
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        pytest.skip("the keys of Debian's archive are missing")
    kept = tmp_path / "3.0" / "haproxy"
    kept.parent.mkdir()
    kept.write_text("#!/bin/sh\n")
    kept.chmod(0o755)
    (tmp_path / ".suites").mkdir()
    (tmp_path / ".suites" / "trixie").write_text(f"{kept}\n")
    done = run(tmp_path, "trixie")
    if "names no Debian mirror" in done.stderr:
        pytest.skip("this machine uses no Debian mirror")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{kept}\n", "")
