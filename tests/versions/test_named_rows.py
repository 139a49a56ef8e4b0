"""Servers, binds and other rows with names: what one version writes, the other reads, and keeps."""

from collections.abc import Iterator
from typing import Any

import pytest

from dataplane_core.api.served_version import ServedVersion
from dataplane_core.resources.collections import RowCollection
from dataplane_core.testing import places
from tests.golden.offline import registry
from tests.laws.support import Everything, odd

FAMILIES = {
    *("binds", "crt_loads", "dgram_binds", "groups", "mailer_entries", "nameservers"),
    *("peer_entries", "server_templates", "servers", "tables", "users"),
}
NOT_TOLD = {"metadata", "x_unmanaged"}


class Rows:
    """The rows of a file in one version of the interface, in a transaction."""

    def __init__(self, api: Everything, name: str, transaction: str) -> None:
        self.api = api
        self.served = places.served(api, name)
        self.transaction = transaction

    def found(self) -> Iterator[tuple[RowCollection, str]]:
        """Each collection with the path of each of its rows that has a name."""
        document = self.api.app.services.config.snapshot(self.transaction).document
        for one in self.served.view.collections:
            if isinstance(one, RowCollection) and not one.indexed:
                for paths in places.rows(self.served, document, one):
                    yield from ((one, path) for path in paths)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        path = f"{path}{'&' if '?' in path else '?'}transaction_id={self.transaction}"
        answer = self.api.call(method, path, body)
        assert answer.status_code < 300, (method, path, body, answer.text)
        return answer.json if answer.text else None

    def shown(self, path: str) -> dict[str, Any]:
        return dict(places.unwrapped(self.served, self.call("GET", path)))

    def remove(self, path: str) -> None:
        """Delete an object, and those that the file has under the same name."""
        query = f"{path}{'&' if '?' in path else '?'}transaction_id={self.transaction}"
        self.call("DELETE", path)
        while self.api.call("GET", query).status_code == 200:
            self.call("DELETE", path)

    def add(self, path: str, body: dict[str, Any]) -> None:
        """Write an object to the list that has its path."""
        where, _, query = path.partition("?")
        self.call("POST", f"{where.rpartition('/')[0]}{'?' if query else ''}{query}", body)


def is_whole(old: dict[str, Any], one: ServedVersion, rows: RowCollection) -> bool:
    """Whether a version says all of a row, and knows the words that it shows."""
    codec = one.view.codec(rows)
    props = {name: node.prop for name, node in codec.root.children.items()}
    known = (not prop or not prop.enum or old[name] in prop.enum for name, prop in props.items() if name in old)
    lacking = [name for name, prop in props.items() if prop and prop.required and name not in old]
    return "x_unmanaged" not in old and not lacking and all(known)


def test_what_one_version_writes_the_other_reads(tmp_path: Any) -> None:
    api = Everything(tmp_path, odd(registry()))
    tried: set[str] = set()
    with api.transaction() as transaction:
        old, new = (Rows(api, name, transaction) for name in ("v2", "v3"))
        for (rows, path), (_, other) in zip([*old.found()], [*new.found()], strict=True):
            shown, told = old.shown(path), new.shown(other)
            if not is_whole(shown, old.served, rows) or "x_unmanaged" in told:
                continue
            told = {name: value for name, value in told.items() if name not in NOT_TOLD}
            for writer, where, body in (old, path, shown), (new, other, told):
                writer.remove(where)
                writer.add(where, body)
                assert old.shown(path) == shown, path
                assert new.shown(other) == told, other
            tried.add(rows.name)
    assert tried == FAMILIES


