"""Failures that clients tell by their words: each message begins with those of the interface."""

from urllib.parse import unquote

import pytest

from dataplane_core.resources.collections import RowCollection, SectionCollection
from tests.api.support import TRANSACTIONS
from tests.harness.recorded import shared_folder
from tests.laws.support import Everything, places

BACKENDS = "/v2/services/haproxy/configuration/backends"
NEW = {"name": "new"}


@pytest.fixture
def api(tmp_path):
    return Everything(tmp_path, "backend be1\n  server s1 192.0.2.1:80\n")


def begin(api) -> str:
    return str(api.call("POST", TRANSACTIONS, version=api.version).json["id"])


def told(answer) -> tuple[int, str]:
    assert answer.json["code"] == answer.status_code
    return answer.status_code, answer.json["message"]


def test_a_change_needs_the_newest_version_or_a_transaction(api):
    for query, status, words in (
        ({}, 400, "version or transaction not specified: "),
        ({"version": 0}, 400, "version or transaction not specified: "),
        ({"version": 7}, 409, "version mismatch: version in configuration file is 1, given version is 7"),
        ({"version": 1, "transaction_id": begin(api)}, 400, "both version and transaction specified"),
        ({"transaction_id": "nope"}, 400, "transaction does not exist: nope"),
    ):  # fmt: skip
        found, message = told(api.call("POST", "backends", NEW, **query))
        assert (found, message[: len(words)]) == (status, words)
    status, message = told(api.call("POST", TRANSACTIONS, version=7))
    assert (status, message[:16]) == (409, "version mismatch")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_transaction_that_is_not_there(api, method):
    gone = begin(api)
    assert api.call("PUT", f"{TRANSACTIONS}/{gone}").status_code == 202
    for one in ("nope", gone):
        answer = told(api.call(method, f"{TRANSACTIONS}/{one}"))
        assert answer == (404, f"transaction does not exist: {one}")


def test_one_more_than_there_may_be(tmp_path):
    api = Everything(tmp_path, "", dataplaneapi__transaction__max_open_transactions=1)
    begin(api)
    words = "cannot start a new transaction, reached the maximum amount of 1 active transactions available"
    status, message = told(api.call("POST", TRANSACTIONS, version=1))
    assert (status, message[: len(words)]) == (429, words)


def test_one_that_was_overtaken(api):
    late, first = begin(api), begin(api)
    assert api.call("PUT", f"{TRANSACTIONS}/{first}").status_code == 202
    for _ in range(2):
        status, message = told(api.call("PUT", f"{TRANSACTIONS}/{late}"))
        assert status == 406
        assert message.startswith(f"transaction {late} is outdated and cannot be committed: ")
    found = told(api.call("POST", "backends", NEW, transaction_id=late))
    assert found == (400, f"transaction does not exist: {late}")


def test_one_whose_base_was_changed(api):
    late = begin(api)
    api.change("POST", "backends", NEW)
    message = "version mismatch, transaction version: 1, configured version: 2"
    assert told(api.call("PUT", f"{TRANSACTIONS}/{late}")) == (409, message)
    status, message = told(api.call("PUT", f"{TRANSACTIONS}/{late}"))
    assert (status, "is outdated and cannot be committed" in message) == (406, True)


def test_one_that_haproxy_refuses(tmp_path):
    api = Everything(tmp_path, "", haproxy__reload__validate_cmd="false")
    refused = begin(api)
    status, message = told(api.call("PUT", f"{TRANSACTIONS}/{refused}"))
    assert (status, message[:18]) == (400, "validation error: ")
    status, message = told(api.call("PUT", f"{TRANSACTIONS}/{refused}"))
    assert status == 406
    assert message.startswith(f"transaction {refused} is failed and cannot be committed: ")
    status, message = told(api.call("POST", "backends", NEW, version=1))
    assert (status, message[:18]) == (400, "validation error: ")


@pytest.mark.recorded
def test_what_exists_and_what_does_not(tmp_path):
    folder = shared_folder()
    if folder is None:
        pytest.skip("no recorded facts")
    text = (folder / "golden" / "files" / "missing.cfg").read_text()
    api = Everything(tmp_path, text)
    seen = set()
    for one in api.registry.collections.values():
        named = isinstance(one, SectionCollection) or (isinstance(one, RowCollection) and not one.indexed)
        for path, query in places(api, one) if isinstance(one, SectionCollection | RowCollection) else ():
            place, _, name = path.rpartition("/")
            other = "999" if not named else f"no-{unquote(name)}"[:20].replace(":", "-")
            status, _, message = api.refused("GET", f"{place}/{other}", **query)
            assert (status, message[:16]) == (404, "missing object: "), path
            if named and "create" in one.operations:
                body = api.get(path, **query)
                status, _, message = api.refused("POST", place, body, **query)
                assert (status, message[:23]) == (409, "object already exists: "), path
                seen.add(one.name)
    assert {"backends", "servers", "binds", "nameservers", "users", "tables", "caches"} <= seen
