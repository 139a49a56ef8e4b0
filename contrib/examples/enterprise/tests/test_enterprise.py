"""The add-on's own tests: `pytest` in this folder, where server and add-on are installed."""

import base64
import json
import logging
from datetime import date
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import dataplane_enterprise
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dataplane_core.plugin import Document, SettingsError, impl
from dataplane_core.testing import Bench, declared_laws
from dataplane_enterprise import Enterprise, keywords, license, policy
from dataplane_enterprise.settings import TokenSettings

TRIAL = Path(dataplane_enterprise.__file__).with_name("trial.license")
VERSIONS = "v1", "v2", "v3"
TEXT = """\
global
  lua-load {lua}

defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s

frontend www
  bind 127.0.0.1:80 name local
  default_backend shop

backend shop
  server s1 127.0.0.1:81 check

backend news
  server s1 127.0.0.1:82 check
"""


def settings(**more):
    given = {"license_file": str(TRIAL), **more}
    return {f"plugin_settings.enterprise.{name}": value for name, value in given.items()}


@pytest.fixture
def start(local_server):
    def start(text=TEXT, haproxy=None, **more):
        text = text.format(lua=keywords.LUA)
        plugins = [Enterprise]
        return local_server(text, plugins, haproxy=haproxy, settings=settings(**more))

    return start


def facts_of(server):
    """Return what the add-on tells of a server in `dataplane status`."""
    services = server.app.services
    addon = services.plugins.get_plugin(Enterprise.__name__)
    return [*addon.dataplane_status(services)]


def rows(version, collection, kind, name):
    """Return path and query of the rows of a section."""
    base = f"/{version}/services/haproxy/configuration"
    if version == "v3":
        return f"{base}/{kind}s/{name}/{collection}", {}
    return f"{base}/{collection}", {"parent_type": kind, "parent_name": name, kind: name}


def at(path, key):
    return f"{path}/{key}"


class Keywords:
    """What the add-on declares where it is licensed."""

    @impl
    def dataplane_register(self, registry):
        keywords.extend(registry)


def test_declarations_keep_the_laws(tmp_path):
    with Bench(tmp_path, [Keywords()]) as bench:
        laws = [*declared_laws(bench.plugins)]
        assert [found for law in laws if (found := law.breaches(bench))] == []
    assert len(laws) > 12


def test_what_is_shipped():
    found = distribution("dataplane-enterprise")
    assert found.version == "2.4.1"
    assert "All rights reserved" in found.read_text("licenses/LICENSE")
    assert license.read_license(str(TRIAL), date.today()).expires.year == 2099


@pytest.mark.parametrize("version", VERSIONS)
def test_keywords_and_the_action_are_written_as_haproxy_takes_them(start, real_haproxy, version):
    server = start(haproxy=real_haproxy, policy="off")
    path, query = rows(version, "binds", "frontend", "www")
    body = {"name": "b2", "address": "127.0.0.1", "port": 443, "tls_profile": "modern"}
    server.change("POST", path, body, **query)
    assert "bind 127.0.0.1:443 name b2 ssl-min-ver TLSv1.3\n" in server.text
    assert server.get(at(path, "b2"), **query)["tls_profile"] == "modern"
    path, query = rows(version, "servers", "backend", "shop")
    server.change("POST", path, {"name": "s2", "address": "127.0.0.1", "role": "standby"}, **query)
    assert "server s2 127.0.0.1 backup\n" in server.text
    assert server.get(at(path, "s2"), **query)["role"] == "standby"
    wrong = {"name": "s3", "address": "a", "role": "x"}
    assert "role" in server.refusal("POST", path, wrong, **query)
    path, query = rows(version, "http_request_rules", "frontend", "www")
    rule = {"type": "enterprise-stamp", "stamp_header": "X-Way"}
    if version == "v3":
        server.change("POST", at(path, 0), rule, **query)
    else:
        index = {"id" if version == "v1" else "index": 0}
        server.change("POST", path, {**rule, **index}, **query)
    assert "http-request lua.enterprise-stamp X-Way\n" in server.text
    assert rule.items() <= server.get(at(path, 0), **query).items()


