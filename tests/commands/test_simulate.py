"""`dataplane simulate` against a running server."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataplane_core.commands.group import main
from tests.changes.simulation.support import SHOP
from tests.harness.server import ApiServer

EXPECTED = """\
defaults:
  frontend: web
  headers: {Host: www.example}
requests:
- name: styles
  url: /a.css
  expect: {backend: static, server: c1}
- url: /old
  expect: {outcome: answered, status: 301}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("simulated")
    file = folder / "haproxy.cfg"
    file.write_text(SHOP)
    with ApiServer(file, folder / "run", {"haproxy": {"haproxy_bin": haproxy_program}}) as server:
        yield server


def run(served: ApiServer, *argv: str, stdin: str | None = None) -> Result:
    environ = {"DATAPLANE_URL": f"http://127.0.0.1:{served.port}", "DATAPLANE_USER": "admin",
               "DATAPLANE_PASSWORD": "adminpwd"}  # fmt: skip
    return CliRunner().invoke(main, ["simulate", *argv], env=environ, input=stdin, catch_exceptions=False)


@pytest.mark.server
def test_it_shows_the_way_of_a_request(served: ApiServer) -> None:
    shown = run(served, "http://api.example/users", "-H", "X-A: b", "-b", "SRV=one")
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0].startswith("GET http://api.example/users: backend api, server a")
    assert any("matched      http-request set-path /api%[path] if { hdr(host) api.example }" in line for line in lines)
    answer: dict[str, Any] = json.loads(run(served, "/old", "--json").output)
    assert answer["results"][0]["location"] == "https://new.example/old"


@pytest.mark.server
def test_expectations_are_a_suite_of_tests(served: ApiServer, tmp_path: Path) -> None:
    file = tmp_path / "routing.yaml"
    file.write_text(EXPECTED)
    good = run(served, "--expect", str(file))
    assert (good.exit_code, good.output) == (
        0,
        "✓ styles: backend static, server c1\n"
        "✓ GET /old: HAProxy answers 301 to https://new.example/old\n2 of 2 as expected\n",
    )
    file.write_text(EXPECTED.replace("301", "302"))
    bad = run(served, "--expect", str(file))
    assert bad.exit_code == 1
    assert "    status is 301 instead of 302\n1 of 2 as expected\n" in bad.output


@pytest.mark.server
def test_the_response_of_a_server_is_given(served: ApiServer) -> None:
    found = run(served, "/a.css", "--status", "503", "--response-header", "Server: nginx")
    assert found.exit_code == 0, found.output
    assert "    the client gets 503\n            server: nginx\n" in found.output


@pytest.mark.server
def test_a_change_that_sends_it_elsewhere_ends_with_status_1(served: ApiServer) -> None:
    text = SHOP.replace("use_backend static", "use_backend api")
    changed = run(served, "/a.css", "--text", "-", stdin=text)
    assert changed.exit_code == 1
    assert "    backend was static\n" in changed.output
    same = run(served, "/", "--text", "-", stdin=text)
    assert same.exit_code == 0, served.log.read_text()[-3000:]


@pytest.mark.server
@pytest.mark.parametrize(
    ("argv", "said", "status"),
    [
        (("/", "-H", "nothing"), "'nothing' must be name:value", 2),
        (("/", "--source", "here"), "requests.0.source in body must be an IP address", 1),
        (("--expect", "-"), "has no list of requests", 2),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(served: ApiServer, argv: tuple[str, ...], said: str, status: int) -> None:
    refused = run(served, *argv, stdin="a: 1\n")
    assert said in refused.output
    assert refused.exit_code == status


@pytest.mark.server
def test_what_the_page_shows_can_be_done(served: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/changes/simulation.md").read_text()
    commands, expected = (block for block in page.split("```")[3::2] if not block.startswith("json"))
    (tmp_path / "routing.yaml").write_text(expected.removeprefix("yaml\n"))
    (tmp_path / "haproxy.new.cfg").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    for line in commands.strip().splitlines():
        words = shlex.split(line)
        assert words[:2] == ["dataplane", "simulate"]
        done = run(served, *words[2:])
        assert done.exit_code == 0, done.output
