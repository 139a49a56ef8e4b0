import os
import subprocess
from pathlib import Path

from tests.harness.recorded import TOP

PROGRAM = TOP / "contrib" / "consul"


def run(cache: Path, path: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "DATAPLANE_CONSUL_DIR": str(cache), "PATH": path}
    return subprocess.run(
        ["/bin/bash", PROGRAM], env=environ, capture_output=True, text=True, timeout=60
    )


def test_where_it_cannot_be_built_the_reason_is_told(tmp_path: Path) -> None:
    done = run(tmp_path / "cache", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "skipped: go is not installed here\n"


def test_a_build_that_fails_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "go").write_text("#!/bin/sh\necho 'no such module' >&2\nexit 1\n")
    (tools / "go").chmod(0o755)
    done = run(tmp_path / "cache", f"{tools}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "skipped: Consul could not be built: no such module\n"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_what_is_there_is_not_built_again(tmp_path: Path) -> None:
    version = next(
        line.partition("=")[2]
        for line in PROGRAM.read_text("utf-8").splitlines()
        if line.startswith("version=")
    )
    kept = tmp_path / version / "consul"
    kept.parent.mkdir()
    kept.write_text("#!/bin/sh\n")
    kept.chmod(0o755)
    done = run(tmp_path, str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{kept}\n", "")