def test_documents_describe_what_is_new(start):
    server = start()
    for version in VERSIONS:
        text = server.call("GET", f"/{version}/specification").body.decode()
        assert all(word in text for word in ("tls_profile", "standby", "enterprise-stamp")), version


def token(secret, **more):
    return TokenSettings(sha256=sha256(secret.encode()).hexdigest(), **more)


TOKENS = (
    token("look", name="viewer"),
    token("all", name="deploy", scope="write"),
    token("shop", name="shop", scope="write", backends=("shop",)),
    token("www", name="www", frontends=("www",)),
    token("old", name="old", expires="2020-01-01"),
)


@pytest.mark.parametrize("version", VERSIONS)
def test_tokens_may_do_what_their_scope_says(start, version):
    server = start(tokens=TOKENS)
    now = server.version
    shop, of_shop = rows(version, "servers", "backend", "shop")
    news, of_news = rows(version, "servers", "backend", "news")
    www, of_www = rows(version, "binds", "frontend", "www")
    base = f"/{version}/services/haproxy"
    new = {"name": "s2", "address": "127.0.0.1", "check": "enabled"}

    def status(secret, method, path, body=None, **query):
        server.authorization = f"Bearer {secret}"
        return server.call(method, path, body, **query).status

    assert status("look", "GET", shop, **of_shop) == 200
    assert status("look", "POST", shop, new, **of_shop, version=now) == 403
    assert status("www", "GET", www, **of_www) == 200
    assert status("www", "GET", shop, **of_shop) == 403
    assert status("shop", "GET", shop, **of_shop) == 200
    assert status("shop", "GET", news, **of_news) == 403
    assert status("shop", "GET", f"/{version}/info") == 200
    assert status("shop", "GET", f"{base}/configuration/backends/shop") == 200
    assert status("shop", "GET", f"{base}/configuration/backends") == 403
    assert status("shop", "DELETE", f"{base}/configuration/backends/news", version=now) == 403
    assert status("shop", "GET", f"{base}/configuration/global") == 403
    assert status("shop", "GET", f"{base}/configuration/raw") == 403
    assert status("shop", "POST", news, new, **of_news, version=now) == 403
    assert status("shop", "POST", shop, new, **of_shop, version=now) in (201, 202)
    assert status("all", "POST", news, new, **of_news, version=now + 1) in (201, 202)
    assert status("old", "GET", shop, **of_shop) == 401
    assert status("wrong", "GET", shop, **of_shop) == 401


def test_a_query_that_names_two_sections_is_refused(start):
    server = start(tokens=TOKENS)
    server.authorization = "Bearer shop"
    for one, other in (("shop", "news"), ("news", "shop")):
        query = {"backend": one, "parent_type": "backend", "parent_name": other}
        answer = server.call("GET", "servers", **query)
        assert answer.status == 403
        assert answer.json["message"] == "the token shop is for nothing but backend shop"


HEX = "is not 64 hex digits; `dataplane-enterprise token NAME` prints them"


def test_settings_that_are_wrong_together_stop_the_start(start):
    wrong = (
        TokenSettings(name="a", sha256="abc"),
        token("x", name="a", expires="soon"),
        token("y"),
    )
    with pytest.raises(SettingsError) as caught:
        start(tokens=wrong, audit="file")
    told = [(one.key, one.message) for one in caught.value.problems]
    key = "plugin_settings.enterprise."
    assert told == [
        (f"{key}audit_file", "is empty, and audit: file needs it"),
        (f"{key}tokens[0].sha256", HEX),
        (f"{key}tokens[1].name", "is given twice: a"),
        (f"{key}tokens[1].expires", "is not a day such as 2030-12-31"),
        (f"{key}tokens[2].name", "is empty"),
    ]


def test_a_transaction_of_a_token_has_only_its_steps(start):
    server = start(tokens=TOKENS)
    now = server.version
    server.authorization = "Bearer shop"
    opened = server.call("POST", "/v2/services/haproxy/transactions", version=now).json["id"]
    new = {"name": "s2", "address": "127.0.0.1", "check": "enabled"}
    assert server.call("POST", "servers", new, backend="news", transaction_id=opened).status == 403
    assert server.call("POST", "servers", new, backend="shop", transaction_id=opened).status == 202
    assert server.call("PUT", f"/v2/services/haproxy/transactions/{opened}").status in (200, 202)
    assert server.text.count("server s2") == 1


