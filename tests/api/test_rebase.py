"""`rebase=true`: a change for an older version is put on the newest, or 409 says what overlaps."""

import pytest

from dataplane_core.api import merge_conflicts
from dataplane_core.resources.comparison import compare
from tests.api.support import TRANSACTIONS, Api

K1 = {"name": "k1", "address": "10.0.0.1", "weight": 7}
K3 = {"name": "k3", "address": "10.0.0.3"}


def test_a_change_for_an_older_version_is_put_on_the_newest(api: Api) -> None:
    api.change("POST", "keepers", K3, backend="be1")
    stale = api.call("PUT", "keepers/k1", K1, backend="be1", version=1)
    assert stale.status_code == 409
    assert api.call("PUT", "keepers/k1", K1, backend="be1", version=1, rebase="true").status_code == 202
    assert {one["name"]: one.get("weight") for one in api.get("keepers", backend="be1")} == {"k1": 7, "k2": None, "k3": None}
    assert api.version == 3


def test_what_overlaps_is_named_with_values_versions_and_people(api: Api) -> None:
    api.change("PUT", "keepers/k1", {**K1, "weight": 6}, backend="be1")
    api.change("POST", "keepers", K3, backend="be1")
    answer = api.call("PUT", "keepers/k1", K1, backend="be1", version=1, rebase="true")
    path = "/v2/services/haproxy/configuration/keepers/k1?parent_type=backend&parent_name=be1"
    assert (answer.status_code, answer.json["code"]) == (409, 409)
    assert answer.json["message"] == (
        "the configuration was changed in the same place since: "
        f"weight of {path} is 6 since version 2 by admin, and would be 7"
    )
    assert answer.json["conflicts"] == [
        {"resource": path, "property": "weight", "before": 5, "yours": 7, "theirs": 6, "version": 2, "who": "admin"}
    ]
    assert api.version == 3


def test_each_version_is_compared_once_for_all_overlaps(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = api.call("POST", TRANSACTIONS, version=1).json["id"]
    for name in ("k1", "k2"):
        api.call("PUT", f"keepers/{name}", {**K1, "name": name}, backend="be1", transaction_id=begun)
    for name in ("k1", "k2"):
        api.change("PUT", f"keepers/{name}", {**K1, "name": name, "weight": 6}, backend="be1")
    api.change("POST", "keepers", K3, backend="be1")
    compared = []
    monkeypatch.setattr(merge_conflicts, "compare", lambda *given: compared.append(given) or compare(*given))
    answer = api.call("PUT", f"{TRANSACTIONS}/{begun}", rebase="true")
    found = [one["version"] for one in answer.json["conflicts"] if one["property"] == "weight"]
    assert sorted(found) == [2, 3]
    assert len(compared) == 3


@pytest.mark.parametrize("other", ["a change", "a transaction"])
def test_a_transaction_that_was_overtaken_is_put_on_the_newest(api: Api, other: str) -> None:
    begun = api.call("POST", TRANSACTIONS, version=1).json["id"]
    api.call("PUT", "keepers/k1", K1, backend="be1", transaction_id=begun)
    if other == "a change":
        api.change("POST", "keepers", K3, backend="be1")
    else:
        with api.transaction() as identifier:
            api.call("POST", "keepers", K3, backend="be1", transaction_id=identifier)
    refused = api.call("PUT", f"{TRANSACTIONS}/{begun}")
    assert refused.status_code in (406, 409)
    assert api.call("PUT", f"{TRANSACTIONS}/{begun}", rebase="true").status_code == 202
    assert {one["name"] for one in api.get("keepers", backend="be1")} == {"k1", "k2", "k3"}
    assert api.get("keepers/k1", backend="be1")["weight"] == 7
    assert api.call("GET", f"{TRANSACTIONS}/{begun}").status_code == 404


def test_a_transaction_that_overlaps_stays_as_it_was(api: Api) -> None:
    begun = api.call("POST", TRANSACTIONS, version=1).json["id"]
    api.call("PUT", "keepers/k1", K1, backend="be1", transaction_id=begun)
    api.change("PUT", "keepers/k1", {**K1, "weight": 6}, backend="be1")
    answer = api.call("PUT", f"{TRANSACTIONS}/{begun}", rebase="true")
    assert (answer.status_code, answer.json["conflicts"][0]["theirs"]) == (409, 6)
    assert api.call("GET", f"{TRANSACTIONS}/{begun}").json["status"] == "in_progress"


def test_nothing_is_put_on_a_version_that_never_was(api: Api) -> None:
    for version in (0, 7):
        status, _, _ = api.refused("PUT", "keepers/k1", K1, backend="be1", version=version, rebase="true")
        assert status in (400, 409)
