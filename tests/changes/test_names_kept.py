"""The setting `references: refuse` holds for every change, and else each of them warns."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.support import OWN
from tests.changes.confirm.test_confirm import Trying
from tests.changes.support import V3, WholeApi
from tests.changes.test_references import TEXT, served

PLAIN = {"Content-Type": "text/plain"}
RAW = f"{V3}/raw"
TRANSACTIONS = "/v3/services/haproxy/transactions"
A = {"name": "a", "address": "127.0.0.1", "port": 1}
B = {"name": "b", "address": "127.0.0.1", "port": 2}
TRACKED = f"a of backend shop is still named by {V3}/backends/shop/servers/b"
SHOP = f"backend shop is still named by {V3}/frontends/site/backend_switching_rules/0"


HERE = f"here of frontend site is still named by {V3}/frontends/site/backend_switching_rules/0"


def posted(api: WholeApi, text: str, path: str = RAW, **query: Any) -> Any:
    query = {"version": api.version, **query} if path == RAW else query
    return api.call("POST", path, raw=text, headers=PLAIN, **query)


def without(api: WholeApi, what: str) -> str:
    """The text that there is now, without a line or a section."""
    assert what in api.text
    return api.text.replace(what, "")


def list_put(api: WholeApi, **query: Any) -> Any:
    return api.call("PUT", f"{V3}/frontends/site/acls", [], version=api.version, **query)


def row_renamed(api: WholeApi, **query: Any) -> Any:
    body = {**A, "name": "other"}
    return api.call("PUT", f"{V3}/backends/shop/servers/a", body, version=api.version, **query)


def row_deleted(api: WholeApi, **query: Any) -> Any:
    return api.call("DELETE", f"{V3}/backends/shop/servers/a", version=api.version, **query)


def section_replaced(api: WholeApi, **query: Any) -> Any:
    body = {"name": "shop", "from": "base", "servers": {"b": {**B, "track": "a"}}}
    return api.call("PUT", f"{V3}/backends/shop", body, version=api.version, full_section="true", **query)


def raw(api: WholeApi, **query: Any) -> Any:
    return posted(api, without(api, "  server a 127.0.0.1:1\n"), **query)


def applied(api: WholeApi, **query: Any) -> Any:
    return posted(api, without(api, "  server a 127.0.0.1:1\n"), f"{OWN}/apply", prune="true", **query)


def committed(api: WholeApi, **query: Any) -> Any:
    begun = api.call("POST", TRANSACTIONS, version=api.version).json["id"]
    assert api.call("DELETE", f"{V3}/backends/shop/servers/a", transaction_id=begun).status_code == 202
    return api.call("PUT", f"{TRANSACTIONS}/{begun}", **query)


CHANGES = [list_put, row_renamed, row_deleted, section_replaced, raw, applied, committed]


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_takes_a_name_from_its_users(tmp_path: Path, change: Callable[..., Any]) -> None:
    api = served(tmp_path, dataplane__references="refuse")
    before = api.file.read_bytes()
    answer = change(api)
    assert (answer.status_code, answer.json["message"]) == (409, HERE if change is list_put else TRACKED)
    assert api.file.read_bytes() == before


@pytest.mark.parametrize("change", CHANGES)
def test_else_each_of_them_says_so(tmp_path: Path, change: Callable[..., Any]) -> None:
    api = served(tmp_path)
    answer = change(api)
    assert answer.status_code in (200, 202, 204), answer.text
    assert answer.headers["Warning"] == f'299 dataplane "{HERE if change is list_put else TRACKED}"'


TRIED = """\
# _version=1
defaults
  mode http
frontend fe
  bind 127.0.0.1:8080
  stats scope late
backend be1
  server s1 127.0.0.1:1
"""
SCOPE = "  stats scope late\n"  # HAProxy never looks what that means
LATE = "backend late from base\n"


def test_a_rollback_takes_no_name_either(tmp_path: Path) -> None:
    api = served(tmp_path, dataplane__references="refuse")
    assert posted(api, api.text + SCOPE).status_code in (201, 202)
    assert posted(api, api.text + LATE).status_code in (201, 202)
    back = f"{OWN}/history/5/rollback"
    refused = api.call("POST", back)
    assert refused.status_code == 409
    assert refused.json["message"].startswith("backend late is still named by "), "as version 5 had it"
    assert api.call("POST", f"{OWN}/history/4/rollback").status_code in (200, 202), "names and uses go"


def test_a_transaction_can_be_mended_after_its_refusal(tmp_path: Path) -> None:
    api = served(tmp_path, dataplane__references="refuse")
    begun = api.call("POST", TRANSACTIONS, version=4).json["id"]
    assert api.call("DELETE", f"{V3}/backends/shop/servers/a", transaction_id=begun).status_code == 202
    assert api.call("PUT", f"{TRANSACTIONS}/{begun}").status_code == 409
    assert api.call("DELETE", f"{V3}/backends/shop/servers/b", transaction_id=begun).status_code == 202
    assert api.call("PUT", f"{TRANSACTIONS}/{begun}").status_code == 202


def test_what_dangled_before_stops_nothing(tmp_path: Path) -> None:
    api = served(tmp_path, dataplane__references="refuse")
    assert "resolvers gone" in TEXT
    moved = {**B, "port": 3, "track": "a", "resolvers": "gone"}
    assert api.change("PUT", f"{V3}/backends/shop/servers/b", moved).status_code == 202
    assert api.call("POST", f"{OWN}/rename", {"resource": f"{V3}/backends/shop", "name": "new"}, version=5).status_code == 202


def test_a_plan_is_refused_as_its_change_would_be(tmp_path: Path) -> None:
    api = served(tmp_path, dataplane__references="refuse")
    plan = api.call("DELETE", f"{V3}/backends/shop", version=4, dry_run="true").json
    assert plan["verdict"] == "refused" and plan["refusal"].startswith("backend shop is still named by ")
    found = posted(api, without(api, "backend shop from base\n"), only_validate="true")
    assert found.status_code == 409 and SHOP in found.json["message"]


def test_a_version_on_trial_goes_back_whatever_names_it(tmp_path: Path) -> None:
    api = Trying(tmp_path, TRIED, dataplane__references="refuse")
    answer = posted(api, api.text + "backend late\n", confirm_within="90s")
    assert answer.status_code in (201, 202), answer.text
    api.let_pass()
    api.watch.look()
    assert "backend late" not in api.text and "stats scope late" in api.text
