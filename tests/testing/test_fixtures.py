"""What authors of plugins test with: a server, a Runtime API, a real HAProxy, as fixtures."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core.plugin import Invalid, arg, impl, word
from dataplane_core.testing import Client
from tests.harness.recorded import TOP

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


def test_a_configuration_has_its_state_and_no_listener(temporary_configuration: Any) -> None:
    seen: list[Any] = []

    def dataplane_committed(change: Any) -> None:
        seen.append(change)

    @impl
    def dataplane_check(document: Any) -> list[str]:
        return ["no evil"] if document.find("backend", "evil") else []

    plugin = SimpleNamespace(dataplane_committed=impl(dataplane_committed), dataplane_check=dataplane_check)
    one = temporary_configuration(TEXT, [PAINTER, plugin])
    assert one.rows("servers", "backend", "be")["s"]["colour"] == "red"
    assert one.commit(TEXT + "  server t 127.0.0.1:81\n").version == 2
    assert [change.version for change in seen] == [2]
    assert list(one.rows("servers", "backend", "be")) == ["s", "t"]
    with pytest.raises(Invalid, match="no evil"):
        one.commit("backend evil\n")
    assert one.text == TEXT + "  server t 127.0.0.1:81\n"
    for missing in (("servers", "backend", "none"), ("colours", "backend", "be")):
        with pytest.raises(LookupError, match=missing[0]):
            one.rows(*missing)
    assert not hasattr(one, "port")


def test_a_client_asks_any_server_in_any_version(local_server: Any) -> None:
    server = local_server(TEXT, [PAINTER])
    client = Client(server.port, "tester", "secret")
    assert client.get("servers/s", backend="be")["colour"] == "red"
    third = client.in_version("v3")
    third.change("POST", "backends/be/servers", {"name": "t", "address": "127.0.0.1"})
    assert [one["name"] for one in third.get("backends/be/servers")] == ["s", "t"]
    assert client.get("version") == third.version == client.in_version("v1").version == 2
    assert client.call("GET", "/v2/info").json["api"]
    named = local_server("frontend fe\n  bind /run/x.sock\n")
    assert named.get("binds/%2Frun%2Fx.sock", frontend="fe")["address"] == "/run/x.sock"
    assert Client(server.port, "tester", "wrong").call("GET", "/v2/info").status == 401


def test_the_tests_of_the_example_pass_where_it_stands(tmp_path: Path) -> None:
    copy = shutil.copytree(EXAMPLE, tmp_path / "udp-lb", ignore=shutil.ignore_patterns("__pycache__"))
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TOP), environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "dataplane_core.testing.pytest_plugin"]
    done = subprocess.run(command, cwd=copy, env=environ, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_a_failing_answer_is_said(local_server: Any) -> None:
    server = local_server("backend be\n")
    with pytest.raises(AssertionError, match="missing object"):
        server.change("DELETE", "servers/none", backend="be")
    with pytest.raises(AssertionError):
        server.refusal("POST", "backends", {"name": "fine"})
