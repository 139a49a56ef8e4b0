"""What any change takes in every API version: author, reason, options; wrong ones are refused."""

from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.api.change_options import author, change_options
from dataplane_core.errors import BadParameter, BadRequest
from dataplane_core.plugin import Committed
from dataplane_core.store.author import PLAIN, ChangeOptions
from tests.api.support import TRANSACTIONS, Api


class Seen:
    """A plugin that keeps what it learns of commits."""

    def __init__(self) -> None:
        self.changes: list[Committed] = []

    @impl
    def dataplane_committed(self, change: Committed) -> None:
        self.changes.append(change)


def test_a_commit_knows_who_asked_from_where_and_why(tmp_path: Any) -> None:
    seen = Seen()
    api = Api(tmp_path, plugins=[seen])
    headers = {"X-Change-Reason": "Für\tdie Ärzte", "User-Agent": "terraform/1.9", "X-Request-ID": "r-1"}
    sent = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    keeper = {"name": "k3", "address": "192.0.2.1"}
    assert api.call("POST", "keepers", keeper, headers=sent, backend="be1", version=1).status_code == 202
    begun = api.call("POST", TRANSACTIONS, version=2).json["id"]
    keeper["name"] = "k4"
    assert api.call("POST", "keepers", keeper, backend="be1", transaction_id=begun).status_code == 202
    assert api.call("PUT", f"{TRANSACTIONS}/{begun}", headers=sent).status_code == 202
    for change in seen.changes:
        who = change.author
        assert (who.name, who.method, who.interface) == ("admin", "basic", "v2")
        assert (who.client, who.request_id) == ("terraform/1.9", "r-1")
        assert who.reason == "Für die Ärzte"
    assert len(seen.changes) == 2


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({"REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": "4711"}, "192.0.2.1:4711"),
        ({"REMOTE_ADDR": "2001:db8::1", "REMOTE_PORT": "4711"}, "[2001:db8::1]:4711"),
        ({"REMOTE_ADDR": "", "dataplane.listener": "unix"}, "unix"),
        ({}, ""),
    ],
)
def test_an_address_is_that_of_the_peer(environ: dict[str, str], address: str) -> None:
    assert author(environ, None, "").address == address


@pytest.mark.parametrize(
    ("params", "if_match", "wanted"),
    [
        ({}, None, PLAIN),
        ({"version": "3"}, None, PLAIN),
        ({"dry_run": "true"}, None, ChangeOptions(dry_run=True)),
        ({"rebase": "1", "confirm_within": "90s"}, None, ChangeOptions(rebase=True, confirm_within=90)),
        ({"confirm_within": "2m"}, None, ChangeOptions(confirm_within=120)),
        ({}, '"a", W/"b"', ChangeOptions(if_match=("a", 'W/"b"'))),
        ({}, "*", ChangeOptions(if_match=("*",))),
    ],
)
def test_options_are_read(params: dict[str, str], if_match: str | None, wanted: ChangeOptions) -> None:
    assert change_options(params, if_match) == wanted


@pytest.mark.parametrize("params", [{"dry_run": "perhaps"}, {"rebase": "2"}, {"confirm_within": "soon"},
                                    {"confirm_within": "0s"}, {"confirm_within": "25h"}])  # fmt: skip
def test_options_that_cannot_be_read_are_refused(params: dict[str, str]) -> None:
    with pytest.raises(BadParameter):
        change_options(params, None)


@pytest.mark.parametrize("header", ["", "abc", '"open', '"a" "b"'])
def test_tags_that_cannot_be_read_are_refused(header: str) -> None:
    with pytest.raises(BadRequest):
        change_options({}, header)


def test_a_change_with_a_wrong_option_changes_nothing(api: Api) -> None:
    keeper = {"name": "k3", "address": "192.0.2.1"}
    status, _, message = api.refused("POST", "keepers", keeper, backend="be1", confirm_within="soon")
    assert (status, "confirm_within" in message) == (422, True)
    headers = {"X-Change-Reason": "x" * 1001}
    status, _, message = api.refused("POST", "keepers", keeper, backend="be1", headers=headers)
    assert (status, message) == (400, "X-Change-Reason is longer than 1000 characters")
