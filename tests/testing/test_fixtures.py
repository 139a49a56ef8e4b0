"""What authors of plugins test with: a server, a Runtime API, a real HAProxy, as fixtures."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core.plugin import arg, impl, word
from dataplane_core.testing.pytest_plugin import fake_runtime, local_server, real_haproxy
from tests.harness.recorded import TOP

__all__ = ["fake_runtime", "local_server", "real_haproxy"]

EXAMPLE = TOP / "contrib" / "examples" / "udp-lb"
TEXT = "backend be\n  server s 127.0.0.1:80 colour red\n"


@impl
def dataplane_register(registry: Any) -> None:
    registry.extend("servers", arg("colour", word("colour")))


PAINTER = SimpleNamespace(__name__="painter", dataplane_register=dataplane_register)


def test_servers_do_not_see_one_another(local_server: Any) -> None:
    painted, plain = local_server(TEXT, [PAINTER]), local_server(TEXT)
    assert painted.get("servers/s", backend="be")["colour"] == "red"
    assert plain.get("servers/s", backend="be")["x_unmanaged"] == ["colour", "red"]
    painted.change("DELETE", "servers/s", backend="be")
    assert (painted.text, plain.text) == ("backend be\n", TEXT)
    assert (painted.version, plain.version) == (2, 1)


def test_plugins_of_the_server_can_be_left_out(local_server: Any) -> None:
    assert local_server(without=["configuration.mailers"]).call("GET", "mailers_section").status == 404
    assert local_server().call("GET", "mailers_section").status == 200


def test_haproxy_judges_where_one_is_given(local_server: Any, real_haproxy: Path) -> None:
    new = {"name": "x", "address": "127.0.0.1", "track": "nowhere/none"}
    judged, free = local_server("backend be\n", haproxy=real_haproxy), local_server("backend be\n")
    assert "nowhere" in judged.refusal("POST", "servers", new, backend="be")
    free.change("POST", "servers", new, backend="be")
    assert judged.text == "backend be\n"


def test_a_runtime_api_answers_what_it_is_told_to(local_server: Any, fake_runtime: Any) -> None:
    runtime = fake_runtime({"show info": "Name: HAProxy\nVersion: 2.8.1\n"})
    server = local_server(f"global\n  stats socket {runtime.path}\n")
    (found,) = server.get("/v2/services/haproxy/runtime/info")
    assert found["info"]["version"] == "2.8.1"
    assert runtime.commands


def test_nobody_gets_the_fixtures_unasked() -> None:
    assert not [one for one in entry_points(group="pytest11") if "dataplane" in one.value]


def test_the_tests_of_the_example_pass_where_it_stands(tmp_path: Path) -> None:
    copy = shutil.copytree(EXAMPLE, tmp_path / "udp-lb", ignore=shutil.ignore_patterns("__pycache__"))
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TOP), environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=copy, env=environ, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_a_failing_answer_is_said(local_server: Any) -> None:
    server = local_server("backend be\n")
    with pytest.raises(AssertionError, match="missing object"):
        server.change("DELETE", "servers/none", backend="be")
    with pytest.raises(AssertionError):
        server.refusal("POST", "backends", {"name": "fine"})
