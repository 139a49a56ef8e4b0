"""A desired state becomes what is there: as a text, as resources, as an archive of both."""

import gzip
import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.resources.collections import SectionCollection, SingleSection
from tests.changes.support import APPLY, V3, WholeApi, archive
from tests.harness.recorded import prepare_golden

FILE = """\
# made by hand
global
    daemon   # always

defaults
    mode http
    timeout client 5s   # short

# the shop
backend shop
    # the old one
    server a 192.0.2.1:80   check
    http-request deny if { path /a }
    http-request set-header X y

frontend web
    bind :80 name http
    default_backend shop
"""
TEXT = {"Content-Type": "text/plain"}
LIMIT = 5_000_000
COLLECTIONS = ("global", "defaults", "frontends", "backends")


@pytest.fixture(scope="module")
def one_api(tmp_path_factory: pytest.TempPathFactory) -> WholeApi:
    return WholeApi(tmp_path_factory.mktemp("apply"), FILE, dataplane__body_limit=LIMIT)


@pytest.fixture
def api(one_api: WholeApi) -> WholeApi:
    """The one application, on the file as it was in the beginning."""
    if one_api.text != FILE:
        raw = one_api.call("POST", f"{V3}/raw", raw=FILE, headers=TEXT, skip_version="true")
        assert raw.status_code == 202 and one_api.text == FILE
    return one_api


def apply(api: WholeApi, body: Any = None, *, status: int = 202, **more: Any) -> Any:
    if isinstance(body, str):
        more |= {"raw": body, "headers": {**TEXT, **more.get("headers", {})}}
        body = None
    answer = api.call("POST", APPLY, body, **more)
    assert answer.status_code == status, answer.text
    return answer.json


def everything(api: WholeApi) -> dict[str, Any]:
    """All resources, as the interface shows them."""
    found = {}
    for name in COLLECTIONS:
        answer = api.call("GET", f"{V3}/{name}", full_section="true")
        assert answer.status_code == 200, answer.text
        found[name] = answer.json
    return found


def test_a_text_becomes_what_is_there_by_the_smallest_edits(api: WholeApi) -> None:
    wanted = FILE.replace("# the", "## other").replace("   check", " check weight 3").replace("    ", "\t")
    before, done = api.version, apply(api, wanted)
    assert api.text == FILE.replace(":80   check", ":80 check weight 3")
    assert (done["version"], done["changed"], done["state"]) == (before + 1, True, "queued")
    assert done["changes"] == [
        {
            "resource": f"{V3}/backends/shop/servers/a",
            "kind": "server",
            "section": "backend shop",
            "change": "changed",
            "name": "a",
            "properties": {"weight": {"before": None, "after": 3}},
        }
    ]
    assert "+    server a 192.0.2.1:80 check weight 3\n" in done["text"]
    assert done["reload_id"] and done["reload_reason"] == "no runtime socket of HAProxy is known"


@pytest.mark.parametrize("wanted", [FILE, FILE.replace("  ", "\t"), FILE.replace("# the shop\n", "")])
def test_a_state_that_is_there_makes_no_version(api: WholeApi, wanted: str) -> None:
    version = api.version
    assert apply(api, wanted, status=200) == {"version": version, "changed": False, "state": "unchanged"}
    assert apply(api, everything(api), status=200, prune="true")["changed"] is False
    assert (api.version, api.text) == (version, FILE)


def test_resources_say_their_sections_whole_and_leave_others_alone(api: WholeApi) -> None:
    desired = {
        "backends": [
            {
                "name": "shop",
                "servers": {
                    "b": {"name": "b", "address": "192.0.2.2", "port": 80},
                    "a": {"name": "a", "address": "192.0.2.1", "port": 80, "check": "enabled", "weight": 3},
                },
                "http_request_rule_list": [
                    {"type": "set-header", "hdr_name": "X", "hdr_format": "y"},
                    {"type": "deny", "cond": "if", "cond_test": "{ path /a }"},
                ],
            },
            {"name": "blog", "mode": "tcp"},
        ]
    }
    done = apply(api, desired)
    assert api.text == FILE.replace("   check", " check weight 3\n    server b 192.0.2.2:80").replace(
        "    http-request deny if { path /a }\n    http-request set-header X y\n",
        "    http-request set-header X y\n    http-request deny if { path /a }\n",
    ).replace("frontend web", "backend blog\n  mode tcp\n\nfrontend web")
    assert {one["resource"].rpartition("/")[2] for one in done["changes"]} >= {"a", "b", "blog"}
    assert apply(api, desired, status=200)["changed"] is False
    with_global = everything(api)
    with_global["global"]["performance_options"] = {"maxconn": 5}
    apply(api, {"global": with_global["global"], "backends": desired["backends"][:1]}, prune="true")
    assert "maxconn 5" in api.text and "blog" not in api.text and "frontend web" in api.text


