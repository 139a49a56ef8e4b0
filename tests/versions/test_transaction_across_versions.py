"""A transaction that is begun in version 1, edited in version 2 and committed in version 3."""

from pathlib import Path

from tests.laws.support import Everything


def test_a_transaction_begun_in_v1_is_edited_in_v2_and_committed_in_v3(tmp_path: Path) -> None:
    api = Everything(tmp_path, "global\n")
    begun = api.call("POST", "/v1/services/haproxy/transactions", version=api.version)
    assert begun.status_code == 201
    within = {"transaction_id": begun.json["id"]}
    body = {"name": "be", "cookie": "S", "balance": {"algorithm": "uri", "arguments": ["depth", "3"]}, "httpchk": {}}
    answer = api.call("POST", "/v1/services/haproxy/configuration/backends", body, **within)
    assert answer.status_code == 202, answer.text
    path = "/v2/services/haproxy/configuration/backends/be"
    shown = api.call("GET", path, **within).json["data"]
    assert shown["balance"] == {"algorithm": "uri", "uri_depth": 3}
    assert (shown["cookie"], shown["adv_check"]) == ({"name": "S"}, "httpchk")
    shown["cookie"]["httponly"] = True
    assert api.call("PUT", path, shown, **within).status_code == 202
    assert api.call("GET", path).status_code == 404
    done = api.call("PUT", f"/v3/services/haproxy/transactions/{begun.json['id']}")
    assert done.status_code in (200, 202), done.text
    assert " ".join(api.text.split()) == (
        "global backend be balance uri depth 3 option httpchk cookie S httponly"
    )
    shown = api.call("GET", "/v1/services/haproxy/configuration/backends/be").json["data"]
    assert shown == body
