"""Every change of every version is judged by where it comes from, and everything by the name it was asked at."""

import pytest

from tests.api.every_operation import every_operation
from tests.laws.support import Everything

OTHER = ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"})
FORMS = ({"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data; boundary=x"}, {})
"""What a page may send without being asked before: a text, a form, nothing."""


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("cross_site"))


def test_no_page_of_another_site_changes_anything(api):
    tried = 0
    before = api.text
    for method, path, operation in every_operation(api):
        if method == "GET":
            continue
        for number, sign in enumerate(OTHER):
            form = FORMS[(tried + number) % len(FORMS)]
            raw = "x" if form else None
            answer = api.call(method, path, raw=raw, headers={**sign, **form, "Host": "localhost"})
            assert answer.status_code == 403, (method, path, operation.id, sign, answer.text)
        tried += 1
    assert tried > 500
    assert api.text == before


def test_nothing_is_answered_at_an_unknown_name(api):
    """Credentials or none, open or not: a page may have come here by a name that leads here."""
    tried = 0
    for method, path, operation in every_operation(api):
        answer = api.call(method, path, headers={"Host": "evil.example:5555"}, user=("admin:pw", None)[tried % 2])
        assert answer.status_code == 403, (method, path, operation.id, answer.text)
        tried += 1
    assert tried > 1000


@pytest.mark.parametrize("path", ["/", "/dataplane/v1", "/v3/none", "/v2/none", "/v1/none", "/dataplane/v1/none", "/v3/info", "/v2/info"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PURGE"])
def test_nor_where_there_is_no_operation(api, method, path):
    if (method, path[-5:]) != ("GET", "/info"):
        headers = {"Host": "evil.example", "Accept": "text/html"}
        assert api.call(method, path, headers=headers).status_code in ({403} if path != "/" or method == "GET" else {403, 405})
    if method != "GET" and path != "/":
        assert api.call(method, path, headers={"Origin": "https://evil.example"}).status_code == 403
