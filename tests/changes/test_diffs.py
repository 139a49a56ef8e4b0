"""How versions, transactions and posted texts differ."""

from pathlib import Path

import pytest

from tests.api.support import TRANSACTIONS
from tests.changes.shop import SHOP, V3, Changes

SERVERS = f"{V3}/backends/shop/servers"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Changes:
    """A shop with three versions: in the second a server is gone, in the third another has come."""
    folder: Path = tmp_path_factory.mktemp("shop")
    shop = Changes(folder)
    shop.change("DELETE", f"{SERVERS}/s2")
    shop.change("POST", SERVERS, {"name": "s3", "address": "127.0.0.1"})
    return shop


def test_two_versions(shop: Changes):
    found = shop.own("GET", "diff", **{"from": 1, "to": 2})
    assert (found["from"], found["to"]) == ({"version": 1}, {"version": 2})
    assert found["text"].startswith("--- version 1\n+++ version 2\n@@ ")
    assert [(one["change"], one["name"]) for one in found["changes"]] == [("deleted", "s2")]
    back = shop.own("GET", "diff", **{"from": 2, "to": 1})
    assert [(one["change"], one["name"]) for one in back["changes"]] == [("created", "s2")]


def test_a_version_and_now(shop: Changes):
    found = shop.own("GET", "diff", **{"from": 1})
    assert found["to"] == {"version": 3}
    assert [(one["change"], one["name"]) for one in found["changes"]] == [("deleted", "s2"), ("created", "s3")]
    same = shop.own("GET", "diff")
    assert (same["text"], same["changes"]) == ("", [])


def test_a_transaction_and_its_base(shop: Changes):
    begun = shop.call("POST", TRANSACTIONS, version=3).json["id"]
    shop.call("DELETE", f"{SERVERS}/s1", transaction_id=begun)
    found = shop.own("GET", "diff", transaction_id=begun)
    assert (found["from"], found["to"]) == ({"version": 3}, {"transaction_id": begun})
    assert [(one["change"], one["name"]) for one in found["changes"]] == [("deleted", "s1")]
    assert shop.call("GET", "/dataplane/v1/diff", transaction_id=begun, to=3).status_code == 400
    assert shop.call("GET", "/dataplane/v1/diff", transaction_id="x").status_code == 400


def test_a_posted_text(shop: Changes):
    text = "# _version=1\n" + SHOP
    found = shop.own("POST", "diff", {"text": text}, **{"from": 1})
    assert (found["from"], found["to"], found["text"]) == ({"version": 1}, {"text": "posted"}, "")
    plain = {"Content-Type": "text/plain"}
    found = shop.own("POST", "diff", raw=text, headers=plain)
    assert [(one["change"], one["name"]) for one in found["changes"]] == [("deleted", "s3"), ("created", "s2")]


@pytest.mark.parametrize("body", [{}, {"text": 1}, [], {"text": " "}])
def test_a_body_without_a_text(shop: Changes, body: object):
    assert shop.call("POST", "/dataplane/v1/diff", body).status_code in (400, 422)


def test_a_version_that_is_not_kept(shop: Changes):
    answer = shop.call("GET", "/dataplane/v1/diff", **{"from": 99})
    assert (answer.status_code, answer.json["code"]) == (404, 404)


def test_names_that_are_not_utf8_are_shown_as_their_bytes(shop: Changes):
    found = shop.own("POST", "diff", {"text": "backend \udcff\n  server \udcfe 127.0.0.1:80\n"})
    created = [one["resource"] for one in found["changes"] if one["change"] == "created"]
    assert created == [f"{V3}/backends/%FF", f"{V3}/backends/%FF/servers/%FE"]