def test_what_one_state_was_can_be_put_back_from_its_resources(api: WholeApi) -> None:
    before = everything(api)
    apply(api, FILE.replace("shop", "store").replace("mode http", "mode tcp"))
    apply(api, before, prune="true")
    assert everything(api) == before


def test_only_and_except_leave_sections_alone(api: WholeApi) -> None:
    wanted = FILE.replace("192.0.2.1", "192.0.2.9").replace("mode http", "mode tcp")
    apply(api, wanted, only="backends/sh*")
    assert "192.0.2.9" in api.text and "mode http" in api.text
    apply(api, wanted + "backend new\n", **{"except": "defaults"})
    assert "mode http" in api.text and "backend new" in api.text
    assert apply(api, wanted, status=400, only="bakends")["message"].endswith("did you mean backends?")


def test_yaml_says_what_json_does(api: WholeApi) -> None:
    text = "backends:\n  - name: shop\n    servers:\n      a: {name: a, address: 192.0.2.1, port: 80, weight: 0x10}\n"
    answer = api.call("POST", APPLY, raw=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 202, answer.text
    assert "server a 192.0.2.1:80 weight 16" in api.text and "http-request" not in api.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x\n", "has an alias"),
        ("a: " + "[" * 40 + "]" * 40, "levels deep"),
        ("{[a]: 1}", "key that is not a word"),
        ("a: 'open", "is not YAML"),
        ("- 1", "must be a JSON object"),
        ("a: !!int x", "cannot be read"),
    ],
)
def test_yaml_that_json_could_not_say_is_refused(api: WholeApi, text: str, said: str) -> None:
    answer = api.call("POST", APPLY, raw=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code in (400, 422) and said in answer.json["message"], answer.text


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_has_a_text_and_resources_on_it(api: WholeApi, mode: str) -> None:
    more = {"backends": [{"name": "more", "servers": {"m": {"name": "m", "address": "192.0.2.7", "port": 1}}}]}
    body = archive({"./haproxy.cfg": FILE.replace("5s", "6s"), "more.json": json.dumps(more), "b.yml": "backends: []"}, mode)
    kind = "application/gzip" if mode == "w:gz" else "application/x-tar"
    answer = api.call("POST", APPLY, raw=body, headers={"Content-Type": kind})
    assert answer.status_code == 202, answer.text
    assert "timeout client 6s   # short" in api.text and "server m 192.0.2.7:1" in api.text
    again = api.call("POST", APPLY, raw=body, headers={"Content-Type": kind})
    assert again.json["changed"] is False


def link() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        member = tarfile.TarInfo("haproxy.cfg")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(member)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"no archive", "no archive"),
        (link(), "no regular file"),
        (archive({"../haproxy.cfg": "x"}), "no path in a folder"),
        (archive({"/etc/haproxy.cfg": "x"}), "no path in a folder"),
        (archive({"readme": "x"}), "neither haproxy.cfg"),
        (archive({"a": "x", "./a": "y"}), "twice"),
        (archive({}), "holds nothing"),
        (gzip.compress(bytes(10 * LIMIT)), "larger than"),
        (gzip.compress(archive({"haproxy.cfg": FILE}))[:-20], "broke off"),
        (archive({"haproxy.cfg": "x" * 3000})[:2000], "archive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_archive_that_cannot_be_taken_is_refused(api: WholeApi, body: bytes, said: str) -> None:
    answer = api.call("POST", APPLY, raw=body, headers={"Content-Type": "application/x-tar"})
    assert answer.status_code in (400, 413) and said in answer.json["message"], answer.text
    assert api.text == FILE


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"backend": []}, 422, "did you mean backends?"),
        ({"backends": {}}, 422, "must be a list"),
        ({"backends": [{}]}, 422, "needs its name"),
        ({"backends": [{"name": "x"}, {"name": "x"}]}, 422, "more than once"),
        ({"backends": [{"name": "shop", "mode": "udp"}]}, 422, "backends shop: mode in body"),
        ({"global": []}, 422, "must be an object"),
        ([], 422, "must be a JSON object"),
    ],
)
def test_a_state_that_breaks_a_rule_is_refused(api: WholeApi, body: Any, status: int, said: str) -> None:
    assert said in apply(api, body, status=status)["message"]
    assert api.text == FILE


def test_a_version_that_is_not_the_newest_is_a_conflict(api: WholeApi) -> None:
    now = api.version
    for given in ({"version": now + 7}, {"headers": {"If-Match": f'"{now + 7}"'}}):
        assert "version mismatch" in apply(api, FILE + "backend b\n", status=409, **given)["message"]
    apply(api, FILE + "backend b\n", version=now)
    answer = api.call("POST", APPLY, raw=FILE, headers={**TEXT, "If-Match": f'"{now + 1}"'})
    assert answer.headers["etag"] == f'"{now + 2}"' and answer.json["version"] == now + 2
    apply(api, FILE, status=400, version=3, headers={"If-Match": '"3"'})
    refused = api.call("POST", APPLY, raw=FILE, headers={**TEXT, "If-Match": f'W/"{now + 2}"'})
    assert (refused.status_code, "weak tags" in refused.json["message"]) == (412, True)


