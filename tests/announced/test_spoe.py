"""What release 2.2 announced of SPOE: files over HTTP, whose messages reach an agent."""

import pytest

from tests.announced.agent import Agent, agent
from tests.announced.support import Balancer

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

MIRROR = {"name": "mirror", "messages": "mirror", "use-backend": "mirroragents", "hello_timeout": 500,
          "idle_timeout": 5000, "processing_timeout": 5000, "log": [{"index": 0, "global": True}]}  # fmt: skip
MESSAGE = {
    "name": "mirror",
    "event": {"name": "on-frontend-http-request"},
    "args": "arg_method=method arg_path=url arg_ver=req.ver arg_hdrs=req.hdrs_bin arg_body=req.body",
}
IPREP = """\
[ip-reputation]

spoe-agent iprep-agent
    messages get-ip-reputation
    option var-prefix iprep
    timeout hello 2s
    timeout idle 2m
    timeout processing 1s
    use-backend mirroragents

spoe-message get-ip-reputation
    args ip=src
    event on-client-session
"""


def attach(lb: Balancer, listening: Agent, engine: str, path: str) -> None:
    """Have the frontend send messages to an agent."""
    spop = "spop" if lb.version >= "3.1" else "tcp"
    with lb.together():
        lb.change("POST", "backends", {"name": "mirroragents", "mode": spop})
        server = {"name": "agent1", "address": "127.0.0.1", "port": listening.port}
        lb.change("POST", "servers", server, backend="mirroragents")
        body = {"index": 0, "type": "spoe", "spoe_engine": engine, "spoe_config": path}
        lb.change("POST", "filters", body, parent_type="frontend", parent_name="fe_main")
    assert f"  filter spoe engine {engine} config {path}\n" in lb.text


def test_the_mirror_recipe_sends_requests_to_an_agent(lb: Balancer) -> None:
    made = lb.upload("spoe/spoe_files", "mirror.conf", "")
    assert made.status == 201
    path = made.json
    for version, (part, body) in enumerate([
        ("spoe_scopes", "[mirror]"), ("spoe_agents", MIRROR), ("spoe_messages", MESSAGE),
    ], start=1):  # fmt: skip
        parents = {"spoe": "mirror.conf"} | ({} if part == "spoe_scopes" else {"scope": "[mirror]"})
        answer = lb.call("POST", f"spoe/{part}", body, **parents, version=version)
        if lb.spoken == "v3" and part == "spoe_agents":
            body = {**MIRROR, "log": [{"global": True}]}  # its rows have no index
        assert (answer.status, answer.json) == (201, body), answer.body
    assert lb.get("spoe/version", spoe="mirror.conf") == 4
    assert lb.get("spoe/spoe_files") == [path]

    with agent() as listening:
        whole = {"name": "fe_main", "default_backend": "be_main", "http-buffer-request": "enabled"}
        lb.change("PUT", "frontends/fe_main", whole)
        attach(lb, listening, "mirror", path)
        body = b"a=1&b=2"
        answer = lb.fetch("/buy?x=1", "shop.example.com", method="POST", body=body)
        assert answer == (200, "be_main")
        [(name, told)] = listening.messages
        assert name == "mirror"
        assert (told["arg_method"], told["arg_path"], told["arg_ver"]) == (
            "POST",
            "/buy?x=1",
            "1.1",
        )
        assert b"shop.example.com" in told["arg_hdrs"] and told["arg_body"] == body
        assert lb.fetch("/again") == (200, "be_main")
        assert listening.messages[1][1]["arg_path"] == "/again"


def test_an_uploaded_file_asks_an_agent_about_addresses(lb: Balancer) -> None:
    made = lb.upload("spoe/spoe_files", "iprep.conf", IPREP)
    assert made.status == 201
    assert lb.get("spoe/spoe_files/iprep.conf") == IPREP
    with agent(score=20) as listening:
        attach(lb, listening, "ip-reputation", made.json)
        deny = {"index": 0, "type": "deny", "cond": "if",
                "cond_test": "{ var(sess.iprep.score) -m int lt 30 }"}  # fmt: skip
        lb.change("POST", "http_request_rules", deny, parent_type="frontend", parent_name="fe_main")
        assert lb.fetch(source="127.0.0.66")[0] == 403
        assert listening.messages == [("get-ip-reputation", {"ip": bytes([127, 0, 0, 66])})]
        listening.variables["score"] = 77
        assert lb.fetch(source="127.0.0.67") == (200, "be_main")
