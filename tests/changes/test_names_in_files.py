"""Names in SPOE files, and of what stands there: who refers to what across the two documents."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dataplane_core.commands.group import main
from dataplane_core.haproxy import binaries
from dataplane_core.references.existing import reader_of_files
from dataplane_core.references.names_in_files import NamesInFiles
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from tests.api.support import OWN
from tests.changes.support import V3, WholeApi
from tests.harness.fixtures import one_haproxy

SPOE = "/v3/services/haproxy/spoe/spoe_files/m.spoe/scopes/%5Bmirror%5D"
TEXT = """\
# _version=4
defaults base
  mode http
frontend site from base
  filter spoe engine mirror config FOLDER/m.spoe
  http-request send-spoe-group mirror some
  default_backend shop
backend shop from base
  server a 127.0.0.1:1
backend agents from base
  mode tcp
  server a 127.0.0.1:1
"""
FILE = """\
# by hand
[other]
spoe-agent mirror
  use-backend nowhere
[mirror]
spoe-agent mirror
  messages seen
  groups some
  use-backend agents
spoe-message seen
  acl here src 10.0.0.1
  args ip=src up=nbsrv(shop)
  event on-frontend-http-request if here
spoe-message more
  args src
spoe-group some
  messages more
"""


def served(folder: Path, text: str = TEXT, file: str = FILE, **settings: Any) -> WholeApi:
    """A server for a configuration that uses a SPOE file, and the folder of it."""
    spoe = folder / "spoe"
    spoe.mkdir(exist_ok=True)
    (spoe / "m.spoe").write_text(file)
    settings["dataplaneapi__resources__spoe_dir"] = str(spoe)
    return WholeApi(folder, text.replace("FOLDER", str(spoe)), **settings)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> WholeApi:
    return served(tmp_path_factory.mktemp("names"))


def asked(api: WholeApi, resource: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    found = api.call("GET", f"{OWN}/references", resource=resource)
    assert found.status_code == 200, found.text
    return found.json["referenced_by"], found.json["refers_to"]


def places(uses: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    return [(use["resource"].removeprefix(V3), use["line"], use["property"], use["name"]) for use in uses]


def test_an_agent_names_a_backend(one: WholeApi) -> None:
    by, _ = asked(one, f"{V3}/backends/agents")
    assert places(by) == [(f"{SPOE}/agents/mirror", 9, "use-backend", "agents")]
    assert by[0]["file"].endswith("/spoe/m.spoe") and by[0]["targets"] == [f"{V3}/backends/agents"]
    by, _ = asked(one, f"{V3}/backends/shop")
    assert (f"{SPOE}/messages/seen", 12, "args", "shop") in places(by)


def test_what_an_object_in_a_file_names_and_who_names_it(one: WholeApi) -> None:
    by, to = asked(one, f"{SPOE}/agents/mirror")
    assert by == []
    assert {use["name"]: use["targets"] for use in to} == {
        "seen": [f"{SPOE}/messages/seen"], "some": [f"{SPOE}/groups/some"], "agents": [f"{V3}/backends/agents"],
    }  # fmt: skip
    by, to = asked(one, f"{SPOE}/groups/some")
    assert places(by) == [
        (f"{SPOE}/agents/mirror", 8, "groups", "some"),
        ("/frontends/site/http_request_rules/0", 6, "spoe_group", "mirror/some"),
    ]
    assert [use["targets"] for use in to] == [[f"{SPOE}/messages/more"]]
    by, _ = asked(one, f"{SPOE}/messages/seen")
    assert places(by) == [(f"{SPOE}/agents/mirror", 7, "messages", "seen")]
    by, to = asked(one, SPOE)
    assert places(by)[0][:3] == ("/frontends/site/filters/0", 5, "spoe_config")
    assert len(to) == 6


def test_lines_of_the_configuration_mean_what_is_in_the_file(one: WholeApi) -> None:
    _, to = asked(one, f"{V3}/frontends/site/http_request_rules/0")
    found = {use["property"]: use["targets"] for use in to}
    assert found == {"spoe_engine": [f"{V3}/frontends/site/filters/0"], "spoe_group": [f"{SPOE}/groups/some"]}
    _, to = asked(one, f"{V3}/frontends/site/filters/0")
    assert [use["targets"] for use in to] == [[SPOE]]


def test_a_backend_that_an_agent_names_is_used(one: WholeApi) -> None:
    assert one.call("GET", f"{OWN}/references/unused").json["items"] == []


LOST = {
    "engine": ("[mirror]", "[gone]", (5, "mirror in ")),
    "backend": ("use-backend agents", "use-backend gone", (9, "gone")),
    "message": ("messages seen", "messages gone", (7, "gone")),
    "second message": ("messages seen", "messages seen gone", (7, "gone")),
    "group of an agent": ("groups some", "groups some gone", (8, "gone")),
    "message of a group": ("messages more", "messages gone", (17, "gone")),
    "acl": ("if here", "if gone", (13, "gone")),
    "argument": ("nbsrv(shop)", "nbsrv(gone)", (12, "gone")),
    "group of a rule": ("groups some\n", "# some\n", (6, "mirror/some")),
}


@pytest.mark.parametrize("which", LOST)
def test_what_is_not_there_is_told(one: WholeApi, which: str) -> None:
    assert one.call("GET", f"{OWN}/references/dangling").json["total"] == 0
    old, new, (line, name) = LOST[which]
    file = one.file.parent / "spoe" / "m.spoe"
    try:
        file.write_text(FILE.replace(old, new))
        [found] = one.call("GET", f"{OWN}/references/dangling").json["items"]
    finally:
        file.write_text(FILE)
    assert found["line"] == line and found["name"].startswith(name)
    assert found["resource"].startswith(V3 if line in (5, 6) and "file" not in found else SPOE)


@pytest.mark.haproxy
@pytest.mark.parametrize("version", sorted(binaries.installed().keys() & {"2.8", "3.2"}))
def test_haproxy_misses_the_same(tmp_path: Path, version: str) -> None:
    registry = register_collections(make_manager())
    spoe, config = tmp_path / "m.spoe", tmp_path / "haproxy.cfg"
    mode = "tcp" if version < "3.1" else "spop"
    text = TEXT.replace("FOLDER", str(tmp_path)).replace("mode tcp", f"mode {mode}")
    text = text.replace("site from base\n", "site from base\n  bind 127.0.0.1:1\n")
    config.write_text(text)
    document = Document.parse(text, registry.language)
    for old, new, (line, name) in [("# by hand", "# none", (0, "")), *LOST.values()]:
        spoe.write_text(FILE.replace(old, new))
        program = [str(binaries.installed()[version]), "-c", "-f", str(config)]
        said = subprocess.run(program, capture_output=True, text=True, check=False)
        found = [*NamesInFiles(registry, document, reader_of_files(config, text)).dangling()]
        assert len(found) == (said.returncode != 0) == (line > 0), (old, said.stderr, found)
        word = "No SPOE agent found" if "mirror in " in name else name.rpartition("/")[2]
        assert word in said.stderr


def test_a_plan_tells_of_an_agent_whose_backend_goes(one: WholeApi) -> None:
    plan = one.call("DELETE", f"{V3}/backends/agents", version=4, dry_run="true").json
    [found] = plan["dangling"]
    assert (found["line"], found["resource"], found["name"]) == (9, f"{SPOE}/agents/mirror", "agents")


@pytest.mark.parametrize("strictly", [True, False])
def test_such_a_change_is_refused_or_says_so(tmp_path: Path, strictly: bool) -> None:
    api = served(tmp_path, **({"dataplane__references": "refuse"} if strictly else {}))
    answer = api.call("DELETE", f"{V3}/backends/agents", version=4)
    said = f"backend agents is still named by line 9 of {tmp_path}/spoe/m.spoe"
    if strictly:
        assert (answer.status_code, answer.json["message"]) == (409, said)
    else:
        assert answer.status_code in (202, 204) and said in answer.headers["Warning"]
    assert "Warning" not in api.call("DELETE", f"{V3}/frontends/site", version=4 if strictly else 5).headers


def test_a_delete_in_a_transaction_says_so_at_once(tmp_path: Path) -> None:
    api = served(tmp_path)
    with api.transaction() as transaction:
        answer = api.call("DELETE", f"{V3}/backends/agents", transaction_id=transaction)
        assert answer.status_code == 202
        assert f"backend agents is still named by line 9 of {tmp_path}/spoe/m.spoe" in answer.headers["Warning"]
        new = api.call("GET", f"{OWN}/references/dangling", new="true", transaction_id=transaction).json["items"]
        assert [(one["line"], one["name"]) for one in new] == [(9, "agents")]
        api.call("DELETE", f"{V3}/frontends/site", transaction_id=transaction)


def test_a_file_without_scopes_and_one_that_is_not_there(tmp_path: Path) -> None:
    text = TEXT.replace("engine mirror ", "").replace("  http-request send-spoe-group mirror some\n", "")
    api = served(tmp_path, text, FILE.partition("[mirror]\n")[2].replace("use-backend agents", "use-backend gone"))
    [found] = api.call("GET", f"{OWN}/references/dangling").json["items"]
    assert (found["line"], found["name"]) == (4, "gone")
    (tmp_path / "spoe" / "m.spoe").unlink()
    [found] = api.call("GET", f"{OWN}/references/dangling").json["items"]
    assert found["kinds"] == ["file"]


@pytest.mark.haproxy
def test_check_tells_of_it_where_haproxy_gave_up(tmp_path: Path) -> None:
    (tmp_path / "m.spoe").write_text(FILE.replace("use-backend agents", "use-backend gone"))
    path = tmp_path / "haproxy.cfg"
    path.write_text(TEXT.replace("FOLDER", str(tmp_path)).replace("  server a", "  bogus\n  server a", 1))
    argv = ["check", str(path), "--json", "-b", one_haproxy("2.8")]
    told = json.loads(CliRunner().invoke(main, argv, catch_exceptions=False).stdout)
    said = {(one["line"], one["message"]) for one in told["findings"]}
    assert (5, f"line 9 of {tmp_path}/m.spoe: there is no section backend or listen gone") in said
