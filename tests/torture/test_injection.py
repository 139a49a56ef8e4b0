"""A sample of what `contrib/torture --injection` tries whole: hostile strings in what clients send."""

from pathlib import Path

import pytest

from tests.laws.support import Everything
from tests.torture.beside import beside_haproxy
from tests.torture.hostile.baselines import search
from tests.torture.hostile.objects import Figures, subjects, try_some, try_subject
from tests.torture.hostile.requests import try_requests
from tests.torture.hostile.strings import HOSTILE, flat, leaves, put_at
from tests.torture.injection import known_schemas

SEED = 17


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return Everything(tmp_path_factory.mktemp("hostile"), "global\n")


@pytest.mark.parametrize("name", ["v1 servers", "v3 acls"])
def test_no_string_says_more_than_its_property(api: Everything, name: str) -> None:
    figures = Figures()
    [(subject, known)] = [one for one in subjects(api) if one[0].name == name]
    found = search(subject, known)
    assert found.missing == []
    try_subject(subject, found.found, figures)
    assert figures.breaches == []
    assert figures.counts["taken"] > 0
    assert figures.counts["tried"] == len(subject.wanted) * len(HOSTILE)


def test_a_sample_of_all_objects(api: Everything) -> None:
    figures = try_some(api, SEED, 4)
    assert figures.breaches == []
    assert figures.counts["tried"] == figures.properties * len(HOSTILE)


@pytest.mark.haproxy
def test_a_sample_of_all_parameters_and_other_bodies(api: Everything, tmp_path: Path, haproxy_program: str) -> None:
    with beside_haproxy(tmp_path, haproxy_program) as beside:
        figures = try_requests(beside, known_schemas(api), 6, SEED)
    assert figures.breaches == []
    assert figures.counts["tried"] == 6 * len(HOSTILE)


def test_each_string_has_its_place() -> None:
    body = {"a": {"b": ["x", {"c": "y"}]}, "n": 1}
    assert list(leaves(body)) == [("a.b[]", ("a", "b", 0)), ("a.b[].c", ("a", "b", 1, "c"))]
    assert dict(flat(body))["n",] == 1
    put_at(body, ("a", "b", 0), "z")
    assert body == {"a": {"b": ["z", {"c": "y"}]}, "n": 1}


def test_a_row_without_its_name_in_a_whole_section_is_refused(api: Everything) -> None:
    """Found by the whole matrix: it was answered with 500."""
    body = {"name": "own", "tables": {"t": {"name": "", "type": "ip", "size": "1k"}}}
    path = "/v3/services/haproxy/configuration/peer_section"
    answer = api.call("POST", path, body, version=api.version, full_section="true")
    assert answer.status_code == 422
    assert "name in body is required" in answer.json["message"]
