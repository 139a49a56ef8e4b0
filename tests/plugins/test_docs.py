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
