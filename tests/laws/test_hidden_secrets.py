"""Secrets are hidden from those of `hide_secrets`, in each answer, and stay where they send them back."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.secret_lines import holds_secret, is_secret, parts_of
from dataplane_core.resources.stand_ins import STAND_IN, StandIns
from dataplane_core.settings import UserSettings
from dataplane_core.text import Document
from tests.api.every_operation import every_operation
from tests.laws.support import SPELLINGS, Everything, odd, places

V3 = "/v3/services/haproxy/configuration"
OWN = "/dataplane/v1"
PLAIN = {"Content-Type": "text/plain"}


def secrets(props: Any, values: Any) -> Iterator[str]:
    """What an object says in secret, by its declaration."""
    for prop in props:
        value = values.get(prop.name)
        if value is None:
            continue
        if isinstance(prop.items, tuple):
            for item in value:
                yield from secrets(parts_of(prop), item)
        elif holds_secret(prop) and is_secret(prop, values):
            yield from map(str, value if isinstance(value, list) else [value])


def said(registry: Registry, document: Document) -> Iterator[tuple[str, Any, Any]]:
    """Each object of a document: where it is, the properties that it may have, and what it says."""
    for one in registry.collections.values():
        if isinstance(one, RowCollection):
            for kind in one.parents:
                for at, section in enumerate(document.of_kind(kind)):
                    for number, row in enumerate(one.table.rows(section)):
                        yield f"{one.name} {kind} {at} {number}", one.props, row.values
        elif isinstance(one, SectionCollection | SingleSection):
            for at, section in enumerate(document.of_kind(one.kind)):
                yield f"{one.name} {at}", one.props, one.model.read(section)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Everything(tmp_path_factory.mktemp("registry"), "global\n").registry


@pytest.mark.parametrize("spelling", ["as it is", "all but two quoted", "escaped", "variables"])
def test_no_secret_of_any_declaration_is_shown_and_each_is_put_back(registry: Registry, spelling: str) -> None:
    text = odd(registry, SPELLINGS[spelling])
    subject = StandIns(registry, lambda: b"key")
    document = Document.parse(text, registry.language)
    shown = subject.document(document)
    real, seen = list(said(registry, document)), {where: values for where, _, values in said(registry, shown)}
    assert [where for where, *_ in real] == list(seen), "each object is still there"
    found = 0
    for where, props, values in real:
        gone = values.keys() - seen[where].keys()  # a word that is half a variable is hidden whole
        assert gone <= {one.name for one in props if holds_secret(one)}, where
        assert not seen[where].keys() - values.keys(), where
        for secret in secrets(props, values):
            found += 1
            assert gone or STAND_IN.search(str(seen[where])), (where, seen[where])
            if len(secret) > 5:
                assert secret not in str(seen[where]), where
    assert found > 12
    again = Document.parse(shown.text(), registry.language)
    assert subject.restored(document, shown).text() == text
    assert subject.restored(document, again).text() == text


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Everything:
    folder = tmp_path_factory.mktemp("hidden")
    return Everything(folder, odd(registry), dataplane__hide_secrets="everybody")


def shown_with_secrets(api: Everything) -> Iterator[tuple[str, dict[str, str], Any]]:
    """Each object of version 2 that has something hidden in it."""
    for one in api.registry.collections.values():
        if one.name == "listens" or not any(map(holds_secret, one.props)):
            continue  # which are only read, or have none
        for path, query in places(api, one):
            found = api.get(path, **query)
            if STAND_IN.search(json.dumps(found)):
                yield path, query, found


def test_what_is_put_back_changes_no_byte(api: Everything) -> None:
    before, tried = api.text, 0
    for path, query, shown in list(shown_with_secrets(api)):
        answer = api.call("PUT", path, shown, version=api.version, **query)
        assert answer.status_code in (200, 202), (path, answer.text)
        assert api.text == before, path
        tried += 1
    for where in ("backends", "frontends"):
        for item in api.call("GET", f"{V3}/{where}", full_section="true").json:
            path = f"{V3}/{where}/{item['name']}"
            answer = api.call("PUT", path, item, version=api.version, full_section="true")
            assert answer.status_code in (200, 202), (path, answer.text)
            assert api.text == before, path
    raw = api.call("GET", f"{V3}/raw").text
    assert STAND_IN.search(raw)
    assert api.call("POST", f"{V3}/raw", raw=raw, headers=PLAIN, version=api.version).status_code in (201, 202)
    assert api.text == before
    assert tried > 7


def test_a_stand_in_of_nothing_is_refused_by_the_name_of_its_property(api: Everything) -> None:
    before, tried, foreign = api.text, 0, f"hidden-{'0' * 32}"
    for path, query, shown in list(shown_with_secrets(api)):
        body = json.loads(STAND_IN.sub(foreign, json.dumps(shown)))
        answer = api.call("PUT", path, body, version=api.version, **query)
        assert answer.status_code == 422, (path, answer.text)
        assert re.match(r"[a-z_.0-9-]+ in body: hidden-0", answer.json["message"]), answer.text
        assert api.text == before
        tried += 1
    assert tried > 7


TEXT = """\
# user old password old-one-of-1
global
  daemon
