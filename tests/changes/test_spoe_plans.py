"""Changes of SPOE files, planned and tried without being made, on a real HAProxy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.changes.support import APPLY, archive
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS
from tests.runtime.support import Live, live

pytestmark = pytest.mark.haproxy

V3 = "/v3/services/haproxy"
FILE = f"{V3}/spoe/spoe_files/m.spoe"
SCOPE = f"{FILE}/scopes/%5Bmirror%5D"
PLAN = "/dataplane/v1/plan"
TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe
  bind unix@{folder}/fe.sock
  filter spoe engine mirror config {folder}/spoe/m.spoe
  default_backend be
backend be
  server s1 127.0.0.1:9
backend agents
  mode tcp
  server a 127.0.0.1:9
"""  # fmt: skip
SPOE = """\
# by hand
[mirror]
spoe-agent mirror
  messages seen
  option var-prefix m
  timeout hello 2s
  timeout idle 2m
  timeout processing 500ms
  use-backend agents

spoe-message seen
  args src
  event on-frontend-http-request
"""
AGENT = {
    "name": "mirror", "messages": "seen", "option_var-prefix": "m", "hello_timeout": 3000,
    "idle_timeout": 120000, "processing_timeout": 500, "use-backend": "agents",
}  # fmt: skip


@pytest.fixture(scope="module")
def haproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("spoe")
    (folder / "spoe").mkdir()
    (folder / "spoe" / "m.spoe").write_text(SPOE)
    program = one_haproxy("2.8")
    settings = {
        "dataplaneapi__resources__spoe_dir": str(folder / "spoe"),
        "haproxy__reload__validate_cmd": "", "haproxy__haproxy_bin": program,
    }  # fmt: skip
    with live(program, folder, TEXT, **settings) as running:
        yield running


@pytest.fixture(autouse=True)
def unchanged(haproxy: Live) -> Iterator[None]:
    def state() -> tuple[Any, ...]:
        version = haproxy.get(f"{V3}/spoe/m.spoe/version")
        text = (haproxy.folder / "spoe" / "m.spoe").read_text()
        return haproxy.pid, version, text, len(haproxy.services.reloads.records())

    before = state()
    yield
    assert state() == before == (haproxy.pid, 1, SPOE, 0)


