"""Proxies in versions 2 and 3: what one writes the other reads, and putting back changes no byte."""

import difflib

import pytest

from dataplane_core.text.lines import with_last_newline
from tests.golden.offline import registry
from tests.laws.support import SPELLINGS, Everything, odd

TOPS = {"v2": "/v2/services/haproxy/configuration", "v3": "/v3/services/haproxy/configuration"}
KINDS = {"backends": "backends", "frontends": "frontends", "defaults": "named_defaults"}


@pytest.fixture(scope="module", params=["as it is", "all but two quoted"])
def api(request, tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("proxies"), odd(registry(), SPELLINGS[request.param]))


def data(api, version, path):
    answer = api.call("GET", f"{TOPS[version]}/{path}").json
    return answer["data"] if version == "v2" else answer


def put(api, version, path, body):
    return api.call("PUT", f"{TOPS[version]}/{path}", body, version=api.version)


def same_text(before, after, where):
    told = difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=0)
    assert after == before, f"{where}\n" + "".join(told)


@pytest.mark.parametrize("kind", KINDS)
def test_putting_back_what_version_3_shows_changes_nothing(api, kind):
    before = with_last_newline(api.text)
    for one in data(api, "v3", kind):
        path = f"{kind}/{one['name']}"
        answer = put(api, "v3", path, one)
        assert answer.status_code in (200, 202), f"{path}: {answer.text}"
        same_text(before, api.text, path)
        if kind == "frontends":
            rows = f"{path}/force_be_switches"
            for at, row in enumerate(data(api, "v3", rows)):
                assert put(api, "v3", f"{rows}/{at}", row).status_code in (200, 202)
                same_text(before, api.text, rows)


@pytest.mark.parametrize("kind", KINDS)
def test_both_versions_show_the_same_of_what_both_have(api, kind):
    old = {one["name"]: one for one in data(api, "v2", KINDS[kind])}
    new = {one["name"]: one for one in data(api, "v3", kind)}
    assert old.keys() == new.keys()
    tried: set[str] = set()
    for name, one in new.items():
        shared = one.keys() & old[name].keys() - {"x_unmanaged"}
        tried |= shared
        for key in shared:
            inner = one[key], old[name][key]
            if all(isinstance(value, dict) for value in inner):
                inner = tuple({k: v for k, v in value.items() if k in inner[0].keys() & inner[1].keys()} for value in inner)
            assert inner[0] == inner[1] or isinstance(inner[0], list), f"{kind} {name} {key}"
    assert len(tried) > 40


@pytest.mark.parametrize("line", ["option abortonclose", "force-be-switch if { src 10.0.0.1 }", "guid g1 # {\"a\":1}"])
def test_a_put_of_version_2_keeps_what_only_version_3_says(tmp_path, line):
    text = f"global\nfrontend f # {{\"o\":1}}\n  mode http\n  {line}\n"
    api = Everything(tmp_path, text)
    body = data(api, "v2", "frontends/f")
    if "guid" not in line:
        assert body["x_unmanaged"] == [line]  # nothing of the file is out of sight
    assert put(api, "v2", "frontends/f", body | {"maxconn": 5}).status_code in (200, 202)
    assert f"  {line}\n" in api.text
    assert "frontend f # {\"o\":1}\n" in api.text
    assert data(api, "v3", "frontends/f")["metadata"] == {"o": 1}