QUIC = "quic-cc-algo cubic(64k)"
KEPT = [
    ("backend", f"server s 10.0.0.1:80 {QUIC}", "servers/s?backend=x", {"weight": 9}, "weight 9"),
    ("backend", f"server-template s 1-3 a:80 {QUIC}", "server_templates/s?backend=x", {"weight": 9}, "weight 9"),
    ("frontend", f"bind :443 name b {QUIC}", "binds/b?frontend=x", {"maxconn": 7}, "maxconn 7"),
    ("frontend", "ssl-f-use crt a.pem", "ssl_front_uses/0?parent_type=frontend&parent_name=x", {"verify": "none"}, "verify none"),
    ("crt-store", "load crt a.pem", "crt_loads/a.pem?crt_store=x", {"alias": "z"}, "alias z"),
    ("userlist", "user u password p", "users/u?userlist=x", {"groups": "g"}, "groups g"),
    ("peers", "peer p 10.0.0.1:99", "peer_entries/p?peer_section=x", {"port": 98}, "10.0.0.1:98"),
]


@pytest.mark.parametrize(("kind", "line", "path", "change", "said"), KEPT)
def test_a_put_of_version_2_keeps_what_only_version_3_says(
    tmp_path: Any, kind: str, line: str, path: str, change: dict[str, Any], said: str
) -> None:
    api = Everything(tmp_path, f"{kind} x # {{\"o\":1}}\n  {line}  # {{\"k\":1}}\n")
    with api.transaction() as transaction:
        old = Rows(api, "v2", transaction)
        path = f"{old.served.version.prefix}{old.served.version.configuration}/{path}"
        old.call("PUT", path, {**old.shown(path), **change})
        text = api.app.services.config.snapshot(transaction).document.text()
    first, second = text.splitlines()[-2:]
    assert (first, second.partition("  # ")[2]) == (f'{kind} x # {{"o":1}}', '{"k":1}')
    assert said in second
    assert (QUIC in second) == (QUIC in line)


def test_the_source_of_a_server_is_one_text_in_version_3(tmp_path: Any) -> None:
    api = Everything(tmp_path, "backend x\n  default-server  source 0.0.0.0 interface  eth0  # why\n")
    path = "/v3/services/haproxy/configuration/backends/x"
    servers = {"name": "s", "address": "10.0.0.1", "source": "0.0.0.0:1-9 usesrc clientip"}
    assert api.call("POST", f"{path}/servers", servers, version=api.version).status_code == 202
    assert "  server s 10.0.0.1 source 0.0.0.0:1-9 usesrc clientip\n" in api.text
    assert api.call("GET", f"{path}/servers/s").json == servers
    assert api.get("servers/s", backend="x")["source_usesrc"] == "clientip"
    whole = api.call("GET", path).json
    assert whole["default_server"] == {"source": "0.0.0.0 interface eth0"}
    before = api.text
    assert api.call("PUT", path, whole, version=api.version).status_code == 202
    assert api.text == before
    for wrong in ("0.0.0.0 usesrc", "0.0.0.0 weight 5", "0.0.0.0 usesrc client # x", "a\n b"):
        body = {**servers, "source": wrong}
        status, _, message = api.refused("PUT", f"{path}/servers/s", body, version=api.version)
        assert (status, message.startswith("source ")) == (422, True)


def test_a_whole_health_check_has_the_metadata_of_its_steps(tmp_path: Any) -> None:
    api = Everything(tmp_path, "global\n")
    path = "/v3/services/haproxy/configuration/healthchecks"
    body = {
        "name": "alive",
        "type": "httpchk",
        "metadata": {"owner": "team"},
        "http_check_list": [{"type": "send-state", "metadata": {"a": 1}}],
        "tcp_check_list": [{"action": "connect", "metadata": {"b": 2}}],
    }
    answer = api.call("POST", path, body, full_section="true", version=api.version)
    assert answer.status_code in (201, 202), answer.text
    shown = api.call("GET", f"{path}/alive", full_section="true").json
    assert {name: shown[name] for name in body} == body
    before = api.text
    assert 'http-check send-state # {"a":1}' in before
    plain = {name: shown[name] for name in ("name", "type", "metadata")}
    for sent, query in ((shown, {"full_section": "true"}), (plain, {})):
        answer = api.call("PUT", f"{path}/alive", sent, version=api.version, **query)
        assert (answer.status_code, api.text) == (202, before), answer.text
