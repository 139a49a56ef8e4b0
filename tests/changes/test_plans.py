"""What a change would do, asked before it is made."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.api.support import TRANSACTIONS
from tests.changes.shop import SHOP, V3, Changes

SERVERS = f"{V3}/backends/shop/servers"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str) -> Changes:
    return Changes(tmp_path_factory.mktemp("shop"), program=haproxy_program)


@pytest.fixture
def busy_shop(tmp_path: Path) -> Changes:
    """One in which something is changed."""
    return Changes(tmp_path)


def unchanged(shop: Changes, ask: Callable[[], Any]) -> Any:
    """What `ask` returns, which changes nothing: no file, version, transaction or reload."""

    def state() -> tuple[Any, ...]:
        services = shop.app.services
        reloads = shop.call("GET", "/v2/services/haproxy/reloads").json
        return shop.everything(), shop.version, services.transactions.list(), reloads

    before = state()
    answer = ask()
    assert state() == before
    return answer


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"{SERVERS}/s1", {"name": "s1", "address": "127.0.0.1", "port": 9001, "weight": 7}),
        (
            "PUT",
            "/v2/services/haproxy/configuration/servers/s1?backend=shop",
            {"name": "s1", "address": "127.0.0.1", "port": 9001, "weight": 7},
        ),
        (
            "PUT",
            "/v1/services/haproxy/configuration/servers/s1?backend=shop",
            {"name": "s1", "address": "127.0.0.1", "port": 9001, "weight": 7},
        ),
    ],
)
def test_a_single_change_in_each_version(shop: Changes, method: str, path: str, body: Any):
    path, _, query = path.partition("?")
    more = dict(part.split("=") for part in query.split("&")) if query else {}
    plan = unchanged(shop, lambda: shop.call(method, path, body, dry_run="true", version=1, **more))
    assert plan.status_code == 200
    assert plan.json["verdict"] == "accepted"
    assert plan.json["findings"] == []
    assert plan.json["delivery"]["by"] == "reload"  # no HAProxy runs
    (change,) = plan.json["changes"]
    assert change["resource"] == f"{SERVERS}/s1"
    assert change["properties"] == {"weight": {"before": 5, "after": 7}}
    assert "-  server s1 127.0.0.1:9001 weight 5\n+  server s1 127.0.0.1:9001 weight 7\n" in plan.json["text"]


def test_all_kinds_of_changes_can_be_planned(shop: Changes):
    raw = SHOP.replace("weight 5", "weight 6")
    text = {"Content-Type": "text/plain"}
    for method, path, body, more in [
        ("POST", f"{V3}/backends", {"name": "new"}, {}),
        ("DELETE", f"{V3}/backends/spare", None, {}),
        ("PUT", f"{V3}/global", {"performance_options": {"maxconn": 5}}, {}),
        ("PUT", f"{V3}/backends/shop/acls", [{"acl_name": "a", "criterion": "src", "value": "::1"}], {}),
        ("PUT", f"{V3}/backends/spare", {"name": "spare", "servers": {"x": {"name": "x", "address": "::1"}}},
         {"full_section": "true"}),
        ("POST", f"{V3}/raw", None, {"raw": raw, "headers": text}),
        ("POST", "/v2/services/haproxy/configuration/raw", None, {"raw": raw, "headers": text}),
    ]:  # fmt: skip
        ask = partial(shop.call, method, path, body, version=1, dry_run="true", **more)
        plan = unchanged(shop, ask)
        assert plan.status_code == 200, plan.text
        assert plan.json["verdict"] == "accepted", plan.text
        assert plan.json["changes"], plan.text


def test_a_refusal_names_the_line_and_the_object(shop: Changes):
    body = {"name": "s1", "address": "127.0.0.1", "port": 9001, "track": "nobody/s9"}
    plan = unchanged(shop, lambda: shop.call("PUT", f"{SERVERS}/s1", body, version=1, dry_run="true"))
    assert plan.status_code == 200
    assert plan.json["verdict"] == "refused"
    assert "delivery" not in plan.json
    (finding, *_) = [one for one in plan.json["findings"] if one["severity"] == "alert"]
    assert finding["resource"] == f"{SERVERS}/s1"
    assert finding["section"] == "backend shop"
    assert SHOP.splitlines()[finding["line"] - 1].startswith("  server s1")


def test_names_that_would_mean_nothing(shop: Changes):
    plan = unchanged(shop, lambda: shop.call("DELETE", f"{V3}/backends/shop", dry_run="true"))
    assert plan.json["verdict"] == "refused"
    found = [(one["section"], one["property"], one["name"]) for one in plan.json["dangling"]]
    assert found == [("frontend web", "name", "shop"), ("frontend web", "default_backend", "shop")]
    use = plan.json["dangling"][0]
    assert use["resource"] == f"{V3}/frontends/web/backend_switching_rules/0"
    assert SHOP.splitlines()[use["line"] - 1] == "  use_backend shop if { path /shop }"


def test_a_name_that_never_meant_anything(shop: Changes):
    rule = {"type": "deny", "cond": "if", "cond_test": "nobody"}
    ask = partial(shop.call, "POST", f"{V3}/frontends/web/http_request_rules/0", rule, dry_run="true")
    plan = unchanged(shop, ask).json
    assert [(one["kinds"], one["name"]) for one in plan["dangling"]] == [(["acl"], "nobody")]


def test_what_is_refused_at_once_is_refused_as_ever(shop: Changes):
    body = {"name": "s1", "address": "127.0.0.1", "weight": 500}
    assert shop.call("PUT", f"{SERVERS}/s1", body, version=1, dry_run="true").status_code == 422
    body["weight"] = 5
    assert shop.call("PUT", f"{SERVERS}/s9", body, version=1, dry_run="true").status_code == 404
    assert shop.call("PUT", f"{SERVERS}/s1", body, version=7, dry_run="true").status_code == 409
    assert shop.call("PUT", f"{SERVERS}/s1", body, dry_run="maybe").status_code == 400


def test_the_version_can_be_left_out(shop: Changes):
    plan = unchanged(shop, lambda: shop.call("DELETE", f"{SERVERS}/s1", dry_run="true"))
    assert plan.json["changes"][0]["change"] == "deleted"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v2/services/haproxy/transactions"), ("DELETE", "/v2/services/haproxy/runtime/maps/x.map")],
)
def test_what_edits_no_text_is_not_done_either(shop: Changes, method: str, path: str):
    answer = unchanged(shop, lambda: shop.call(method, path, version=1, dry_run="true"))
    assert answer.status_code == (200 if method == "POST" else 503)


def test_a_transaction(busy_shop: Changes):
    shop = busy_shop
    begun = shop.call("POST", TRANSACTIONS, version=1).json["id"]
    added = {"name": "s3", "address": "127.0.0.1", "port": 9003}
    shop.call("POST", SERVERS, added, transaction_id=begun)
    shop.call("DELETE", f"{SERVERS}/s2", transaction_id=begun)

    for ask in (
        lambda: shop.own("POST", "plan", {"transaction": begun}),
        lambda: shop.call("PUT", f"{TRANSACTIONS}/{begun}", dry_run="true").json,
    ):
        plan = unchanged(shop, ask)
        assert plan["transaction_id"] == begun
        assert [(one["change"], one["name"]) for one in plan["changes"]] == [("deleted", "s2"), ("created", "s3")]

    # An edit in it shows what the edit does, and what is to be committed then.
    plan = unchanged(
        shop, lambda: shop.call("DELETE", f"{SERVERS}/s3", transaction_id=begun, dry_run="true").json
    )
    assert [(one["change"], one["name"]) for one in plan["changes"]] == [("deleted", "s3")]
    assert shop.call("PUT", f"{TRANSACTIONS}/{begun}").status_code == 202


def test_a_reload_to_come_is_noted(busy_shop: Changes, monkeypatch: pytest.MonkeyPatch):
    shop = busy_shop
    runtime = shop.app.services.runtime
    monkeypatch.setattr(runtime, "sockets", lambda: [None])
    monkeypatch.setattr(runtime, "apply", lambda commands: True)
    shop.change("POST", f"{V3}/backends", {"name": "new"})
    body = {"name": "s1", "address": "127.0.0.1", "port": 9001, "weight": 6}
    delivery = shop.call("PUT", f"{SERVERS}/s1", body, dry_run="true").json["delivery"]
    assert (delivery["by"], delivery["commands"]) == ("commands", ["set server shop/s1 weight 6"])
    assert delivery["notes"][0].startswith("a reload is to come")


def test_a_transaction_that_cannot_be_committed(busy_shop: Changes):
    shop = busy_shop
    begun = shop.call("POST", TRANSACTIONS, version=1).json["id"]
    shop.call("DELETE", f"{SERVERS}/s2", transaction_id=begun)
    shop.change("DELETE", f"{SERVERS}/s1")
    answer = unchanged(shop, lambda: shop.call("POST", "/dataplane/v1/plan", {"transaction": begun}))
    assert answer.status_code == 409
    plan = unchanged(shop, lambda: shop.own("POST", "plan", {"transaction": begun}, rebase="true"))
    assert [(one["change"], one["name"]) for one in plan["changes"]] == [("deleted", "s2")]
    dry = unchanged(
        shop, lambda: shop.call("PUT", f"{TRANSACTIONS}/{begun}", dry_run="true", rebase="true").json
    )
    assert dry == plan
    missing = shop.call("POST", "/dataplane/v1/plan", {"transaction": "nobody"})
    assert missing.status_code == 404


def test_a_whole_text(shop: Changes):
    text = SHOP.replace("weight 5", "weight 6")
    plan = unchanged(shop, lambda: shop.own("POST", "plan", {"text": text}))
    assert [one["name"] for one in plan["changes"]] == ["s1"]
    plain = unchanged(
        shop, lambda: shop.own("POST", "plan", raw=text, headers={"Content-Type": "text/plain"})
    )
    assert plain == plan
    same = unchanged(shop, lambda: shop.own("POST", "plan", {"text": SHOP}))
    assert same["verdict"] == "unchanged"
    assert same["text"] == ""


def operation(method: str, path: str, body: Any = None) -> dict[str, Any]:
    return {"method": method, "path": path, "body": body}


def test_operations_follow_on_each_other(shop: Changes):
    new = {"name": "new", "mode": "http"}
    plan = unchanged(
        shop,
        lambda: shop.own(
            "POST",
            "plan",
            {
                "operations": [
                    operation("POST", f"{V3}/backends", new),
                    operation("POST", f"{V3}/backends/new/servers", {"name": "n1", "address": "127.0.0.1"}),
                    operation("DELETE", "/v2/services/haproxy/configuration/servers/s1?backend=shop"),
                    operation("PUT", f"{V3}/backends/new/servers/n1", {"name": "n1", "address": "::1"}),
                ]
            },
        ),
    )
    assert [one["status"] for one in plan["operations"]] == [202, 202, 202, 202]
    assert [(one["change"], one.get("name")) for one in plan["changes"]] == [
        ("deleted", "s1"),
        ("created", None),
        ("created", "n1"),
    ]
    assert plan["verdict"] == "accepted"


def test_the_operation_that_a_finding_is_the_fault_of(shop: Changes):
    asked = [
        operation("DELETE", f"{SERVERS}/s2"),
        operation("DELETE", f"{V3}/backends/shop"),
        operation("POST", f"{V3}/backends/spare/servers", {"name": "x", "address": "127.0.0.1", "track": "a/b"}),
    ]
    plan = unchanged(shop, lambda: shop.own("POST", "plan", {"operations": asked}))
    assert plan["verdict"] == "refused"
    found = {one["operation"] for one in plan["findings"] if one["severity"] == "alert"}
    assert found == {1, 2}
    assert all(one["operation"] == 1 for one in plan["findings"] if "'shop'" in one["message"])


def test_the_one_wrong_operation_among_several_is_named(shop: Changes):
    asked = [
        operation("POST", f"{V3}/backends", {"name": "first", "mode": "http"}),
        operation("POST", f"{V3}/backends/first/servers", {"name": "a", "address": "127.0.0.1"}),
        operation("PUT", f"{SERVERS}/s1", {"name": "s1", "address": "127.0.0.1", "port": 9009}),
        operation("POST", f"{V3}/backends/spare/servers", {"name": "b", "address": "127.0.0.1", "ssl": "enabled",
                                                           "verify": "required", "ssl_cafile": "/none.pem"}),
        operation("DELETE", f"{SERVERS}/s2"),
    ]  # fmt: skip
    plan = unchanged(shop, lambda: shop.own("POST", "plan", {"operations": asked}))
    assert (plan["verdict"], {one["status"] for one in plan["operations"]}) == ("refused", {202})
    blamed = {one["resource"]: one["operation"] for one in plan["findings"] if one["resource"] and one["severity"] == "alert"}
    assert blamed == {f"{V3}/backends/spare/servers/b": 3}
    assert {one["operation"] for one in plan["findings"]} == {3}


def test_an_operation_that_is_refused(shop: Changes):
    asked = [
        operation("DELETE", f"{SERVERS}/s2"),
        operation("DELETE", f"{SERVERS}/s2"),
        operation("DELETE", f"{SERVERS}/s1"),
    ]
    plan = unchanged(shop, lambda: shop.own("POST", "plan", {"operations": asked}))
    assert plan["verdict"] == "refused"
    assert plan["refusal"].startswith("operation 1: missing object")
    assert [one["status"] for one in plan["operations"]] == [202, 404]


@pytest.mark.parametrize(
    "asked",
    [
        operation("POST", "/v2/services/haproxy/transactions?version=1"),
        operation("DELETE", "/v3/services/haproxy/storage/maps/x.map"),
        operation("PUT", "/v3/services/haproxy/runtime/backends/shop/servers/s1", {"admin_state": "maint"}),
        operation("POST", "/dataplane/v1/plan", {"text": "global\n"}),
        operation("DELETE", "/nowhere"),
        operation("DELETE", "//["),
        operation("DELETE", "/v3/é?version=é#["),
    ],
)
def test_operations_that_do_more_than_edit_are_not_tried(shop: Changes, asked: dict[str, Any]):
    plan = unchanged(shop, lambda: shop.own("POST", "plan", {"operations": [asked]}))
    assert plan["verdict"] == "refused"
    assert plan["operations"][0]["status"] in (400, 404, 405)


def test_operations_of_a_whole_text_and_on_a_transaction(busy_shop: Changes):
    shop = busy_shop
    begun = shop.call("POST", TRANSACTIONS, version=1).json["id"]
    shop.call("DELETE", f"{SERVERS}/s2", transaction_id=begun)
    asked = {"transaction": begun, "operations": [operation("DELETE", f"{SERVERS}/s1")]}
    plan = unchanged(shop, lambda: shop.own("POST", "plan", asked))
    assert [one["name"] for one in plan["changes"]] == ["s1", "s2"]
    text = {"operations": [operation("POST", f"{V3}/raw", SHOP.replace("weight 5", "weight 6"))]}
    plan = unchanged(shop, lambda: shop.own("POST", "plan", text))
    assert [one["name"] for one in plan["changes"]] == ["s1"]


@pytest.mark.parametrize(
    "body",
    [{}, {"text": 5}, {"transaction": "a", "text": "b"}, {"operations": []}, {"operations": [5]},
     {"operations": [{"method": "GET", "path": "/v3/x"}]}, {"operations": [{"method": "PUT"}]}, [5]],
)  # fmt: skip
def test_bodies_that_say_nothing_to_plan(shop: Changes, body: Any):
    assert shop.call("POST", "/dataplane/v1/plan", body).status_code in (400, 422)


def test_without_the_plugin_nothing_is_planned_and_nothing_done(tmp_path: Path):
    shop = Changes(tmp_path, dataplane__block_plugins=("changes.plans",))
    answer = unchanged(shop, lambda: shop.call("DELETE", f"{SERVERS}/s1", version=1, dry_run="true"))
    assert answer.status_code == 400
