"""`dataplane events` shows the stream of a running server, for people and for scripts."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.harness.server import PASSWORD, USER, ApiServer

TEXT = "global\n  daemon\n\ndefaults\n  mode http\n\nbackend be1\n  server s1 10.0.0.1:80\n"
BACKENDS = "/v3/services/haproxy/configuration/backends"

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    file = folder / "haproxy.cfg"
    file.write_text(TEXT)
    with ApiServer(file, folder / "run") as server:
        client = server.client("v3")
        client.call("POST", BACKENDS, {"name": "be2"}, version=client.version())
        yield server


def command(server, *words, password=PASSWORD):
    program = Path(server.command[0])
    environ = {**os.environ, "DATAPLANE_USER": USER, "DATAPLANE_PASSWORD": password}
    return [str(program), "events", "--url", server.url, *words], environ


def run(server, *words, **given):
    words, environ = command(server, *words, **given)
    return subprocess.run(words, env=environ, capture_output=True, text=True)


def test_what_was_is_shown_in_lines_or_as_json(server):
    done = run(server, "--no-follow", "--kinds", "version")
    assert done.returncode == 0
    assert [line.split()[2] for line in done.stdout.splitlines()] == ["version", "version"]
    assert "\x1b" not in done.stdout
    events = [json.loads(line) for line in run(server, "--no-follow", "--json").stdout.splitlines()]
    assert [one["event"] for one in events][:2] == ["version", "version"]
    last = events[-1]["id"]
    assert run(server, "--no-follow", "--after", str(last)).stdout == ""


def test_news_are_shown_as_they_come(server):
    words, environ = command(server, "--json", "--kinds", "version", "--after", "0")
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as running:
        try:
            first = [json.loads(running.stdout.readline()) for _ in range(2)]
            client = server.client("v3")
            client.call("POST", BACKENDS, {"name": "be3"}, version=client.version())
            news = json.loads(running.stdout.readline())
        finally:
            running.kill()
    assert news["version"] == first[1]["version"] + 1


def test_refusals_and_servers_that_are_not_there(server):
    done = run(server, password="wrong")
    assert done.returncode == 1
    assert done.stderr
    assert run(server, "--kinds", "nothing").returncode == 1
    words, environ = command(server)
    words[words.index(server.url)] = "http://127.0.0.1:1"
    assert subprocess.run(words, env=environ, capture_output=True).returncode == 2
