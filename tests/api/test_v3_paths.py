"""Paths that `/v3` alone has, and what it answers where a parent is missing."""

from pathlib import Path

import pytest

from tests.api.support import Api

TOP = "/v3/services/haproxy/configuration"
TRACE = {"trace": "h1 sink stderr"}
OTHER = {"trace": "h2 start now"}
TEXT = """\
global
defaults d
  mode http
frontend fe
  bind :80 name b1
  bind :81 name b2
backend be
  server s1 10.0.0.1
  server s2 10.0.0.2
"""


class Whole(Api):
    """The application with all its own plugins."""

    def wanted(self, plugins: object) -> None:
        return None

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        """Status and answer; a change is one to the newest version."""
        query = {} if method == "GET" else {"version": self.version}
        answer = self.call(method, f"{TOP}/{path}", body, **query)
        return answer.status_code, answer.json if answer.text else None


@pytest.fixture
def api(tmp_path: Path) -> Whole:
    return Whole(tmp_path, TEXT)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """One for all tests that change nothing."""
    return Whole(tmp_path_factory.mktemp("unchanged"), TEXT)


def test_a_single_section_is_made_and_deleted(api: Whole) -> None:
    assert api.ask("GET", "traces")[0] == api.ask("DELETE", "traces")[0] == 404
    assert api.ask("POST", "traces/entries", TRACE)[0] == 400
    assert api.ask("POST", "traces", {"entries": [TRACE]}) == (202, {"entries": [TRACE]})
    assert api.ask("POST", "traces", {"entries": []})[0] == 409
    assert api.ask("GET", "traces") == (200, {"entries": [TRACE]})
    assert api.ask("PUT", "traces", {"entries": [OTHER]})[0] == 202
    assert "traces\n  trace h2 start now\n" in api.text
    assert api.ask("DELETE", "traces") == (202, None)
    assert api.text == TEXT
    assert api.ask("PUT", "traces", {"entries": [OTHER]})[0] == 202


def test_an_element_of_a_list_comes_and_goes_by_itself(api: Whole) -> None:
    text = "traces\n  # first\n  trace  h1 sink  stderr # why\n  trace all\n"
    api.file.write_text(text + TEXT)
    assert api.ask("POST", "traces/entries", OTHER) == (202, OTHER)
    assert api.text.startswith(text + "  trace h2 start now\n")
    assert api.ask("DELETE", "traces/entries", {"trace": "none"})[0] == 404
    assert api.ask("DELETE", "traces/entries", {"trace": "all"}) == (202, None)
    assert api.text.startswith(text.replace("  trace all\n", "  trace h2 start now\n"))
    assert api.ask("POST", "traces/entries", {})[0] == 422
    assert api.ask("POST", "traces/entries", [])[0] == 422


def test_a_put_on_the_collection_makes_a_section(api: Whole) -> None:
    assert api.ask("PUT", "defaults", {"name": "e", "mode": "tcp"})[0] == 202
    assert "defaults e\n  mode tcp\n" in api.text
    assert api.ask("PUT", "defaults", {"name": "e"})[0] == 409
    assert api.ask("POST", "defaults", {"name": "d"})[0] == 409
    assert sorted(one["name"] for one in api.ask("GET", "defaults")[1]) == ["d", "e"]  # type: ignore[index]
    gone = api.call("DELETE", f"{TOP}/defaults/e", version=api.version, full_section="true")
    assert gone.status_code == 202
    assert api.ask("PUT", "backends", {"name": "x"})[0] == 405


@pytest.mark.parametrize(
    ("path", "listed", "made"),
    [
        ("backends/none/servers", 200, 400),
        ("backends/none/acls", 200, 400),
        ("frontends/none/captures", 404, 404),
        ("crt_stores/none/crt_loads", 400, 400),
        ("users?userlist=none", 404, 400),
        ("groups?userlist=none", 404, 400),
        ("nameservers?resolver=none", 400, 400),
        ("peer_entries?peer_section=none", 400, 400),
        ("mailer_entries?mailers_section=none", 400, 400),
    ],
)
def test_where_the_parent_is_missing(
    unchanged: Whole, path: str, listed: int, made: int
) -> None:
    where, _, query = path.partition("?")
    answer = unchanged.call("GET", f"{TOP}/{path}")
    assert answer.status_code == listed
    assert answer.status_code != 200 or answer.json == []
    bodies = {
        "servers": {"name": "n", "address": "x"},
        "acls": [{"acl_name": "a", "criterion": "src", "value": "::1"}],
        "captures": [{"type": "request", "length": 3}],
        "crt_loads": {"certificate": "a"},
        "users": {"username": "u", "password": "p", "secure_password": False},
        "groups": {"name": "g"},
        "nameservers": {"name": "n", "address": "::1", "port": 53},
        "peer_entries": {"name": "n", "address": "::1", "port": 53},
        "mailer_entries": {"name": "n", "address": "::1", "port": 53},
    }
    body = bodies[where.rpartition("/")[2]]
    parent = dict([query.split("=")]) if query else {}
    method = "PUT" if isinstance(body, list) else "POST"
    assert unchanged.refused(method, f"{TOP}/{where}", body, **parent)[:2] == (made, made)


@pytest.mark.parametrize(
    "name",
    ["backends", "frontends", "defaults", "caches", "resolvers", "acme", "crt_stores", "rings",
     "http_errors_sections", "mailers_section", "fcgi_apps", "log_forwards"],
)  # fmt: skip
def test_a_missing_section_is_not_made_by_a_put(unchanged: Whole, name: str) -> None:
    body = {"name": "none", "log_tag": "x", "docroot": "/", "directory": "https://x.org/d",
            "error_files": [{"code": 503, "file": "/503.http"}]}  # fmt: skip
    assert unchanged.refused("PUT", f"{TOP}/{name}/none", body)[:2] == (404, 404)


def test_another_name_in_a_put_renames_a_row_unless_it_is_taken(api: Whole) -> None:
    servers, binds = "backends/be/servers", "frontends/fe/binds"
    for path, old, taken in ((servers, "s1", "s2"), (binds, "b1", "b2")):
        body = {"name": taken, "address": "10.9.9.9", "port": 9}
        assert api.ask("PUT", f"{path}/{old}", body)[0] == 409
        assert api.ask("PUT", f"{path}/{old}", {**body, "name": "new"})[0] == 202
        assert api.ask("GET", f"{path}/{old}")[0] == 404
        assert api.ask("GET", f"{path}/new")[0] == 200


def test_another_name_in_a_put_keeps_that_of_a_section(api: Whole) -> None:
    status, answer = api.ask("PUT", "backends/be", {"name": "other", "mode": "tcp"})
    assert status == 202
    assert api.ask("GET", "backends/other")[0] == 404
    assert api.ask("GET", "backends/be")[1]["mode"] == "tcp"  # type: ignore[index]
    assert api.ask("PUT", "backends/be", {"mode": "tcp"})[0] == 422
    assert answer == {"name": "other", "mode": "tcp"}


def test_a_bare_version_and_lists(unchanged: Whole) -> None:
    assert unchanged.ask("GET", "version") == (200, 1)
    (backend,) = unchanged.call("GET", f"{TOP}/backends").json
    assert backend["name"] == "be"
