"""No change of any route, with `dry_run=true`, touches files, the state, or the running HAProxy."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.harness.fixtures import one_haproxy
from tests.runtime.support import TEXT, Live, live
from tests.storage.support import bundle, certificate, form, private_key, revocations

pytestmark = pytest.mark.haproxy

MEDIA = "multipart/form-data; boundary=BB"
SSL = """\
frontend tls
  bind unix@{folder}/tls.sock ssl crt {folder}/ssl/site.pem ca-file {folder}/ssl/ca.pem crl-file {folder}/ssl/crl.pem verify optional
  bind unix@{folder}/list.sock ssl crt-list {folder}/ssl/list.txt
"""  # fmt: skip
SPOE = "[mirror]\nspoe-agent mirror\n  messages seen\n  use-backend be\nspoe-message seen\n  args src\nspoe-group all\n  messages seen\n"
CONSUL = {"address": "127.0.0.1", "port": 8500, "enabled": False, "retry_timeout": 10}
IN_QUERY = {
    "spoe": "m.spoe", "scope": "[mirror]", "backend": "be", "frontend": "fe", "parent_name": "be",
    "parent_type": "backend", "map": "m.map", "acl_id": "0", "process": "1", "stick_table": "st",
    "certificate": "site.pem", "cert_file": "{folder}/ssl/site.pem", "line_number": "1",
    "name": "{folder}/ssl/list.txt", "index": "0",
}  # fmt: skip
"""The values of parameters that a query must have."""
QUESTIONS = ("diff", "plan", "simulate")
WHO_ASKS = ("/session", "/tokens")  # who may ask is no configuration: no plan could tell of it
"""Paths of /dataplane/v1 that change nothing, and answer as ever."""


@pytest.fixture(scope="module")
def haproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder, key = tmp_path_factory.mktemp("every"), private_key()
    for name in ("ssl", "general", "spoe"):
        (folder / name).mkdir()
    files = {
        "ssl/site.pem": bundle(), "ssl/ca.pem": certificate("ca.example.com", key),
        "ssl/crl.pem": revocations(key, 5), "general/x.http": b"HTTP/1.0 503 x\r\n\r\n",
        "ssl/list.txt": f"{folder}/ssl/site.pem a.org\n".encode(), "ssl/spare.pem": bundle(),
        "spoe/m.spoe": SPOE.encode(),
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    resources = {
        f"dataplaneapi__resources__{name}": str(folder / place)
        for name, place in (
            ("ssl_certs_dir", "ssl"), ("general_storage_dir", "general"), ("spoe_dir", "spoe"))
    }  # fmt: skip
    text = f"{TEXT}{SSL}"
    with live(one_haproxy("2.8"), folder, text, **resources) as running:
        yield running


def state(haproxy: Live) -> tuple[Any, ...]:
    """All files with their contents, what the state has been written, what HAProxy has."""
    files = {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in haproxy.folder.rglob("*")
        if path.is_file() and not re.search(r"\.(log|lock|db|db-wal|db-shm|sqlite.*)$", path.name)
    }
    asked = ("servers conn", "stat be -1 -1 up", "table st", "ssl cert", "ssl ca-file", "ssl crl-file")
    told = [haproxy.tell(f"show {one}") for one in asked]
    lists = haproxy.entries(), haproxy.entries("known.acl"), haproxy.tell(f"show ssl crt-list -n {haproxy.folder}/ssl/list.txt")
    return haproxy.pid, told[0], told[2:], lists, files


class Writes:
    """Tells whether anybody has written to the state."""

    def __init__(self, folder: Path) -> None:
        self._files = [
            sqlite3.connect(path) for path in folder.rglob("*")
            if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"
        ]  # fmt: skip
        assert self._files

    def seen(self) -> list[int]:
        return [one.execute("PRAGMA data_version").fetchone()[0] for one in self._files]


class Names:
    """The values of parameters: of objects that are there."""

    def __init__(self, haproxy: Live) -> None:
        self._folder = str(haproxy.folder)
        v3 = "/v3/services/haproxy"
        number = haproxy.services.config.version()
        self._made = {
            "transactions": self._begun(haproxy, f"{v3}/transactions", version=number),
            "spoe_transactions": self._begun(haproxy, f"{v3}/spoe/spoe_files/m.spoe/transactions", version=1),
            "consul": haproxy.call("POST", "/v3/service_discovery/consul", CONSUL).json["id"],
        }

    @staticmethod
    def _begun(haproxy: Live, path: str, **query: Any) -> str:
        answer = haproxy.call("POST", path, **query)
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])

    def path(self, template: str) -> str:
        """A path that a template has."""
        def value(found: re.Match[str]) -> str:
            return quote(self._value(template[: found.start()], found[1]), safe="")

        return re.sub(r"\{(\w+)\}", value, template)

    def _value(self, before: str, name: str) -> str:
        where = before.rstrip("/").rpartition("/")[2]
        if where == "transactions" and "/spoe/" in before:
            where = "spoe_transactions"
        if where in self._made:
            return self._made[where]
        given = {
            "backends": "be", "frontends": "fe", "servers": "s1", "maps": "m.map", "acls": "0",
            "stick_tables": "st", "ssl_certs": f"{self._folder}/ssl/site.pem",
            "ssl_ca_files": f"{self._folder}/ssl/ca.pem", "general": "x.http",
            "ssl_crl_files": f"{self._folder}/ssl/crl.pem", "ssl_certificates": "spare.pem",
            "ssl_crt_lists": "list.txt", "spoe_files": "m.spoe", "scopes": "[mirror]",
            "spoe_scopes": "[mirror]", "agents": "mirror", "spoe_agents": "mirror",
            "messages": "seen", "spoe_messages": "seen", "groups": "all", "spoe_groups": "all",
            "maps_entries": "k1", "confirmations": "waiting",
        }  # fmt: skip
        if where == "entries":
            return "k1" if "/maps/" in before else "0"
        return given.get(where, "0" if name in ("index", "id", "version") else "none")

    def query(self, operation: Any, **more: str) -> str:
        """The query that an operation must have."""
        found = {
            one.name: IN_QUERY[one.name].format(folder=self._folder)
            for one in operation.parameters
            if one.where == "query" and one.required and one.name in IN_QUERY
        }
        if any(one.name == "line_number" for one in operation.parameters) and "certificate" in found:
            found["certificate"] = f"{self._folder}/ssl/site.pem"
        if any(one.name == "version" and one.required and one.where == "query" for one in operation.parameters):
            found["version"] = "1"
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in {**found, **more}.items())


def bodies(haproxy: Live, site: Any) -> dict[tuple[str, str], Any]:
    """The examples of bodies in a document, by method and template."""
    document = json.loads(site.document("3.0.3"))
    schemas = document["components"]["schemas"]
    found = {}
    for path, operations in document["paths"].items():
        template = path.removeprefix(site.version.prefix)
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            one = content.get("application/json", {})
            schema = one.get("schema", {})
            while "$ref" in schema:
                schema = schemas[schema["$ref"].rpartition("/")[2]]
            example = one.get("example", schema.get("example"))
            if example is None and schema.get("type") == "array":
                example = []
            found[method.upper(), template] = example
    return found


def asked(operation: Any, template: str, example: Any) -> tuple[bytes, str]:
    """A body of an operation, and its media type."""
    if operation.body is None:
        return b"", ""
    if operation.body.form_field:
        name = "new.map" if "map" in template else "new.pem" if "ssl" in template else "new.spoe"
        content = b"a b\n" if "map" in template else bundle() if "ssl" in template else SPOE.encode()
        if "crt_lists" in template:
            content = b"/x.pem a.org\n"
        return form(name, content, operation.body.form_field), MEDIA
    if operation.body.media == "text/plain":
        return (bundle() if "ssl_certificates" in template else b"k1 v1\n"), "text/plain"
    if template.endswith(("/diff", "/plan")):
        example = {"text": "global\n"}
    return json.dumps({} if example is None else example).encode(), "application/json"


def test_no_change_with_dry_run_changes_anything(haproxy: Live):
    names, prefix = Names(haproxy), "/dataplane/v1"
    haproxy.services.config.snapshot()
    before, writes, told, odd, bad = state(haproxy), Writes(haproxy.folder), 0, [], []
    own = haproxy.app.own
    assert own is not None
    for site in (*haproxy.app.served, own):
        examples, prefix = bodies(haproxy, site), site.version.prefix
        for route in site.routes:
            for method, operation in route.operations.items():
                if method in ("GET", "HEAD") or route.template.startswith(WHO_ASKS):
                    continue
                operation = route.complete(operation)
                content, media = asked(operation, route.template, examples.get((method, route.template)))
                path = f"{prefix}{names.path(route.template)}?{names.query(operation, dry_run='true')}"
                written = writes.seen()
                answer = haproxy.send(method, path, content or None, media)
                said = f"{method} {path} {answer.status_code}: {answer.text[:300]}"
                if "cannot be said" in answer.text or answer.status_code >= 500:
                    bad.append(said)
                if writes.seen() != written:
                    bad.append(f"wrote to the state: {said}")
                if answer.status_code == 200 and ("verdict" in answer.text or route.template.strip("/") in QUESTIONS):
                    told += 1
                else:
                    odd.append(said)
    assert not bad, "\n".join(bad)
    assert state(haproxy) == before
    assert told >= 220, "\n".join(odd)