def test_a_dry_run_changes_nothing(api: WholeApi) -> None:
    version, done = api.version, apply(api, FILE.replace("5s", "6s"), status=200, dry_run="true")
    assert (done["version"], done["changed"], done["state"]) == (version, True, "planned")
    assert "+    timeout client 6s   # short\n" in done["text"]
    assert (api.version, api.text) == (version, FILE)


def test_an_answer_can_be_brief(api: WholeApi) -> None:
    assert "text" not in apply(api, FILE.replace("5s", "6s"), brief="true")


def test_unknown_properties_are_named(api: WholeApi) -> None:
    done = apply(api, {"backends": [{"name": "new", "colour": "red"}]})
    assert done["ignored"] == ["backends: colour"]


def test_a_text_without_a_section_is_refused(api: WholeApi) -> None:
    assert "no section" in apply(api, "# nothing\n", status=422)["message"]


def test_who_is_overtaken_applies_onto_what_overtook(api: WholeApi) -> None:
    """Several controllers, each with backends of its own, lose nothing of each other's."""

    def controller(name: str) -> list[int]:
        bodies = [{"backends": [{"name": f"{name}-{n}", "mode": "tcp"} for n in range(upto)]} for upto in (1, 3, 2)]
        return [apply(api, body, only=f"backend/{name}-*", prune="true")["version"] for body in bodies]

    with ThreadPoolExecutor(4) as pool:
        versions = [version for made in pool.map(controller, "pqrs") for version in made]
    assert len(set(versions)) == 12
    document = api.app.services.config.snapshot().document
    assert {one.name for one in document.of_kind("backend")} == {
        "shop", *(f"{name}-{number}" for name in "pqrs" for number in range(2))
    }  # fmt: skip


@pytest.mark.recorded
@pytest.mark.parametrize("odd", [False, True])
def test_what_the_interface_shows_of_a_file_is_a_state_that_is_there(shared: Path, tmp_path: Path, odd: bool) -> None:
    (tmp_path / "golden").mkdir()
    text = prepare_golden(shared, tmp_path / "golden", odd).read_text("utf-8")
    api = WholeApi(tmp_path, text)
    view = next(one.view for one in api.app.served if one.version.name == "v3")
    kinds = (SectionCollection, SingleSection)
    names = [one.name_in("v3") for one in view.collections if isinstance(one, kinds)]
    shown = {name: api.call("GET", f"{V3}/{name}", full_section="true") for name in names}
    every = {name: one.json for name, one in shown.items() if one.status_code == 200}
    assert len(every) >= len(names) - 1
    for body in (every, api.text):
        assert apply(api, body, status=200, prune="true")["changed"] is False
    apply(api, "global\n  daemon\n")
    apply(api, every, prune="true")
    for name, one in every.items():
        assert known(api.call("GET", f"{V3}/{name}", full_section="true").json) == known(one), name


def known(shown: Any) -> Any:
    """What is shown, but for what the interface does not know, and cannot make."""
    if isinstance(shown, list):
        return [known(one) for one in shown]
    return {name: value for name, value in shown.items() if name not in ("x_unmanaged", "max_reqs")}


def test_rows_alone_of_a_text_and_of_resources(api: WholeApi):
    text = "backend shop\n  server a 192.0.2.9:80\n  server b 192.0.2.2:80\n  balance first\n"
    answer = apply(api, text, only="backend shop/servers")
    assert {one["kind"] for one in answer["changes"]} == {"server"}
    assert "    # the old one\n" in api.text and "192.0.2.9" in api.text and "balance first" not in api.text
    before = api.text
    shop = {"name": "shop", "servers": {"c": {"name": "c", "address": "192.0.2.3", "port": 80}}}
    answer = apply(api, {"backends": [shop, {"name": "unknown"}]}, only="servers")
    assert [(one["name"], one["change"]) for one in answer["changes"]] == [
        ("a", "deleted"), ("b", "deleted"), ("c", "created")
    ]  # fmt: skip
    assert [line for line in before.splitlines() if "server " not in line and "_version" not in line] == [
        line for line in api.text.splitlines() if "server " not in line and "_version" not in line
    ]
    answer = apply(api, {"backends": [{"name": "shop", "mode": "tcp"}]}, **{"except": "servers,backend shop/http_request_rules"})
    assert [(one["section"], one["kind"]) for one in answer["changes"]] == [("backend shop", "backend")]
    assert "did you mean servers" in apply(api, text, status=400, only="server")["message"]
