"""A sample of what `contrib/torture --injection` tries whole: hostile strings in what clients send."""

from pathlib import Path

import pytest

from dataplane_core.text.words import Words
from tests.laws.support import Everything
from tests.torture.beside import beside_haproxy
from tests.torture.hostile import verdicts
from tests.torture.hostile.baselines import search
from tests.torture.hostile.objects import Figures, subjects, try_some, try_subject
from tests.torture.hostile.requests import Document, send
from tests.torture.hostile.strings import HOSTILE, flat, leaves, put_at
from tests.torture.hostile.verdicts import Judge

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
def test_haproxy_reads_what_was_taken_as_it_was_said(api: Everything, tmp_path: Path, haproxy_program: str) -> None:
    figures = Figures()
    [(subject, known)] = [one for one in subjects(api) if one[0].name == "v3 http_request_rules"]
    found = search(subject, known).found
    try_subject(subject, dict(sorted(found.items())[::12]), figures)
    verdicts = Judge(haproxy_program, tmp_path).try_all(figures.texts)
    assert verdicts.breaches == []
    counts = verdicts.counts
    assert counts["taken"] and counts["refused by a message for the line"]
    assert counts["taken"] + counts["refused by a message for the line"] == counts["texts"] == len(figures.texts)


@pytest.mark.haproxy
def test_a_stream_of_events_is_asked_for_and_ended(tmp_path: Path, haproxy_program: str) -> None:
    """The whole matrix waited for the end of one."""
    with beside_haproxy(tmp_path, haproxy_program) as beside:
        spots = [one for one in Document(beside, "/dataplane/v1/openapi.json").spots() if one.is_stream]
        assert {one.path for one in spots} == {"/dataplane/v1/events", "/dataplane/v1/live"}
        assert {send(beside, one, "a").status_code for one in spots} <= {200, 400}


PLANTED = {
    "defaults base\n\nbackend own\n  description a\n  balance first\n": "two lines, as HAProxy reads them",
    "defaults base\n\nbackend own\n  description a\\ b # c\n": "a comment",
    "defaults base\n\nbackend own\n  description a b\n": "an argument too many",
}


@pytest.mark.haproxy
def test_what_haproxy_reads_otherwise_is_found(tmp_path: Path, haproxy_program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that does not know comments has other words than HAProxy; and each refusal is for its own section."""
    assert Judge(haproxy_program, tmp_path / "as it is").try_all(PLANTED).breaches == []
    lines = {"defaults base\n\nbackend own\n  description a\\r\\nb\n": "a word of two lines"}
    assert Judge(haproxy_program, tmp_path / "in a word").try_all(lines).breaches == []
    monkeypatch.setattr(verdicts, "words", lambda line, environ: Words(tuple(line.replace("\\ ", " ").split())))
    [told] = Judge(haproxy_program, tmp_path / "planted").try_all(PLANTED).breaches
    assert told.startswith("a comment: is 'description a b' to HAProxy")


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