def planned(haproxy: Live, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
    answer = haproxy.call(method, path, body, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def test_a_section_that_changes(haproxy: Live) -> None:
    plan = planned(haproxy, "PUT", f"{SCOPE}/agents/mirror", AGENT, dry_run="true")
    assert (plan["verdict"], plan["file"]) == ("accepted", f"{haproxy.folder}/spoe/m.spoe")
    [change] = plan["changes"]
    assert (change["resource"], change["kind"], change["change"]) == (f"{SCOPE}/agents/mirror", "spoe_agent", "changed")
    assert change["properties"] == {"hello_timeout": {"before": 2000, "after": 3000}}
    assert "-  timeout hello 2s\n+  timeout hello 3s\n" in plan["text"]
    assert (plan["delivery"]["by"], plan["dangling"]) == ("reload", [])


def test_in_version_2_and_with_what_haproxy_refuses(haproxy: Live) -> None:
    where = {"spoe": "m.spoe", "scope": "[mirror]", "dry_run": "true"}
    plan = planned(haproxy, "DELETE", "spoe/spoe_messages/seen", **where)
    assert plan["verdict"] == "refused"
    assert "seen" in plan["refusal"]
    assert [one["change"] for one in plan["changes"]] == ["deleted"]
    assert haproxy.status("DELETE", "spoe/spoe_messages/none", **where) == 404


def test_a_scope_that_comes(haproxy: Live) -> None:
    plan = planned(haproxy, "POST", f"{FILE}/scopes", "[more]", dry_run="true")
    assert [(one["resource"], one["kind"], one["change"]) for one in plan["changes"]] == [
        (f"{FILE}/scopes/%5Bmore%5D", "spoe_scope", "created")
    ]


def test_a_file_that_comes_or_goes(haproxy: Live) -> None:
    assert haproxy.status("DELETE", FILE, dry_run="true") == 409  # the configuration names it


def test_a_transaction(haproxy: Live) -> None:
    begun = planned(haproxy, "POST", f"{FILE}/transactions", version=1, dry_run="true")
    assert begun["effects"] == ["a transaction would be begun on version 1"]
    one = haproxy.call("POST", f"{FILE}/transactions", version=1).json["id"]
    try:
        group = {"name": "all", "messages": "seen"}
        made = haproxy.call("POST", f"{SCOPE}/groups", group, transaction_id=one)
        assert made.status_code == 201, made.text
        for plan in (
            planned(haproxy, "PUT", f"{FILE}/transactions/{one}", dry_run="true"),
            planned(haproxy, "POST", PLAN, {"transaction": one, "file": "m.spoe"}),
        ):
            assert (plan["verdict"], plan["transaction_id"]) == ("accepted", one)
            assert [(change["resource"], change["change"]) for change in plan["changes"]] == [
                (f"{SCOPE}/groups/all", "created")
            ]
        late = haproxy.call("PUT", f"{FILE}/transactions/{one}", confirm_within="90s")
        assert late.status_code == 400
    finally:
        assert haproxy.status("DELETE", f"{FILE}/transactions/{one}") == 204


def test_a_text(haproxy: Live) -> None:
    text = SPOE.replace("500ms", "700ms")
    plan = planned(haproxy, "POST", PLAN, {"text": text, "file": "m.spoe"})
    [change] = plan["changes"]
    assert change["properties"] == {"processing_timeout": {"before": 500, "after": 700}}
    assert haproxy.status("POST", PLAN, {"text": text, "file": "none"}) == 404


def test_operations_on_the_configuration_and_on_a_file_beside_it(haproxy: Live) -> None:
    operations = [
        {"method": "POST", "path": f"{V3}/configuration/backends", "body": {"name": "other", "mode": "tcp"}},
        {"method": "POST", "path": f"{SCOPE}/groups", "body": {"name": "all", "messages": "seen"}},
        {"method": "PUT", "path": f"{SCOPE}/agents/mirror", "body": {**AGENT, "groups": "all"}},
    ]
    plan = planned(haproxy, "POST", PLAN, {"operations": operations})
    assert plan["verdict"] == "accepted"
    assert [one["section"] for one in plan["changes"]] == ["backend other"]
    [file] = plan["files"]
    assert file["file"] == f"{haproxy.folder}/spoe/m.spoe"
    assert [one["change"] for one in file["changes"]] == ["changed", "created"]
    assert plan["delivery"]["by"] == "reload"


def test_apply_takes_the_file_and_gives_it_back_where_haproxy_refuses_it(haproxy: Live) -> None:
    text = (haproxy.folder / "haproxy.cfg").read_text()
    bad = archive({"haproxy.cfg": text, "spoe_files/m.spoe": SPOE.replace("messages seen", "messages unheard")})
    planned = haproxy.send("POST", APPLY, bad, "application/x-tar", dry_run="true")
    assert planned.json["verdict"] == "refused" and "unheard" in planned.json["refusal"]
    assert haproxy.send("POST", APPLY, bad, "application/x-tar").status_code == 400
    good = archive({"haproxy.cfg": text, "spoe_files/m.spoe": SPOE.replace("2s", "3s")})
    planned = haproxy.send("POST", APPLY, good, "application/x-tar", dry_run="true")
    [file] = planned.json["files"]
    assert (planned.json["verdict"], file["change"], file["delivery"]["by"]) == ("accepted", "changed", "reload")
    assert "+  timeout hello 3s" in file["text"]
    assert planned.json["delivery"]["reasons"] == file["delivery"]["reasons"]


def test_the_operation_that_haproxy_refuses_is_named(haproxy: Live) -> None:
    operations = [
        {"method": "POST", "path": f"{SCOPE}/groups", "body": {"name": "all", "messages": "seen"}},
        {"method": "PUT", "path": f"{SCOPE}/agents/mirror", "body": {**AGENT, "messages": "unheard"}},
        {"method": "POST", "path": f"{SCOPE}/groups", "body": {"name": "more", "messages": "seen"}},
    ]
    plan = planned(haproxy, "POST", PLAN, {"operations": operations})
    assert plan["verdict"] == "refused"
    assert "unheard" in plan["refusal"]
    [file] = plan["files"]
    [finding] = file["findings"]
    assert finding["operation"] == 1
