"""What ships: every library by version and hash, every licence, and what is known against any of it."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.harness.contrib import licences, locked
from tests.harness.recorded import TOP
from tests.harness.setup_file import RUNTIME


def needed(python: str) -> set[str]:
    """The names of all that the server needs on a Python, by the metadata of what is installed here."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    names: set[str] = set()
    waiting = list(RUNTIME)
    while waiting:
        one = Requirement(waiting.pop())
        if one.marker is None or one.marker.evaluate(environment):
            name = locked.normal(one.name)
            waiting += [] if name in names else distribution(name).requires or []
            names.add(name)
    return names


@pytest.mark.parametrize("python", locked.PYTHONS)
def test_the_lock_is_all_that_the_server_needs(python: str) -> None:
    assert needed(python) == set(locked.pins())


def test_each_locked_version_has_hashes() -> None:
    for file in (locked.SERVING, locked.BUILDING):
        lines = file.read_text().replace("\\\n", " ").splitlines()[1:]
        assert lines
        assert [line for line in lines if not re.fullmatch(r"\S+==\S+ (\s*--hash=sha256:[0-9a-f]{64})+", line)] == []


def test_pip_takes_the_lock_and_nothing_else() -> None:
    wheels = locked.CACHE / "amd64"
    if sys.version_info[:2] != (3, 11) or os.uname().machine != "x86_64" or not wheels.is_dir():
        pytest.skip("the libraries of the package are not kept here")
    words = ["--dry-run", "--ignore-installed", "--no-index", "--find-links", str(wheels)]
    command = [*locked.PIP, "install", "-q", *words, "--report", "-", "--require-hashes", "-r", str(locked.SERVING)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PIP_FIND_LINKS": ""})
    assert done.returncode == 0, done.stderr
    taken = [one["metadata"] for one in json.loads(done.stdout)["install"]]
    assert {locked.normal(one["name"]): one["version"] for one in taken} == locked.pins()


def test_images_take_no_library_but_those_of_the_package() -> None:
    files = sorted((TOP / "contrib" / "docker").glob("Containerfile.*"))
    assert files
    for file in files:
        text = file.read_text()
        assert "dist/dataplane_*.deb" in text
        assert not re.search(r"\bpip\b|\bcurl\b|\bwget\b|^ADD ", text, re.M)


def test_locked_tools_build_the_wheel(tmp_path: Path) -> None:
    try:
        wheel = locked.server_wheel(tmp_path)
    except locked.CannotBuild as error:
        if "pip download" not in " ".join(str(error).split()[2:5]):
            raise
        pytest.skip("what builds the wheel is not kept here, and pip cannot fetch it")
    with zipfile.ZipFile(wheel) as packed:
        [facts] = [one for one in packed.namelist() if one.endswith(".dist-info/WHEEL")]
        assert f"Generator: setuptools ({locked.pins(locked.BUILDING)['setuptools']})" in packed.read(facts).decode()


def test_every_licence_is_listed_and_allowed() -> None:
    listed = licences.listed()
    libraries = {name: version for kind, name, version in listed if kind == "library"}
    assert libraries == locked.pins()
    scripts = {(name, version, licence) for (kind, name, version), licence in listed.items() if kind == "script"}
    assert scripts == set(licences.scripts())
    for what, licence in listed.items():
        assert licences.names(licence) <= licences.ALLOWED, what


def test_licences_are_those_of_the_metadata() -> None:
    for (kind, name, version), licence in licences.listed().items():
        if kind == "library" and distribution(name).version == version:
            here = distribution(name)
            texts = [str(here.read_text(one.name) or one.read_text()) for one in here.files or () if licences.TEXT.search(str(one))]
            assert licences.licence_of(here.metadata, "".join(texts)) == licence


def test_the_package_brings_each_licence(debian_package_file: Path) -> None:
    told = subprocess.run(["dpkg-deb", "-c", debian_package_file], capture_output=True, text=True, check=True)
    paths = [line.split(maxsplit=5)[5] for line in told.stdout.splitlines()]
    assert "./usr/share/doc/dataplane/licences.txt" in paths
    brought = {match[1] for path in paths if (match := re.search(r"/([^/]+)\.dist-info/METADATA$", path))}
    with_text = {match[1] for path in paths if licences.TEXT.search(path) and (match := re.search(r"/([^/]+)\.dist-info/", path))}
    assert brought == with_text
    versions = dict(one.rsplit("-", 1) for one in brought if not one.startswith("dataplane-"))
    assert {locked.normal(name): version for name, version in versions.items()} == locked.pins()


@contextmanager
def registry(told: dict[str, Any], status: int = 200) -> Iterator[str]:
    """An index that says of each version what `told` has for its name, or nothing."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.split("/")[2]
            body = json.dumps({"info": {}, "vulnerabilities": [], **told.get(name, {})}).encode()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple/"
        server.shutdown()


def audit(address: str, *words: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "PIP_INDEX_URL": address, "no_proxy": "*"}
    command = [sys.executable, str(TOP / "contrib" / "audit"), *words]
    return subprocess.run(command, capture_output=True, text=True, env=environ)


KNOWN = {"falcon": {"vulnerabilities": [
    {"id": "PYSEC-0", "aliases": ["CVE-0"], "fixed_in": ["99"], "summary": "It falls.\nMore."},
    {"id": "PYSEC-1", "withdrawn": "2026-01-01T00:00:00Z"},
]}}  # fmt: skip


def test_what_is_known_against_a_library_is_told() -> None:
    with registry(KNOWN) as address:
        found = audit(address, "--of", "libraries")
        accepted = audit(address, "--of", "libraries", "--accept", "PYSEC-0")
    line = f"falcon {locked.pins()['falcon']}: PYSEC-0 (CVE-0), fixed in 99: It falls.\n"
    assert (found.returncode, found.stdout) == (1, f"known: {line}libraries: see above\n")
    assert accepted.returncode == 0
    assert accepted.stdout == f"accepted: {line}libraries: nothing is known against them\n"


def test_a_version_that_was_taken_back_is_told() -> None:
    with registry({"click": {"info": {"yanked": True, "yanked_reason": "torn"}}}) as address:
        found = audit(address, "--of", "libraries")
    assert found.returncode == 1
    assert "was taken back: torn" in found.stdout


@pytest.mark.parametrize(
    ("told", "status", "reason"),
    [({}, 404, "it answers 404"), ({"apispec": {"vulnerabilities": None}}, 200, "it says nothing of vulnerabilities")],
)
def test_where_the_registry_does_not_tell_the_reason_is_said(told: dict[str, Any], status: int, reason: str) -> None:
    with registry(told, status) as address:
        found = audit(address, "--of", "libraries")
    assert found.returncode == 3
    assert found.stderr.startswith("skipped: libraries: the index of pip does not tell about apispec ")
    assert reason in found.stderr


def test_without_npm_scripts_are_skipped() -> None:
    program = [sys.executable, str(TOP / "contrib" / "audit"), "--of", "scripts"]
    found = subprocess.run(program, capture_output=True, text=True, env={**os.environ, "PATH": "/nowhere"})
    assert (found.returncode, found.stderr) == (3, "skipped: scripts: npm is not installed\n")


@pytest.mark.network
def test_nothing_is_known_against_what_ships() -> None:
    found = subprocess.run([sys.executable, str(TOP / "contrib" / "audit")], capture_output=True, text=True)
    assert found.returncode in (0, 3), found.stdout
    if found.returncode == 3:
        pytest.skip(found.stderr.splitlines()[0][:150])