def test_a_token_has_no_transactions_of_others(start):
    server = start(tokens=TOKENS)
    transactions = "/v2/services/haproxy/transactions"
    opened = server.call("POST", transactions, version=server.version).json["id"]
    server.authorization = "Bearer shop"
    new = {"name": "s2", "address": "127.0.0.1"}
    answer = server.call("POST", "servers", new, backend="shop", transaction_id=opened)
    assert answer.status == 403 and "transactions of its own" in answer.json["message"]
    for method in ("PUT", "DELETE"):
        assert server.call(method, f"{transactions}/{opened}").status == 403


LOCAL = ("::1", 1), ("/run/x.sock", None), ("localhost", 81)
OPEN = ("0.0.0.0", 443), (None, 443), ("127.0.0.1,192.0.2.1", 80)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bind_needs_tls_outside_the_machine(start, version):
    server = start()
    path, query = rows(version, "binds", "frontend", "www")

    def bind(number, address, port, **more):
        given = {"address": address, "port": port, **more}
        return {"name": f"b{number}", **{name: one for name, one in given.items() if one}}

    for number, where in enumerate(OPEN):
        said = server.refusal("POST", path, bind(number, *where), **query)
        assert "line 12, frontend www: " in said
        assert "add `ssl crt FILE` to the bind, or give it a loopback address" in said
    assert server.version == 1
    for number, where in enumerate(LOCAL):
        server.change("POST", path, bind(number, *where), **query)
    server.change("POST", path, bind(9, "192.0.2.1", 444, ssl=True), **query)


CLOSED = "anybody can see the statistics; add `stats auth USER:PASSWORD`"
CHECKED = "no server is checked; add `check` to its servers, or a line `default-server check`"
SECTIONS = [
    ("backend b\n  server s1 192.0.2.1:1\n", [f"line 2, backend b: {CHECKED}"]),
    ("listen b\n  bind 127.0.0.1:1\n  server-template s 3 x:1\n", [f"line 2, listen b: {CHECKED}"]),
    ("backend b\n  default-server check\n  server s1 192.0.2.1:1\n", []),
    ("defaults\n  default-server check\nbackend b\n  server s1 192.0.2.1:1\n", []),
    ("backend b\n  server s1 192.0.2.1:1 track a/b\n", []),
    ("backend b\n  # nothing\n", []),
    ("frontend f\n  # x\n  stats uri /x\n", [f"line 4, frontend f: {CLOSED}"]),
    ("defaults\n  stats enable\n", [f"line 3, defaults: {CLOSED}"]),
    ("backend b\n  stats uri /x\n  stats auth a:b\n", []),
    ("listen l\n  bind :1\n", ["line 3, listen l: it can be reached"]),
    ("frontend f\n  bind :1 ssl\n  bind ipv6@[::1]:1\n  bind abns@x\n", []),
    ("frontend f\n  bind \"${IP}:1\"\n", ["line 3, frontend f: it can be reached"]),
]


def test_each_breach_is_told_with_its_line_and_remedy(start):
    registry = start().app.services.registry
    for text, expected in SECTIONS:
        document = Document.parse("# a comment\n" + text, registry.language)
        found = [*policy.breaches(registry, document)]
        assert len(found) == len(expected), (text, found)
        assert all(one.startswith(said) for one, said in zip(found, expected, strict=True)), found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_text_and_a_transaction_have_to_keep_the_policy_too(start, version):
    server = start()
    base = f"/{version}/services/haproxy"
    now, before = server.version, server.text
    opened = server.call("POST", f"{base}/transactions", version=now).json["id"]
    path, query = rows(version, "servers", "backend", "shop")
    removed = server.call("DELETE", at(path, "s1"), **query, transaction_id=opened)
    assert removed.status in (202, 204)
    bare = {"name": "s1", "address": "127.0.0.1"}
    assert server.call("POST", path, bare, **query, transaction_id=opened).status in (201, 202)
    refused = server.call("PUT", f"{base}/transactions/{opened}")
    assert refused.status == 422
    assert f"backend shop: {CHECKED}" in refused.json["message"]
    assert (server.version, server.text) == (now, before)


