"""The Debian package: built, looked at, and tried in a Debian of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.harness.clean_root import CleanRoot
from tests.harness.contrib import build_debian, debian_root, locked
from tests.harness.recorded import TOP
from tests.harness.setup_file import RUNTIME

DEBIAN = TOP / "contrib" / "debian"


@pytest.fixture(scope="module")
def listed(debian_package_file: Path) -> dict[str, str]:
    """Mode and owner of each file, by its path."""
    told = subprocess.run(["dpkg-deb", "-c", debian_package_file], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=5) for line in told.stdout.splitlines()]
    return {one[5].partition(" -> ")[0]: " ".join(one[:2]) for one in lines}


def test_it_is_the_same_wherever_it_is_built(debian_package_file: Path, clean_root: CleanRoot, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    before = os.umask(0o077)
    try:
        again = build_debian(clean_root.wheel, tmp_path / "a place", TMPDIR=str(tmp_path / "elsewhere"), TZ="Asia/Tokyo")
    finally:
        os.umask(before)
    assert again.read_bytes() == debian_package_file.read_bytes()


def test_what_it_brings(debian_package_file: Path, listed: dict[str, str]) -> None:
    assert {owner.split()[1] for owner in listed.values()} == {"root/root"}
    assert listed["./etc/dataplane/users.cfg"].startswith("-rw-------")
    assert listed["./lib/systemd/system/dataplane.service"].startswith("-rw-r--r--")
    assert not [path for path in listed if path.startswith("./etc/haproxy")]
    assert not [path for path in listed if path.endswith(("/RECORD", "/direct_url.json"))]
    told = subprocess.run(["dpkg-deb", "-I", debian_package_file, "conffiles"], capture_output=True, text=True)
    assert told.stdout.split() == [
        *("/etc/dataplane/dataplane.yaml", "/etc/dataplane/users.cfg", "/etc/logrotate.d/dataplane")
    ]


def test_every_module_is_compiled(listed: dict[str, str]) -> None:
    assert "./usr/lib/dataplane/lib/python3.11/site-packages/dataplane_core/__pycache__/cli.cpython-311.pyc" in listed


def test_the_libraries_are_those_that_the_server_wants() -> None:
    for one in map(Requirement, RUNTIME):
        assert locked.pins()[locked.normal(one.name)] in one.specifier


def test_scripts_are_shell_that_stops_at_a_failure() -> None:
    for name in ("postinst", "prerm", "postrm"):
        text = (DEBIAN / name).read_text()
        assert text.startswith("#!/bin/sh\n")
        assert "\nset -e\n" in text
        subprocess.run(["sh", "-n", DEBIAN / name], check=True)


@pytest.mark.server
@pytest.mark.haproxy
def test_install_use_upgrade_and_purge(debian_package_file: Path) -> None:
    if reason := debian_root.lacking():
        pytest.skip(reason)
    if not (debian_root.BASE / "done").exists():
        pytest.skip("no Debian is unpacked here: contrib/debian/try does that, once")
    command = [sys.executable, str(DEBIAN / "try"), "--package", str(debian_package_file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("all of it holds\n")
