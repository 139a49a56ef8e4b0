"""Bytes of the file that are not UTF-8, and clients that cannot say them."""

import json
import re

import pytest

from tests.laws.support import Everything

TEXT = """\
global
  description caf\udce9 au lait
  setenv A x\udce9
  setenv B x\udce8

defaults
  mode http

frontend f1
  bind :80 name b crt /etc/caf\udce9.pem
  http-request set-header X "a\udce9\udce8 b"   # why
  acl a path caf\udce9
  default_backend z

backend z
  description   caf\udce9
  server s1 1.2.3.4:80 cookie \udce9x
"""
F1 = {"parent_type": "frontend", "parent_name": "f1"}


@pytest.fixture
def api(tmp_path):
    return Everything(tmp_path, TEXT)


def as_most_clients_have_it(value):
    r"""What is left of an object when each lone `\udcXX` becomes U+FFFD, as Go's decoder has it."""
    return json.loads(re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(value, ensure_ascii=False)))


@pytest.mark.parametrize("client", [as_most_clients_have_it, lambda value: value], ids=["go", "python"])
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("global", {}),
        ("backends/z", {}),
        ("servers/s1", {"backend": "z"}),
        ("binds/b", {"frontend": "f1"}),
        ("acls/0", F1),
        ("http_request_rules/0", F1),
        ("/v2/services/haproxy/sites/f1", {}),
    ],
)
def test_a_put_of_what_get_said_keeps_them(api, client, path, query):
    api.change("PUT", path, client(api.get(path, **query)), **query)
    assert api.text == TEXT


def test_items_keep_their_own_wherever_they_stand(api):
    found = as_most_clients_have_it(api.get("global"))
    others = [{"name": "N", "value": "new"}, {"name": "B", "value": "x\ufffd"}, {"name": "O", "value": "x\ufffd"}]
    api.change("PUT", "global", {**found, "setenv": others})
    for line in ("setenv B x\udce8", "setenv O x\ufffd"):
        assert f"  {line}\n" in api.text
    assert "setenv A" not in api.text


def test_what_differs_otherwise_is_written(api):
    api.change("PUT", "backends/z", {"name": "z", "description": "caf\ufffd!"})
    api.change("PUT", "servers/s1", {"name": "s1", "address": "1.2.3.5", "cookie": "\ufffdx"}, backend="z")
    values = [{"name": "A", "value": "x\ufffd"}, {"name": "C", "value": "\ufffd"}, {"name": "D", "value": "x\ufffd"}]
    api.change("PUT", "global", {**as_most_clients_have_it(api.get("global")), "setenv": values})
    lines = ("description caf\ufffd!", "server s1 1.2.3.5 cookie \udce9x", "setenv A x\udce9",
             "setenv C \ufffd", "setenv D x\ufffd", "description caf\udce9 au lait")  # fmt: skip
    for line in lines:
        assert f"  {line}\n" in api.text
