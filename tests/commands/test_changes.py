"""`dataplane diff` and `dataplane plan`, against a server; every command of their pages is tried."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataplane_core.commands.group import main
from tests.changes.shop import SHOP
from tests.harness.fixtures import MakeServer
from tests.harness.recorded import TOP
from tests.harness.server import PASSWORD, USER, ApiServer, Client

V3 = "/v3/services/haproxy/configuration"
SERVERS = f"{V3}/backends/shop/servers"
CHANGED = SHOP.replace("weight 5", "weight 7").replace("  server s2 127.0.0.1:9002\n", "")
OPERATIONS = [{"method": "DELETE", "path": f"{SERVERS}/s1"}]


@pytest.fixture(scope="module")
def server(make_server: MakeServer, tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    """One whose second version has another server less."""
    file = tmp_path_factory.mktemp("shop") / "haproxy.cfg"
    file.write_text(SHOP)
    server = make_server(file)
    assert Client(server.port).call("DELETE", f"{SERVERS}/s2", version=1).status in (202, 204)
    return server


@pytest.fixture
def run(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "haproxy.cfg").write_text(CHANGED)
    (tmp_path / "hosts.map").write_text("a b\n")
    (tmp_path / "operations.json").write_text(json.dumps(OPERATIONS))

    def run(*argv: str, **more: Any) -> Result:
        environ = {"DATAPLANE_URL": server.url, "DATAPLANE_USER": USER, "DATAPLANE_PASSWORD": PASSWORD}
        return CliRunner().invoke(main, argv, env=environ, catch_exceptions=False, **more)

    return run


def test_two_versions(run: Any):
    told = run("diff", "1", "2")
    assert told.exit_code == 1
    assert told.output.startswith("--- version 1\n+++ version 2\n@@ ")
    assert "-  server s2 127.0.0.1:9002\n" in told.output
    assert run("diff", "1", "--objects").output == "- backend shop: server s2\n"
    same = run("diff", "2")
    assert (same.exit_code, same.output) == (0, "")


def test_a_text(run: Any):
    told = run("diff", "--text", "haproxy.cfg", "--objects")
    assert told.output == "~ backend shop: server s1\n    weight: 5 -> 7\n"
    assert run("diff", "--text", "-", "--objects", input=CHANGED).output == told.output
    answer = json.loads(run("diff", "--text", "haproxy.cfg", "--json").output)
    assert [one["name"] for one in answer["changes"]] == ["s1"]
    assert run("diff", "--text", "nothing.cfg").exit_code == 2
    assert run("diff", "1", "2", "--text", "haproxy.cfg").exit_code == 2


def test_a_stored_file(run: Any, server: ApiServer):
    told = run("diff", "--file", "maps/hosts.map", "--text", "hosts.map")
    assert (told.exit_code, told.output.splitlines()[-1]) == (1, "+a b")
    answer = json.loads(run("diff", "--file", "maps/hosts.map", "--text", "hosts.map", "--json").output)
    assert answer["change"] == "created"
    assert run("diff", "--file", "maps/hosts.map").exit_code == 1
    assert "must be the path of a stored file" in run("diff", "--file", "/etc/passwd").output


def test_a_plan_of_a_text(run: Any):
    told = run("plan", "--text", "haproxy.cfg")
    assert told.exit_code == 0
    assert told.output == (
        "~ backend shop: server s1\n    weight: 5 -> 7\n"
        "HAProxy would be reloaded: no runtime socket of HAProxy is known\n"
    )
    assert json.loads(run("plan", "--text", "haproxy.cfg", "--json").output)["verdict"] == "accepted"


def test_names_that_would_mean_nothing(run: Any):
    text = CHANGED.replace("\nbackend shop\n", "\nbackend shops\n")
    told = run("plan", "--text", "-", input=text).output
    assert "dangling: line 13: there is no backend" in told


def test_a_plan_of_operations(run: Any):
    told = run("plan", "--operations", "operations.json")
    assert (told.exit_code, told.output.splitlines()[0]) == (0, "- backend shop: server s1")
    refused = json.dumps([{"method": "DELETE", "path": f"{SERVERS}/s9"}])
    told = run("plan", "--operations", "-", input=refused)
    assert told.exit_code == 1
    assert told.output.startswith("Refused: operation 0: missing object")
    assert run("plan", "--operations", "haproxy.cfg").exit_code == 2
    assert run("plan").exit_code == 2


def test_a_plan_of_a_transaction(run: Any, server: ApiServer):
    client = Client(server.port, version="v3")
    begun = client.call("POST", "/v3/services/haproxy/transactions", version=client.version()).json["id"]
    assert run("plan", "--transaction", begun).output == "Nothing would change.\n"
    client.call("DELETE", f"{SERVERS}/s1", transaction_id=begun)
    assert run("plan", "--transaction", begun).output.splitlines()[0] == "- backend shop: server s1"
    assert run("diff", "--transaction", begun, "--objects").output == "- backend shop: server s1\n"
    assert run("plan", "--transaction", "nobody").exit_code == 1


@pytest.mark.parametrize("page", ["diff", "plan"])
def test_the_commands_of_the_pages(run: Any, page: str):
    text = (TOP / "docs" / "changes" / f"{page}.md").read_text("utf-8")
    commands = re.findall(r"^dataplane (.*)$", text, re.M)
    assert commands
    for command in commands:
        assert run(*command.split()).exit_code in (0, 1), command
