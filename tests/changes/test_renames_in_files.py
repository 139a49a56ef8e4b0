"""A rename writes the new name in the SPOE files that say the old one, in the same version."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.support import OWN
from tests.changes.support import V3, WholeApi
from tests.changes.test_names_in_files import FILE, SPOE, TEXT, served

WITH_SERVER = FILE.replace("args src\n", "args src a=srv_is_up(shop/a) b=nbsrv(shop)  # srv_is_up(shop/a)\n")


@pytest.fixture
def api(tmp_path: Path, haproxy_program: str) -> WholeApi:
    return served(tmp_path, file=WITH_SERVER, haproxy__haproxy_bin=haproxy_program, haproxy__reload__validate_cmd="")


def file_of(api: WholeApi) -> Path:
    return api.file.parent / "spoe" / "m.spoe"


def renamed(api: WholeApi, resource: str, name: str, **query: Any) -> Any:
    query = query or {"version": api.version}
    return api.call("POST", f"{OWN}/rename", {"resource": f"{V3}/{resource}", "name": name}, **query)


@pytest.mark.haproxy
def test_an_agent_is_given_the_new_name_of_its_backend(api: WholeApi) -> None:
    before, version = api.text, api.version
    answer = renamed(api, "backends/agents", "helpers")
    assert answer.status_code in (200, 202), answer.text
    assert file_of(api).read_text() == WITH_SERVER.replace("use-backend agents", "use-backend helpers")
    assert api.version == version + 1 and "backend helpers" in api.text
    [line] = [one for one in answer.json["changed"] if "file" in one]
    assert (line["file"], line["line"], line["name"]) == (str(file_of(api)), 9, "agents")
    [file] = answer.json["files"]
    assert (file["file"], file["change"], file["state"]) == (str(file_of(api)), "changed", "queued")
    assert api.call("GET", f"{OWN}/references/dangling").json["total"] == 0
    back = api.call("POST", f"{OWN}/history/{version}/rollback")
    assert back.status_code in (200, 202), back.text
    assert file_of(api).read_text() == WITH_SERVER
    assert api.text.partition("\n")[2] == before.partition("\n")[2]


@pytest.mark.haproxy
@pytest.mark.parametrize(
    ("resource", "name", "old", "new"),
    [
        ("backends/shop", "store", "nbsrv(shop)", "nbsrv(store)"),
        ("backends/shop/servers/a", "b", "", ""),
    ],
)
def test_expressions_in_files_are_given_the_name(api: WholeApi, resource: str, name: str, old: str, new: str) -> None:
    answer = renamed(api, resource, name)
    assert answer.status_code in (200, 202), answer.text
    lines = WITH_SERVER.splitlines()
    place = lines.index(next(one for one in lines if "srv_is_up" in one))
    server = "store/a" if new else "shop/b"
    expected = lines[place].replace("srv_is_up(shop/a) b", f"srv_is_up({server}) b").replace(old, new)
    found = file_of(api).read_text().splitlines()
    assert found[place] == expected
    others = [one.replace(old, new) if "up=" in one else one for one in lines]
    assert found[:place] + found[place + 1 :] == others[:place] + others[place + 1 :]


@pytest.mark.haproxy
def test_a_plan_has_the_file_and_changes_nothing(api: WholeApi) -> None:
    before, version = api.text, api.version
    plan = renamed(api, "backends/agents", "helpers", dry_run="true").json
    assert (plan["verdict"], plan["dangling"]) == ("accepted", [])
    assert {one["severity"] for one in plan["findings"]} == {"warning"} and ".tmp" not in str(plan)
    assert plan["delivery"]["by"] == "reload" and str(file_of(api)) in plan["delivery"]["reasons"][-1]
    [file] = plan["files"]
    assert "-  use-backend agents\n+  use-backend helpers\n" in file["text"]
    assert (api.text, api.version, file_of(api).read_text()) == (before, version, WITH_SERVER)


@pytest.mark.haproxy
@pytest.mark.parametrize(
    ("resource", "name", "query", "status"),
    [
        ("backends/agents", "shop", {}, 409),
        ("backends/agents", "a b", {}, 422),
        ("backends/agents", "helpers", {"version": 3}, 409),
        ("backends/nowhere", "helpers", {}, 404),
    ],
)
def test_what_is_refused_leaves_the_file(
    api: WholeApi, resource: str, name: str, query: dict[str, Any], status: int
) -> None:
    before = api.text
    assert renamed(api, resource, name, **query).status_code == status
    assert (api.text, file_of(api).read_text()) == (before, WITH_SERVER)


@pytest.mark.haproxy
def test_a_file_that_is_not_stored_here_stays_and_so_do_the_others(tmp_path: Path, haproxy_program: str) -> None:
    foreign = tmp_path / "foreign.spoe"
    foreign.write_text(FILE.replace("[mirror]", "[copy]").replace("agent mirror", "agent copy"))
    line = "  filter spoe engine mirror config FOLDER/m.spoe\n"
    text = TEXT.replace(line, f"{line}  filter spoe engine copy config {foreign}\n")
    api = served(tmp_path, text, WITH_SERVER, haproxy__haproxy_bin=haproxy_program, haproxy__reload__validate_cmd="")
    before, former = api.text, foreign.read_text()
    answer = renamed(api, "backends/agents", "helpers")
    assert answer.status_code == 400, answer.text
    assert (api.text, file_of(api).read_text(), foreign.read_text()) == (before, WITH_SERVER, former)


@pytest.mark.haproxy
def test_files_are_no_part_of_a_transaction(api: WholeApi) -> None:
    before = api.text
    transactions = "/v3/services/haproxy/transactions"
    transaction = api.call("POST", transactions, version=api.version).json["id"]
    answer = renamed(api, "backends/agents", "helpers", transaction_id=transaction)
    assert answer.status_code == 202 and "files" not in answer.json
    committed = api.call("PUT", f"{transactions}/{transaction}")
    assert committed.status_code == 400 and "agents" in committed.text
    assert (api.text, file_of(api).read_text()) == (before, WITH_SERVER)


def test_a_file_is_one_version_with_its_names(api: WholeApi) -> None:
    renamed(api, "backends/agents", "helpers")
    found = api.call("GET", f"{OWN}/references", resource=f"{SPOE}/agents/mirror").json["refers_to"]
    assert f"{V3}/backends/helpers" in [target for use in found for target in use["targets"]]
