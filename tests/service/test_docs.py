"""The page that shows the specification, and the files that it refers to."""

import pytest

from dataplane_plugins.service.docs import MEDIA
from tests.laws.support import Everything


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("docs"))


def test_the_page_and_its_files(api):
    page = api.call("GET", "/v2/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for name, media in MEDIA.items():
        answer = api.call("GET", f"/v2/docs/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        tag = {"If-None-Match": answer.headers["etag"]}
        assert api.call("GET", f"/v2/docs/{name}", headers=tag).status_code == 304


@pytest.mark.parametrize("name", ["nope", "docs.html", "docs.py", "..%2Fdocs.py", "assets%2Fdocs.js"])
def test_a_file_that_is_not_there(api, name):
    status, code, message = api.refused("GET", f"/v2/docs/{name}")
    assert (status, code) == (404, 404)
    assert message == f"the documentation has no file {name.replace('%2F', '/')}"


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "leads_to"), [("/v2", "v2/docs"), ("/v2/", "../v2/docs")]
)
def test_a_browser_is_led_to_the_page(api, path, leads_to):
    answer = api.call("GET", path, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, leads_to)


def test_a_program_gets_the_list_at_the_top_of_a_version(api):
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = api.call("GET", "/v2", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert {"/docs", "/info"} <= {one["url"] for one in answer.json}


def test_above_all_versions_is_nothing_but_the_way_to_the_page(api):
    assert api.call("GET", "/", user=None).status_code == 302
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        answer = api.call(method, "/", user=None)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(("path", "base"), [("/v2/docs", "../v2"), ("/v2/docs/", "../../v2")])
def test_the_page_refers_to_what_is_beside_it(api, path, base):
    assert f'href="{base}/docs/swagger-ui.css"' in api.call("GET", path).text
