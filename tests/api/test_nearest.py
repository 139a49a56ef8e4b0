"""What an answer of 404 says may have been meant."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane_core.api import nearest
from dataplane_core.api.nearest import KnownPaths
from tests.laws.support import Everything

HAPROXY = "/v2/services/haproxy"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("nearest"))


@pytest.fixture(scope="module")
def templates(api):
    return [route.template for route in api.app.served[0].routes]


@pytest.fixture(scope="module")
def known(templates):
    found = KnownPaths()
    found.add("/v2", templates)
    return found


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (f"{HAPROXY}/configuration/backend", [f"{HAPROXY}/configuration/backends"]),
        (f"{HAPROXY}/configuration/backend/b1", [f"{HAPROXY}/configuration/backends/b1"]),
        (f"{HAPROXY}/configuration/Backends", [f"{HAPROXY}/configuration/backends"]),
        (f"{HAPROXY}/configuration/globals", [f"{HAPROXY}/configuration/global"]),
        (f"{HAPROXY}/configuration/http-request-rule", [f"{HAPROXY}/configuration/http_request_rules"]),
        (f"{HAPROXY}/configuratoin/backends", [f"{HAPROXY}/configuration/backends"]),
        (f"{HAPROXY}/config/acls", [f"{HAPROXY}/configuration/acls"]),
        (f"{HAPROXY}/backends", [f"{HAPROXY}/configuration/backends"]),
        (f"{HAPROXY}/raw", [f"{HAPROXY}/configuration/raw"]),
        (f"{HAPROXY}/configuration/backends/b1/binds", [f"{HAPROXY}/configuration/binds"]),
        (f"{HAPROXY}/storage/certificates", [f"{HAPROXY}/storage/ssl_certificates"]),
        ("/v2/backends", [f"{HAPROXY}/configuration/backends"]),
        ("/v2/configuration/backends", [f"{HAPROXY}/configuration/backends"]),
        ("/services/haproxy/configuration/backends", [f"{HAPROXY}/configuration/backends"]),
        ("/v1/services/haproxy/configuration/acl", [f"{HAPROXY}/configuration/acls"]),
        ("/V2/info", ["/v2/info"]),
        ("/docs", ["/v2/docs"]),
        ("/v2/servers", [f"{HAPROXY}/configuration/servers", f"{HAPROXY}/runtime/servers"]),
        # what is like nothing, like too many, or there already
        *((path, []) for path in ("/", "/v2", "//", "/metrics", "/wp-login.php", "/v2/rules")),
        (f"{HAPROXY}/configuration/backends", []),
        (f"{HAPROXY}/configuration/frontends/f/x/y/z", []),
    ],
)  # fmt: skip
def test_what_may_have_been_meant(known, asked, meant):
    assert known.nearest(asked) == meant


def test_every_path_is_found_without_its_beginning(known, templates):
    for template in templates[1:]:
        path = re.sub(r"\{\w+\}", "x1", template)
        if path != "/":
            assert f"/v2{path}" in known.nearest(path)


def test_every_path_is_found_with_a_letter_less(known, templates):
    for template in templates:
        last = [word for word in template.split("/") if not word.startswith("{")][-1]
        wrong = template.replace(f"/{last}", f"/{last[:-1]}")
        if len(last) > 3 and wrong not in templates:
            assert f"/v2{template}" in known.nearest(f"/v2{wrong}")


def test_the_answer_names_it(api):
    answer = api.call("GET", f"{HAPROXY}/configuration/backend")
    assert answer.status_code == 404
    assert answer.json["message"] == (
        f"path {HAPROXY}/configuration/backend was not found;"
        f" did you mean {HAPROXY}/configuration/backends?"
    )


WORDS = st.text(st.sampled_from("_abcdefghilnoprstuv"), min_size=1, max_size=60)


def test_its_cost_is_bounded(known, templates, monkeypatch):
    compared = 0
    closeness = nearest._closeness

    def count(*arguments):
        nonlocal compared
        compared += 1
        return closeness(*arguments)

    monkeypatch.setattr(nearest, "_closeness", count)
    names = sorted({word for one in templates for word in one.split("/") if word})

    @given(st.lists(st.sampled_from(names) | WORDS, max_size=40))
    @settings(max_examples=200)
    def asked(segments):
        nonlocal compared
        compared = 0
        known.nearest("/v2/" + "/".join(segments))
        assert compared <= 4 * len(names)

    asked()
    compared = 0
    assert known.nearest("/v2/" + "a/" * 100_000) == known.nearest("/v2/" + "a" * 1_000_000) == []
    assert compared == 0
