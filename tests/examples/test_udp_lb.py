"""A third party's distribution, installed with pip beside the server and driven over HTTP."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from tests.harness.fixtures import MakeServer
from tests.harness.recorded import TOP
from tests.harness.server import CONFIGURATION, ApiServer, Client

EXAMPLE = TOP / "contrib" / "examples" / "udp-lb"
LBS, TARGETS = f"{CONFIGURATION}/udp_lbs", f"{CONFIGURATION}/udp_targets"

TEXT = """\
# Names are served here.
global

# The public resolver.
udp-lb   dns     # since March
    dgram-bind    :53   name old    # all addresses
    # both are in the same rack
    server  dns1   192.0.2.1:53     # left
    server  dns2   192.0.2.2:53   check   new-word  7   # right
    option udp-check

backend web
\tserver a 192.0.2.9:80
"""

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    source = tmp_path_factory.mktemp("source") / "udp-lb"
    subprocess.run(["cp", "-r", str(EXAMPLE), str(source)], check=True)  # the build writes beside it
    command = [*pip, "--target", str(folder), str(source)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert told.returncode == 0, told.stderr
    return folder


@pytest.fixture
def extended(make_server: MakeServer, installed: Path, tmp_path: Path) -> Iterator[ApiServer]:
    """A server on TEXT that finds the example as any Python program finds what is installed."""
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(TEXT, "utf-8")
    path = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH", "")]))
    server = make_server(configuration, environ={"PYTHONPATH": path})
    yield server
    server.stop()


@pytest.fixture
def client(extended: ApiServer) -> Client:
    return extended.client()


def without_version(text: str) -> str:
    first, rest = text.split("\n", 1)
    assert first.startswith("# _version="), first
    return rest


def test_it_is_as_short_as_promised() -> None:
    source = (EXAMPLE / "dataplane_udp_lb.py").read_text("utf-8")
    assert len(source.splitlines()) < 40
    imported = {
        node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
    }
    assert imported == {"dataplane_core.plugin"}


def test_its_routes_are_listed(installed: Path) -> None:
    program = str(Path(sys.executable).with_name("dataplane"))
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    told = subprocess.run([program, "routes"], capture_output=True, text=True, env=environ)
    assert told.returncode == 0, told.stderr
    assert "/configuration/udp_targets/{name}" in told.stdout


def test_what_the_file_holds_is_read(client: Client) -> None:
    listed = client.call("GET", LBS).data
    assert [(one["name"], one["address"], one["label"]) for one in listed] == [
        ("dns", ":53", "old")
    ]
    targets = client.call("GET", TARGETS, udp_lb="dns").data
    assert targets[0] == {"name": "dns1", "address": "192.0.2.1:53"}
    assert targets[1]["check"] == "enabled"


def test_a_section_is_made_in_a_transaction(extended: ApiServer, client: Client) -> None:
    with client.transaction() as transaction:
        body = {"name": "ntp", "address": ":123", "balance": "source", "responses": 1}
        made = client.call("POST", LBS, body, transaction_id=transaction)
        assert made.status == 202, made.body
        target = {"name": "t1", "address": "192.0.2.5:123", "weight": 5}
        query = {"udp_lb": "ntp", "transaction_id": transaction}
        assert client.call("POST", TARGETS, target, **query).status == 202
        assert client.call("GET", LBS + "/ntp").status == 404
    text = without_version(extended.configuration.read_text("utf-8"))
    added = (
        "udp-lb ntp\n"
        "    dgram-bind :123\n"
        "    balance source\n"
        "    proxy-responses 1\n"
        "    server t1 192.0.2.5:123 weight 5\n"
    )
    assert "\n".join(line.strip() for line in added.splitlines()) in "\n".join(
        line.strip() for line in text.splitlines()
    )
    remaining = [line for line in text.splitlines() if line.strip()]
    assert [line for line in remaining if line in TEXT.splitlines()] == [
        line for line in TEXT.splitlines() if line.strip()
    ]


def test_what_is_not_touched_stays_to_the_byte(extended: ApiServer, client: Client) -> None:
    current = client.call("GET", f"{TARGETS}/dns2", udp_lb="dns").data
    current["weight"] = 9
    query = {"udp_lb": "dns", "version": client.version(), "force_reload": "true"}
    changed = client.call("PUT", f"{TARGETS}/dns2", current, **query)
    assert changed.status in (200, 202), changed.body
    after = without_version(extended.configuration.read_text("utf-8")).splitlines()
    before = TEXT.splitlines()
    assert len(after) == len(before)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(differing) == 1
    words = " ".join(differing[0].split())
    assert words == "server dns2 192.0.2.2:53 check weight 9 new-word 7 # right"


def test_putting_back_what_was_read_changes_nothing(extended: ApiServer, client: Client) -> None:
    current = client.call("GET", f"{LBS}/dns").data
    assert client.call("PUT", f"{LBS}/dns", current, version=client.version()).status in (200, 202)
    assert without_version(extended.configuration.read_text("utf-8")) == TEXT


def test_bad_bodies_are_refused(client: Client) -> None:
    query = {"udp_lb": "dns", "version": client.version()}
    lacking = client.call("POST", TARGETS, {"name": "x"}, **query)
    assert (lacking.status, lacking.json["code"]) == (422, 602)
    above = client.call("POST", TARGETS, {"name": "x", "address": "a:1", "weight": 300}, **query)
    assert (above.status, above.json["code"]) == (422, 608)
    second_line = {"name": "x", "address": "a:1\n  option evil"}
    assert client.call("POST", TARGETS, second_line, **query).status == 422


@pytest.mark.parametrize("name", ["specification", "specification_openapiv3"])
def test_both_documents_describe_it(extended: ApiServer, name: str) -> None:
    document = extended.specification(name)
    validate(document)
    paths = {path.removeprefix("/v2") for path in document["paths"]}
    assert {
        "/services/haproxy/configuration/udp_lbs",
        "/services/haproxy/configuration/udp_lbs/{name}",
        "/services/haproxy/configuration/udp_targets",
        "/services/haproxy/configuration/udp_targets/{name}",
    } <= paths
