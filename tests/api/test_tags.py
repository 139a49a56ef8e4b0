"""Resources have tags: `ETag`, `If-None-Match`, `If-Match`, in every version of the interface."""

from typing import Any

import pytest

from dataplane_core.store.config import ConfigStore
from tests.api.support import TRANSACTIONS, Api

KEEPER = {"name": "k1", "address": "10.0.0.9", "weight": 5}


def tag(api: Api, path: str = "keepers/k1", **query: Any) -> str:
    return str(api.call("GET", path, **(query or {"backend": "be1"})).headers["etag"])


def put(api: Api, etag: str, body: Any = KEEPER, path: str = "keepers/k1", **query: Any) -> Any:
    return api.call("PUT", path, body, headers={"If-Match": etag}, **{"backend": "be1", **query})


def test_a_tag_changes_with_its_resource_alone(api: Api) -> None:
    before, others = tag(api), tag(api, "keepers/k2", backend="be1")
    assert put(api, before).status_code in (200, 202)
    assert tag(api) != before and tag(api, "keepers/k2", backend="be1") == others


def test_a_resource_that_the_client_has_is_not_sent(api: Api) -> None:
    etag = tag(api)
    for path in ("keepers/k1", "keepers/k1"):  # read, and then remembered
        answer = api.call("GET", path, headers={"If-None-Match": f'"x", W/{etag}'}, backend="be1")
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    answer = api.call("GET", "keepers/k1", headers={"If-None-Match": '"other"'}, backend="be1")
    assert answer.json["data"]["name"] == "k1"


def test_a_change_by_a_tag_needs_no_version(api: Api) -> None:
    etag = tag(api)
    api.change("POST", "keepers", {"name": "k3", "address": "10.0.0.3"}, backend="be1")  # leaves k1 alone
    assert put(api, etag).status_code in (200, 202)
    assert api.get("keepers/k1", backend="be1")["address"] == "10.0.0.9"
    answer = put(api, etag)
    assert answer.status_code == 412
    assert answer.json["message"] == f"the resource has changed since it was read: its tag is {tag(api)} now"
    answer = api.call("DELETE", "keepers/k1", headers={"If-Match": tag(api)}, backend="be1")
    assert answer.status_code in (202, 204)


def test_a_tag_holds_until_the_commit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody changes another property of the resource, or a row of the list, in between."""
    edit = ConfigStore.edit

    def overtaken(self: ConfigStore, **asked: Any) -> Any:
        monkeypatch.undo()
        api.change("PUT", "keepers/k1", {**KEEPER, "weight": 7}, backend="be1")
        return edit(self, **asked)

    etag = tag(api)
    monkeypatch.setattr(ConfigStore, "edit", overtaken)
    answer = put(api, etag, {**api.get("keepers/k1", backend="be1"), "address": "10.0.0.8"})
    assert answer.status_code == 412, answer.text
    now = tag(api)
    assert answer.json["message"] == f"the resource has changed since it was read: its tag is {now} now"
    assert (api.get("keepers/k1", backend="be1"), tag(api)) == ({**KEEPER, "name": "k1", "weight": 7}, now)


def test_a_tag_holds_until_the_edit_of_a_transaction(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = api.call("POST", TRANSACTIONS, version=api.version).json["id"]
    etag, edit = tag(api, backend="be1", transaction_id=begun), ConfigStore.edit

    def overtaken(self: ConfigStore, **asked: Any) -> Any:
        monkeypatch.undo()
        assert put(api, "*", {**KEEPER, "weight": 7}, transaction_id=begun).status_code == 202
        return edit(self, **asked)

    monkeypatch.setattr(ConfigStore, "edit", overtaken)
    assert put(api, etag, {**KEEPER, "weight": 8}, transaction_id=begun).status_code == 412


def test_a_tag_that_a_proxy_has_made_weak_never_matches_and_says_why(api: Api) -> None:
    """RFC 9110, section 13.1.1: `If-Match` compares strongly, `If-None-Match` does not."""
    etag = tag(api)
    for sent in (f"W/{etag}", f'"x", W/{etag}'):
        answer = put(api, sent)
        assert answer.status_code == 412
        assert answer.json["message"].startswith(f"If-Match: W/{etag} is a weak tag, which never matches: a proxy")
    answer = put(api, etag[:-1] + '-gzip"')
    assert (answer.status_code, "a proxy that compresses" in answer.json["message"]) == (412, True)
    answer = put(api, 'W/"other"')
    assert (answer.status_code, "weak tags" in answer.json["message"]) == (412, True)
    assert put(api, "W/*").status_code == 400
    assert put(api, f"W/{etag}, {etag}").status_code in (200, 202)


def test_any_tag_asks_that_there_is_something(api: Api) -> None:
    assert put(api, "*").status_code in (200, 202)
    answer = put(api, "*", {**KEEPER, "name": "none"}, "keepers/none")
    assert (answer.status_code, answer.json["message"][:10]) == (412, "If-Match: ")


def test_a_tag_counts_in_a_transaction(api: Api) -> None:
    begun = api.call("POST", TRANSACTIONS, version=api.version).json["id"]
    etag = tag(api, backend="be1", transaction_id=begun)
    assert put(api, etag, transaction_id=begun).status_code == 202
    assert put(api, etag, transaction_id=begun).status_code == 412
    assert put(api, tag(api, backend="be1", transaction_id=begun), transaction_id=begun).status_code == 202


@pytest.mark.parametrize("path", ["raw", "../transactions"])
def test_what_has_no_tag_is_not_changed_by_one(api: Api, path: str) -> None:
    where = "/v2/services/haproxy/transactions" if path.startswith("..") else path
    answer = api.call("POST", where, raw="text", headers={"If-Match": '"x"', "Content-Type": "text/plain"}, version=1)
    assert answer.status_code in (400, 415), answer.text
    assert api.version == 1
