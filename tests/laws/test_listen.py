"""A `listen` section is a frontend and a backend in one: by either name all its rows are there."""

from collections.abc import Iterator

import pytest

from dataplane_core.haproxy import binaries
from dataplane_core.resources.collections import RowCollection
from dataplane_core.testing.judging import check
from tests.golden.offline import registry
from tests.laws.support import Everything, clean, is_in_v2

TEXT = """\
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen l # both
  balance leastconn
  future-keyword 1
"""
REGISTRY = registry()
SIDES = [
    (one.name, kind)
    for one in REGISTRY.all_rows()
    if "listen" in one.parents and is_in_v2(REGISTRY, one)
    for kind in one.parents
    if kind in ("frontend", "backend")
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return Everything(tmp_path_factory.mktemp("listen"), TEXT)


def queries(one: RowCollection, side: str) -> Iterator[dict[str, str]]:
    """The ways to name the section as a frontend or a backend, and as what it is."""
    if one.query.typed:
        yield {"parent_type": side, "parent_name": "l"}
        yield {"parent_type": "listen", "parent_name": "l"}
    if one.query.parameter and one.parents[0] == side:
        yield {one.query.parameter: "l"}


@pytest.mark.parametrize(("name", "side"), SIDES)
def test_rows_are_made_shown_changed_and_deleted(api: Everything, name: str, side: str) -> None:
    one = api.registry.collections[name]
    assert isinstance(one, RowCollection)
    api.file.write_text(TEXT)
    examples = one.table.statement.examples[: 3 if one.indexed else 1]
    api.file.write_text(TEXT + "".join(f"  {line}\n" for line in examples))
    all_queries = list(queries(one, side))
    shown = api.get(name, **all_queries[0])
    assert len(shown) == len(examples)
    key = "0" if one.indexed else shown[0][str(one.key)]
    for query in all_queries:
        assert api.get(name, **query) == shown
        assert api.get(f"{name}/{key}", **query) == shown[0]
        before = api.text
        api.change("PUT", f"{name}/{key}", shown[0], **query)
        assert api.text == before
        api.change("DELETE", f"{name}/{key}", **query)
        assert [clean(item) for item in api.get(name, **query)] == [clean(item) for item in shown[1:]]
        if one.indexed or one.unnamed is None:
            api.change("POST", name, shown[0], **query)
            assert len(api.get(name, **query)) == len(shown)
        api.file.write_text(before)


def test_a_frontend_of_its_name_goes_first(api: Everything) -> None:
    api.file.write_text(TEXT + "  acl a path /\nfrontend f\n  acl b path /\nbackend f\n  acl c path /\n")
    for side, name in (("frontend", "b"), ("backend", "c")):
        assert api.get("acls", parent_type=side, parent_name="f")[0]["acl_name"] == name
    refused = api.refused("DELETE", "acls/0", parent_type="frontend", parent_name="none")
    assert "frontend none does not exist" in refused[2]


def test_what_the_section_says_itself_is_shown(api: Everything) -> None:
    api.file.write_text(TEXT + "  maxconn 5\n  option httplog\n")
    shown = {
        "name": "l", "balance": {"algorithm": "leastconn"}, "maxconn": 5, "httplog": True,
        "x_unmanaged": ["future-keyword 1"],
    }  # fmt: skip
    assert api.get("listens") == [shown]
    assert api.get("listens/l") == shown
    assert api.refused("GET", "listens/f")[0] == 404
    for method in ("PUT", "DELETE"):
        assert api.call(method, "listens/l", shown, version=api.version).status_code == 405


PROGRAM = binaries.installed().get("2.8")


@pytest.mark.haproxy
@pytest.mark.skipif(PROGRAM is None, reason="HAProxy 2.8 is not here; the extra `embedded` has it")
def test_haproxy_lets_no_other_proxy_have_its_name(api: Everything) -> None:
    for kind in ("frontend", "backend"):
        api.file.write_text(TEXT.replace("  future-keyword 1\n", "") + f"{kind} l\n")
        assert not check(str(PROGRAM), api.file, "-W")[0]


@pytest.mark.parametrize("path", ["frontends", "backends"])
def test_its_name_is_taken_for_both_of_its_halves(api: Everything, path: str) -> None:
    api.file.write_text(TEXT)
    answer = api.call("POST", path, {"name": "l"}, version=api.version)
    assert answer.status_code == 409, answer.text
    farm = {"name": "l", "use_as": "default"}
    for site in ({"name": "l"}, {"name": "s", "farms": [farm]}):
        answer = api.call("POST", "/v2/services/haproxy/sites", site, version=api.version)
        assert answer.status_code == 409, answer.text
    assert api.file.read_text() == TEXT
