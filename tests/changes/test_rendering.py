"""Differences in the words of the interface, without a secret."""

import json
from typing import Any

import pytest

from dataplane_core.api.v3 import V3
from dataplane_core.api.view import View
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins.changes.rendering import Rendering

REGISTRY = register_collections(make_manager())
RENDERING = Rendering(View(V3(), REGISTRY, None))  # type: ignore[arg-type]
TOP = "/v3/services/haproxy/configuration"


def rendered(before: str, after: str) -> list[dict[str, Any]]:
    documents = [Document.parse(text, REGISTRY.language) for text in (before, after)]
    return RENDERING.between(*documents, None)


def test_a_server():
    line = "  server s1 192.0.2.1:80"
    assert rendered(f"backend b\n{line} weight 1\n", f"backend b\n{line} weight 2 check\n") == [
        {
            "resource": f"{TOP}/backends/b/servers/s1",
            "kind": "server",
            "section": "backend b",
            "change": "changed",
            "name": "s1",
            "properties": {
                "check": {"before": None, "after": "enabled"},
                "weight": {"before": 1, "after": 2},
            },
        }
    ]


def test_a_rule_that_moves():
    lines = ["  http-request deny if a\n", "  http-request return if b\n"]
    (one,) = rendered("frontend f\n" + "".join(lines), "frontend f\n" + "".join(lines[::-1]))
    path = f"{TOP}/frontends/f/http_request_rules"
    assert (one["resource"], one["former"]) == (f"{path}/0", f"{path}/1")
    assert (one["change"], one["position"]) == ("moved", {"before": 1, "after": 0})
    assert one["index"] == 0
    assert one["properties"] == {}


def test_nested_properties_have_paths():
    (one,) = rendered("defaults\n  mode http\n", "defaults\n  mode http\n  option forwardfor\n")
    assert one["properties"] == {"forwardfor.enabled": {"before": None, "after": "enabled"}}


def test_what_no_path_leads_to():
    top, program = rendered("# a\n\nglobal\n", "# b\n\nglobal\n\nprogram x\n  command y\n")
    assert (top["resource"], top["kind"]) == (None, "top of the file")
    assert program["change"] == "created"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("userlist u\n  user ann password {}\n", "password"),
        ("userlist u\n  user ann insecure-password {} groups a\n", "password"),
        ("userlist u\n  user ann password {} more words\n", "x_unmanaged"),
        ("defaults\n  stats auth ann:{}\n", "stats_options.stats_auths"),
        ("global\n  cluster-secret {}\n", "cluster_secret"),
        ("backend b\n  dynamic-cookie-key {}\n", "dynamic_cookie_key"),
        ("frontend f\n  bind :1 ssl ca-sign-pass {}\n", "ca_sign_pass"),
        ("backend b\n  server s 192.0.2.1 tcp-md5sig {}\n", "tcp_md5sig"),
        ("acme a\n  acme-vars token={}\n", "acme_vars"),
    ],
)
def test_secrets_are_said_to_have_changed(text, path):
    (one,) = rendered(text.format("quiet"), text.format("still"))
    assert one["properties"][path]["secret"] is True
    assert one["properties"][path]["before"] == one["properties"][path]["after"]
    created = rendered("global\n", text.format("quiet"))
    for found in json.dumps(one), json.dumps(created):
        assert "quiet" not in found
        assert "still" not in found
        assert "\\ue" not in found
        assert "***" in found
