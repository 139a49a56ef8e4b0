"""All answers of a deprecated API version say so, and lead to what has taken its place."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.api.v2 import V2
from dataplane_core.app import VERSIONS, serve
from dataplane_core.plugin import Operation, Response, impl
from tests.api.support import Api

CONFIGURATION = "/services/haproxy/configuration"
SINCE = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)


class V0(V2):
    """A version that version 2 has replaced."""

    name, prefix, deprecated, successor = "v0", "/v0", SINCE, "v2"


class Plugin:
    """Paths of which one is in the old version alone."""

    def on_get(self, req: Any, resp: Any, name: str = "") -> None:
        if name == "broken":
            raise RuntimeError(name)
        resp.media = name

    @impl
    def dataplane_routes(self, routes: Any) -> None:
        def get(name: str) -> dict[str, Operation]:
            return {"GET": Operation(name, name, "Stranger", responses={"200": Response("It.")})}

        routes.add("/gone", self, get("getGone"), versions=("v0",))
        routes.add("/strangers/{name}", self, get("getStranger"), versions=("v0",))
        routes.add("/strangers/{id}", self, get("getOther"), versions=("v2",))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    api = Api(tmp_path_factory.mktemp("old"), plugins=[Plugin()])
    api.client.app = serve(api.app.services, (*VERSIONS, V0()))
    yield api


ANSWERS = [
    ("GET", f"{CONFIGURATION}/backends", {}, 200, f"{CONFIGURATION}/backends"),
    ("GET", f"{CONFIGURATION}/backends/", {}, 200, f"{CONFIGURATION}/backends"),
    ("GET", f"{CONFIGURATION}/backends/nosuch", {}, 404, f"{CONFIGURATION}/backends/nosuch"),
    ("GET", f"{CONFIGURATION}/backends/a%3E%2Fb%C3%A9%22", {}, 404, f"{CONFIGURATION}/backends/a%3E%2Fb%C3%A9%22"),
    ("GET", f"{CONFIGURATION}/backends", {"user": None}, 401, f"{CONFIGURATION}/backends"),
    ("GET", f"{CONFIGURATION}/backends", {"headers": {"Accept": "text/css"}}, 406, f"{CONFIGURATION}/backends"),
    ("PATCH", f"{CONFIGURATION}/backends", {}, 405, f"{CONFIGURATION}/backends"),
    ("POST", f"{CONFIGURATION}/backends", {"raw": "{"}, 400, f"{CONFIGURATION}/backends"),
    ("GET", "/strangers/an", {}, 200, "/strangers/an"),
    ("GET", "/gone", {}, 200, ""),
    ("GET", "/nosuch", {}, 404, ""),
    ("GET", "", {}, 200, ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "more", "status", "link"), ANSWERS)
def test_every_answer_says_so(
    api: Api, method: str, path: str, more: dict[str, Any], status: int, link: str
) -> None:
    answer = api.call(method, f"/v0{path}", **more)
    assert answer.status_code == status
    assert answer.headers["Deprecation"] == f"@{int(SINCE.timestamp())}"
    assert answer.headers["Link"] == f'</v2{link}>; rel="successor-version"'
    if method in ("GET", "PATCH", "POST"):
        other = api.call(method, f"/v2{path}", **more)
        assert other.headers.keys().isdisjoint({"deprecation", "link"})


def test_a_failure_that_nobody_foresaw_says_so(api: Api) -> None:
    answer = api.call("GET", "/v0/strangers/broken")
    assert (answer.status_code, "Deprecation" in answer.headers) == (500, True)


def test_an_answer_that_is_known_already_says_so(api: Api) -> None:
    first, second = (api.call("GET", f"/v0{CONFIGURATION}/backends") for _ in range(2))
    assert first.headers["Link"] == second.headers["Link"]


def test_paths_that_begin_like_it_are_others(api: Api) -> None:
    for path in ("/v00/x", "/v9"):
        assert api.call("GET", path).headers.keys().isdisjoint({"deprecation", "link"})


def test_a_successor_that_is_not_served_is_no_link(tmp_path: Path) -> None:
    api = Api(tmp_path)
    api.client.app = serve(api.app.services, (V0(),))
    answer = api.call("GET", f"/v0{CONFIGURATION}/backends")
    assert ("Deprecation" in answer.headers, "Link" in answer.headers) == (True, False)


def test_pages_of_other_origins_can_read_it(tmp_path: Path) -> None:
    api = Api(tmp_path, dataplane__cors_origins=("https://a.example",))
    api.client.app = serve(api.app.services, (*VERSIONS, V0()))
    answer = api.call("GET", f"/v0{CONFIGURATION}/backends", headers={"Origin": "https://a.example"})
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Deprecation", "Link"} <= set(exposed)


def test_what_replaces_a_version_is_a_version() -> None:
    names = {one.name for one in VERSIONS}
    assert {one.successor for one in VERSIONS} <= {*names, ""}
    assert all(one.successor for one in VERSIONS if one.deprecated)