userlist 1
  user 1 insecure-password "my 1st one" # of 1
  user 2 password second-one
defaults 1
  mode http
frontend 1
  bind 127.0.0.1:8080 name 1
  http-request set-header Authorization "Bearer first-one-of-1"
  stats auth one:third-one
  http-request return status 200 hdr Set-Cookie fourth-one if TRUE
backend 1
  option httpchk
  http-check send hdr Cookie fifth-one
  dynamic-cookie-key sixth-one
  server 1 127.0.0.1:1 tcp-md5sig seventh-one
"""
WORDS = ("my 1st one", "first-one", *(f"{one}-one" for one in ["old", "second", "third", "fourth", "fifth", "sixth", "seventh"]))
USERS = (UserSettings("boss", "pw", True, "admin"), UserSettings("mon", "pw", True, "reader"))


def made(folder: Path, who: str = "everybody", text: str = TEXT) -> Everything:
    given = {"dataplane__audit_file": str(folder / "audit"), "dataplaneapi__user": USERS}
    return Everything(folder, text, dataplane__hide_secrets=who, **given)


def asked(api: Everything, method: str, path: str, body: Any = None, user: str = "boss:pw", **query: Any) -> Any:
    return api.call(method, path, body, user=user, **query)


def test_no_answer_of_any_version_shows_one(tmp_path: Path) -> None:
    api, hidden = made(tmp_path), 0
    text = api.text.replace("second-one", "eighth-one").replace("mode http", "mode http\n  timeout client 1s")
    answer = api.call("POST", f"{V3}/raw", raw=text, headers=PLAIN, version=api.version, user="boss:pw")
    assert answer.status_code in (201, 202)
    begun = asked(api, "POST", "/v3/services/haproxy/transactions", version=api.version).json["id"]
    for method, path, operation in every_operation(api):
        is_fixed = operation.tag in ("Specification", "Documentation") or "specification" in path
        if method == "GET" and operation.produces != "text/event-stream" and not is_fixed:
            parents = {"parent_name": "1", "backend": "1", "frontend": "1", "userlist": "1", "parent_type": "backend"}
            for query in ({**parents, "full_section": "true"}, {"transaction_id": begun}):
                found = asked(api, "GET", path, **query)
                assert not [one for one in (*WORDS, "eighth-one") if one in found.text], (path, query, found.text)
                hidden += STAND_IN.search(found.text) is not None
    assert hidden > 30
    for path in ("diff", "history/2", "history/2/blame"):
        answer = asked(api, "GET", f"{OWN}/{path}", with_secrets="true")
        assert (answer.status_code, "hide_secrets" in answer.text) == (403, True), path
    assert "eighth-one" not in (tmp_path / "audit").read_text("utf-8")


def test_changes_answer_without_them_and_keep_what_is_hidden(tmp_path: Path) -> None:
    api = made(tmp_path)
    path = f"{V3}/users/1"
    shown = asked(api, "GET", path, userlist="1")
    stand_in = shown.json["password"]
    assert STAND_IN.fullmatch(stand_in)
    body = {**shown.json, "groups": ""} | {"username": "renamed"}
    answer = api.call("PUT", path, body, userlist="1", user="boss:pw", headers={
        "Content-Type": "application/json", "If-Match": shown.headers["etag"]})  # fmt: skip
    assert answer.status_code in (200, 202), answer.text
    assert '  user renamed insecure-password "my 1st one" # of 1\n' in api.text
    new = asked(api, "PUT", f"{V3}/users/renamed", {**body, "password": "ninth-one"}, userlist="1", version=api.version)
    assert new.status_code in (200, 202)
    assert "ninth-one" in api.text and "ninth-one" not in new.text
    again = asked(api, "GET", f"{V3}/users/renamed", userlist="1")
    assert again.json["password"] == new.json["password"] != stand_in
    assert again.headers["etag"] != shown.headers["etag"], "another secret is another object"
    stale = api.call("PUT", f"{V3}/users/renamed", body, userlist="1", user="boss:pw", headers={
        "Content-Type": "application/json", "If-Match": shown.headers["etag"]})  # fmt: skip
    assert stale.status_code == 412
    listed = asked(api, "GET", f"{V3}/users", userlist="1").json
    before = api.text
    for where in ("frontends", "backends"):
        section = asked(api, "GET", f"{V3}/{where}/1", full_section="true")
        assert STAND_IN.search(section.text)
        query = {"full_section": "true", "version": api.version}
        assert asked(api, "PUT", f"{V3}/{where}/1", section.json, **query).status_code in (200, 202)
        assert api.text == before
    copied = {**listed[0], "username": "eve"}
    refusal = asked(api, "POST", f"{V3}/users", copied, userlist="1", version=api.version)
    assert refusal.status_code == 422
    assert refusal.json["message"].startswith("password in body: hidden-"), refusal.text
    assert api.text == before


def test_a_transaction_and_a_plan_keep_them_too(tmp_path: Path) -> None:
    api = made(tmp_path)
    begun = asked(api, "POST", "/v3/services/haproxy/transactions", version=api.version).json["id"]
    user = asked(api, "GET", f"{V3}/users/2", userlist="1").json
    assert asked(api, "PUT", f"{V3}/users/2", {**user, "groups": "g"}, userlist="1", transaction_id=begun).status_code == 202
    seen = asked(api, "GET", f"{V3}/users/2", userlist="1", transaction_id=begun).json
    assert seen == {**user, "groups": "g"}
    steps = api.app.services.state.read("SELECT * FROM edits")
    assert not STAND_IN.search(str([tuple(row) for row in steps]))
    assert asked(api, "PUT", f"/v3/services/haproxy/transactions/{begun}").status_code in (200, 202)
    assert "user 2 password second-one groups g\n" in api.text
    text, before = asked(api, "GET", f"{V3}/raw").text, api.text
    for path, more in ((f"{OWN}/apply", {}), (f"{OWN}/apply", {"dry_run": "true"}), (f"{OWN}/plan", {})):
        answer = api.call("POST", path, raw=text, headers=PLAIN, user="boss:pw", **more)
        assert answer.status_code == 200, answer.text
        assert answer.json.get("changed") is not True
        assert answer.json.get("verdict", "unchanged") == "unchanged"
        assert api.text == before
    known = api.call("POST", f"{OWN}/apply", raw=api.text, headers=PLAIN, user="boss:pw")
    assert known.json["changed"] is False, "who sends the secrets themselves changes nothing either"
    answer = api.call("POST", f"{OWN}/apply", raw=text.replace("user 2", "user two"), headers=PLAIN, user="boss:pw")
    assert answer.status_code in (200, 202) and "user two password second-one groups g\n" in api.text
    wrong = text.replace("daemon", f"description {STAND_IN.search(text)[0]}")
    for path in (f"{OWN}/apply", f"{OWN}/plan", f"{V3}/raw?version={api.version}"):
        answer = api.call("POST", path, raw=wrong, headers=PLAIN, user="boss:pw")
        assert answer.status_code == 422 and answer.json["message"].startswith("description in body: "), answer.text


def test_from_readers_alone(tmp_path: Path) -> None:
    api = made(tmp_path, "readers")
    path = f"{V3}/users/2"
    for _ in range(2):  # answers that are kept are of one of both
        assert asked(api, "GET", path, userlist="1").json["password"] == "second-one"
        hidden = asked(api, "GET", path, "", "mon:pw", userlist="1").json
        assert STAND_IN.fullmatch(hidden["password"])
    answer = asked(api, "PUT", path, hidden, userlist="1", version=api.version)
    assert answer.status_code == 422 and "hidden from somebody" in answer.text
    assert "second-one" in asked(api, "GET", f"{V3}/raw").text
    assert "second-one" not in api.call("GET", f"{V3}/raw", user="mon:pw").text


def test_another_start_has_the_same_stand_ins_and_without_the_setting_all_is_shown(tmp_path: Path) -> None:
    first = asked(made(tmp_path), "GET", f"{V3}/users/2", userlist="1").json
    assert asked(made(tmp_path), "GET", f"{V3}/users/2", userlist="1").json == first
    plain = made(tmp_path, "nobody")
    assert asked(plain, "GET", f"{V3}/users/2", userlist="1").json["password"] == "second-one"
    assert asked(plain, "PUT", f"{V3}/users/2", first, userlist="1", version=plain.version).status_code == 422


def test_tokens_of_discovery(tmp_path: Path) -> None:
    api = made(tmp_path)
    body = {"address": "127.0.0.1", "port": 1, "enabled": False, "retry_timeout": 10, "token": "tenth-one"}
    top = "/v3/service_discovery/consul"
    new = asked(api, "POST", top, body)
    assert new.status_code == 201 and STAND_IN.fullmatch(new.json["token"]), new.text
    shown = asked(api, "GET", f"{top}/{new.json['id']}").json
    assert shown == new.json == asked(api, "GET", top).json[0]
    assert asked(api, "PUT", f"{top}/{shown['id']}", {**shown, "port": 2}).json == {**shown, "port": 2}
    kept = api.app.services.state.read("SELECT body FROM discovery_entries")[0]["body"]
    assert json.loads(kept)["token"] == "tenth-one"
    wrong = asked(api, "POST", top, {**shown, "id": "other", "port": 3, "name": "x"})
    assert wrong.status_code == 422 and wrong.json["message"].startswith("token in body: "), wrong.text