def test_a_policy_that_only_reports_refuses_nothing(start):
    server = start(policy="report")
    server.change("POST", "binds", {"name": "b2", "port": 443}, frontend="www")
    facts = facts_of(server)
    assert [one.topic for one in facts] == ["enterprise", "policy"]
    assert facts[1].doubtful


def test_the_trail_in_a_file_says_who_did_what(start, tmp_path):
    file = tmp_path / "audit.log"
    server = start(audit="file", audit_file=str(file), tokens=TOKENS)
    for number, version in enumerate(VERSIONS, 2):
        path, query = rows(version, "servers", "backend", "shop")
        server.authorization = "Bearer all"
        server.change("POST", path, {"name": f"s{number}", "address": "127.0.0.1"}, **query)
        server.authorization = "Bearer wrong"
        server.call("GET", path, **query)
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(one["method"], one["status"], one["author"]["name"]) for one in told] == [
        ("POST", 202, "deploy"), ("GET", 401, "")
    ] * len(VERSIONS)
    assert "wrong" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_trail_to_syslog(start, tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(tmp_path / "log"))
        syslog.settimeout(10)
        server = start(audit="syslog", syslog_address=str(tmp_path / "log"))
        server.change("POST", "servers", {"name": "s2", "address": "127.0.0.1"}, backend="shop")
        told = syslog.recv(9000).decode()
    assert told.startswith("<85>dataplane-enterprise: {")
    assert '"status": 202' in told


@pytest.mark.parametrize("expires", [None, "2020-01-01", "tampered"])
def test_without_a_licence_the_server_is_as_it_was(start, tmp_path, monkeypatch, caplog, expires):
    file = tmp_path / "x.license"
    key = Ed25519PrivateKey.generate()
    monkeypatch.setattr(license, "PUBLIC_KEY", key.public_key().public_bytes_raw().hex())
    if expires:
        said = {"customer": "x", "expires": "2020-01-01"}
        said["signature"] = base64.b64encode(key.sign(license.signed_part(said))).decode()
        if expires == "tampered":
            said["expires"] = "2099-01-01"
        file.write_text(json.dumps(said))
    with caplog.at_level(logging.INFO):
        server = start(license_file=str(file), tokens=TOKENS, audit="file", audit_file="/nowhere/x")
    told = [one.getMessage() for one in caplog.records if "enterprise" in one.name]
    reason = {
        None: "cannot be read",
        "2020-01-01": "was valid until 2020-01-01",
        "tampered": "is not signed",
    }
    assert len(told) == 1
    assert reason[expires] in told[0]
    server.change("POST", "binds", {"name": "b2", "port": 443}, frontend="www")
    binds = server.app.services.registry.declared_rows("binds")
    assert "tls_profile" not in {prop.name for prop in binds.props}
    server.authorization = "Bearer all"
    assert server.call("GET", "servers", backend="shop").status == 401
    [fact] = facts_of(server)
    assert fact.text.startswith("disabled: ")


def test_two_servers_in_one_process_share_nothing(start, tmp_path):
    with_licence, other = start(tokens=TOKENS), start(tokens=TOKENS[:1], policy="report")
    without = start(license_file=str(tmp_path / "none"), tokens=TOKENS)
    bind = {"name": "b2", "port": 443}
    assert "it can be reached" in with_licence.refusal("POST", "binds", bind, frontend="www")
    other.change("POST", "binds", bind, frontend="www")
    without.change("POST", "binds", bind, frontend="www")
    answers = []
    for server in (with_licence, other, without):
        server.authorization = "Bearer all"
        answers.append(server.call("GET", "servers", backend="shop").status)
    assert answers == [200, 401, 401]
    told = [facts_of(server)[0].text.partition(" ")[0] for server in (with_licence, other, without)]
    assert told == ["licensed", "licensed", "disabled:"]
