"""What a section inherits from is shown in version 3 where it is not written, too, and stays unwritten."""

import pytest

from tests.laws.support import Everything

V3 = "/v3/services/haproxy/configuration"
TEXT = """\
global
backend alone
defaults
  mode http
frontend f
  bind :8000
defaults d
  mode http
backend b
backend c from d
"""


@pytest.fixture
def api(tmp_path):
    return Everything(tmp_path, TEXT)


def origins(api: Everything, top: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for kind in ("backends", "frontends", "defaults"):
        answer = api.call("GET", f"{top}/{kind}").json
        for one in answer if isinstance(answer, list) else answer["data"]:
            assert api.call("GET", f"{top}/{kind}/{one['name']}").json in (one, {"_version": api.version, "data": one})
            found[one["name"]] = one.get("from")
    return found


def test_what_a_section_inherits_from_is_shown(api):
    assert origins(api, V3) == {
        "alone": None, "b": "d", "c": "d", "f": "unnamed_defaults_1", "unnamed_defaults_1": None, "d": None,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["frontends/f", "backends/b", "backends/c", "backends/alone"])
def test_putting_it_back_writes_nothing(api, path):
    body = api.call("GET", f"{V3}/{path}").json
    answer = api.call("PUT", f"{V3}/{path}", body, version=api.version)
    assert answer.status_code in (200, 202), answer.text
    assert api.text.endswith(TEXT)


def test_a_new_section_shows_what_it_was_made_with(api):
    body = {"name": "new", "mode": "tcp", "from": "d"}
    assert api.call("POST", f"{V3}/backends", body, version=api.version).status_code == 202
    assert api.call("GET", f"{V3}/backends/new").json == body
    assert "backend new\n" in api.text
