"""What is in SPOE files, below the path of their file and scope, as v3 has it."""

from typing import Any

import pytest
from falcon import testing

from tests.spoe.test_spoe import FILE, TRANSACTIONS, api, stored, text  # noqa: F401

SPOE = "/v3/services/haproxy/spoe"
PLACE = f"{SPOE}/spoe_files/f1.cfg"
SCOPE = f"{PLACE}/scopes/%5Bmy-engine%5D"
AGENT = {"name": "my-agent", "messages": "check-ip", "groups": "mygrp", "option_var-prefix": "spoe",
         "hello_timeout": 2000, "use-backend": "be1"}  # fmt: skip


@pytest.fixture
def ask(stored: Any) -> Any:  # noqa: F811
    def call(method: str, path: str, body: Any = None, **query: Any) -> testing.Result:
        return stored.call(method, path, body, **query)

    return call


def test_files(ask: Any, tmp_path: Any) -> None:
    assert ask("GET", f"{SPOE}/spoe_files").json == [str(tmp_path / "spoe" / "f1.cfg")]
    assert ask("GET", PLACE).json == {"data": FILE}
    assert ask("GET", f"{SPOE}/f1.cfg/version").json == 1
    for path in ("spoe_files/none", "none/version", "spoe_files/none/scopes",
                 "spoe_files/none/transactions", "spoe_files/none/scopes/x/agents"):  # fmt: skip
        assert ask("GET", f"{SPOE}/{path}").status_code == 404, path


def test_what_is_in_a_file_is_shown(ask: Any) -> None:
    assert ask("GET", f"{PLACE}/scopes").json == ["[my-engine]"]
    assert ask("GET", SCOPE).json == "[my-engine]"
    assert ask("GET", f"{PLACE}/scopes/my-engine").status_code == 404
    assert ask("GET", f"{SCOPE}/agents").json == [AGENT]
    assert ask("GET", f"{SCOPE}/agents/my-agent").json == AGENT
    assert ask("GET", f"{SCOPE}/messages").json == [{"name": "check-ip", "args": "ip=src"}]
    assert ask("GET", f"{SCOPE}/groups/mygrp").json == {"name": "mygrp", "messages": "check-ip"}
    assert ask("GET", f"{PLACE}/scopes/none/agents").status_code == 404


def test_sections_come_change_and_go(ask: Any, tmp_path: Any) -> None:
    scope = f"{PLACE}/scopes/%5Bnew%5D"
    assert ask("POST", f"{PLACE}/scopes", "[new]", version=1).json == "[new]"
    message = {"name": "m", "args": "ip=src", "event": {"name": "on-client-session"}}
    answer = ask("POST", f"{scope}/messages", message, version=2)
    assert (answer.status_code, answer.json) == (201, message)
    agent = {"name": "a", "messages": "m", "hello_timeout": 5000}
    assert ask("POST", f"{scope}/agents", agent, version=3).status_code == 201
    assert ask("POST", f"{scope}/agents", agent, version=4).status_code == 409
    assert "  timeout hello 5s\n" in text(tmp_path)
    assert ask("PUT", f"{scope}/agents/a", {"name": "a", "messages": "m"}, version=4).json == {
        "name": "a", "messages": "m"}  # fmt: skip
    assert ask("PUT", f"{scope}/groups/none", {"name": "none"}, version=5).status_code == 404
    assert ask("DELETE", f"{scope}/messages/m", version=5).status_code == 204
    assert ask("DELETE", f"{scope}/messages/m", version=6).status_code == 404
    assert ask("DELETE", scope, version=6).status_code == 204
    assert text(tmp_path) == "# _version=7\n" + FILE


def test_an_unchanged_object_changes_no_byte(ask: Any, tmp_path: Any) -> None:
    assert ask("PUT", f"{SCOPE}/agents/my-agent", AGENT, version=1).status_code == 200
    assert text(tmp_path) == "# _version=2\n" + FILE


def test_one_transaction_in_two_versions(ask: Any, tmp_path: Any) -> None:
    begun = ask("POST", f"{PLACE}/transactions", version=1)
    assert (begun.status_code, begun.json["status"]) == (201, "in_progress")
    here = {"transaction_id": begun.json["id"]}
    group = {"name": "gtx", "messages": "check-ip"}
    assert ask("POST", f"{SCOPE}/groups", group, **here).status_code == 201
    old = {"spoe": "f1.cfg", "scope": "[my-engine]", **here}
    assert ask("GET", "/v2/services/haproxy/spoe/spoe_groups/gtx", **old).json["data"] == group
    assert ask("GET", f"{SCOPE}/groups/gtx").status_code == 404
    assert ask("GET", f"{PLACE}/transactions").json == [begun.json]
    done = ask("PUT", f"{TRANSACTIONS}/{begun.json['id']}", spoe="f1.cfg")
    assert (done.status_code, done.json["status"]) == (202, "success")
    assert ask("GET", f"{SCOPE}/groups/gtx").json == group
    assert ask("DELETE", f"{PLACE}/transactions/{begun.json['id']}").status_code == 404


def test_rows_have_no_number_and_show_their_comments(ask: Any, tmp_path: Any) -> None:
    acl = {"acl_name": "a", "criterion": "src", "value": "192.0.2.1"}
    body = {"name": "m", "acl": [acl, {**acl, "acl_name": "b", "metadata": {"why": "mine"}}]}
    answer = ask("POST", f"{SCOPE}/messages", body, version=1)
    assert (answer.status_code, answer.json) == (201, body)
    assert '  acl a src 192.0.2.1\n  acl b src 192.0.2.1 # {"why":"mine"}\n' in text(tmp_path)
    assert ask("GET", f"{SCOPE}/messages/m").json == body
    old = {"spoe": "f1.cfg", "scope": "[my-engine]"}
    shown = ask("GET", "/v2/services/haproxy/spoe/spoe_messages/m", **old).json["data"]
    assert shown["acl"] == [{"index": 0, **acl}, {"index": 1, **acl, "acl_name": "b"}]
    log = {"address": "127.0.0.1", "facility": "local0"}
    agent = {**AGENT, "log": [log]}
    assert ask("PUT", f"{SCOPE}/agents/my-agent", agent, version=2).json == agent
    assert ask("GET", f"{SCOPE}/agents").json == [agent]
    assert ask("PUT", f"{SCOPE}/agents/my-agent", AGENT, version=3).json == AGENT
    wrong = {"name": "x", "acl": [{"criterion": "src"}]}
    assert ask("POST", f"{SCOPE}/messages", wrong, version=4).status_code == 422
