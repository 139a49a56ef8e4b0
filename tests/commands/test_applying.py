"""`dataplane apply` against a running server: a file, a folder, standard input."""

import io
import json
import shlex
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataplane_core.commands.group import main
from tests.bench import files
from tests.harness.recorded import TOP
from tests.harness.server import PASSWORD, USER, ApiServer

TEXT = files.configuration(files.SMALL, 8080)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("applying")
    (folder / "haproxy.cfg").write_text(TEXT)
    (folder / "maps").mkdir()
    resources = {"maps_dir": str(folder / "maps")}
    settings = {"dataplane": {"workers": 1}, "dataplaneapi": {"disable_inotify": True, "resources": resources}}
    with ApiServer(folder / "haproxy.cfg", folder / "run", settings) as started:
        yield started


def apply(server: ApiServer, *argv: str, given: bytes = b"") -> Result:
    environ = {"DATAPLANE_USER": USER, "DATAPLANE_PASSWORD": PASSWORD}
    url = ("--url", f"http://127.0.0.1:{server.port}")
    return CliRunner().invoke(main, ["apply", *argv, *url], input=given, env=environ, catch_exceptions=False)


def text_of(server: ApiServer) -> str:
    lines = server.configuration.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("# _version"))


@pytest.mark.server
def test_a_file_is_planned_and_applied(server: ApiServer, tmp_path: Path) -> None:
    file = tmp_path / "wanted.cfg"
    file.write_text(TEXT.replace("maxconn 1000", "maxconn 2000"))
    planned = apply(server, str(file), "--dry-run")
    assert planned.exit_code == 1 and "+  maxconn 2000\n" in planned.stdout
    assert "nothing is done" in planned.stdout and "maxconn 1000" in text_of(server)
    done = apply(server, str(file), "--reason", "für alle")
    assert done.exit_code == 0 and ": reload " in done.stdout.splitlines()[-1]
    assert "maxconn 2000" in text_of(server)
    again = apply(server, str(file), "--json")
    assert again.exit_code == 0 and json.loads(again.stdout)["state"] == "unchanged"
    refused = apply(server, str(file), "--version", "1")
    assert refused.exit_code == 1 and "version mismatch" in refused.stderr


@pytest.mark.server
def test_a_folder_and_standard_input(server: ApiServer, tmp_path: Path) -> None:
    folder = tmp_path / "wanted"
    (folder / "maps").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / "haproxy.cfg").write_text(TEXT)
    (folder / "maps" / "hosts.map").write_text("a b\n")
    (folder / "more.yaml").write_text("backends: [{name: more, mode: tcp}]\n")
    done = apply(server, str(folder))
    assert done.exit_code == 0, done.output
    assert "hosts.map: created, unused\n" in done.stdout
    assert "backend more\n" in text_of(server)
    assert json.loads(apply(server, str(folder), "--json").stdout)["changed"] is False
    given: dict[str, Any] = {"backends": [{"name": "more", "mode": "http", "colour": "red"}]}
    done = apply(server, "-", "--only", "backend/more", given=json.dumps(given).encode())
    assert done.exit_code == 0 and "ignored: backends: colour" in done.stderr
    assert apply(server, "-", "--only", "backend/m*", "--prune", given=TEXT.encode()).exit_code == 0
    assert "backend more" not in text_of(server)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.add(folder / "haproxy.cfg", "haproxy.cfg")
    assert "says that already" in apply(server, "-", "--no-prune", given=stream.getvalue()).stdout


@pytest.mark.server
def test_the_commands_of_the_page(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    for place in (tmp_path, tmp_path / "folder"):
        (place / "haproxy.cfg").write_text(TEXT.replace("maxconn 1000", "maxconn 3000"))
    (tmp_path / "resources.yaml").write_text("backends: [{name: app-1, mode: http}, {name: other}]\n")
    page = (TOP / "docs" / "changes" / "apply.md").read_text("utf-8")
    commands = page.split("```shell\n")[1].split("```")[0].splitlines()
    monkeypatch.chdir(tmp_path)
    done = [apply(server, *shlex.split(line.removeprefix("dataplane apply"))) for line in commands]
    assert [one.exit_code for one in done] == [1, 0, 0, 0], [one.output for one in done]
    assert "+backend app-1\n" in done[2].stdout and "backend other" not in done[2].stdout
    assert "-backend app-1\n" in done[3].stdout


def test_a_file_that_is_not_there() -> None:
    done = CliRunner().invoke(main, ["apply", "/nonexistent"])
    assert done.exit_code == 2 and "cannot be read" in done.stderr
