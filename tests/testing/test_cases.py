"""Recorded cases: what they compare, and that those of another server run as they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.testing import LocalServer, RecordedCase, read_cases

TEXT = "backend be\n  server a 192.0.2.1:80 # first\n\nbackend other\n  mode http\n"
POST: dict[str, Any] = {
    "method": "POST", "path": "servers", "query": {"backend": "be"}, "body": {"name": "b", "address": "192.0.2.2", "port": 80},
    "status": 202, "section": "backend be", "lines": ["server  b 192.0.2.2:80"],
    "returned": {"name": "b", "address": "192.0.2.2", "port": 80},
}  # fmt: skip


@pytest.fixture
def server(local_server: Any) -> LocalServer:
    made: LocalServer = local_server(TEXT)
    return made


def test_a_case_that_holds_leaves_the_file_as_it_was(server: LocalServer) -> None:
    RecordedCase.of(POST).check(server)
    assert server.text == TEXT
    RecordedCase.of({**POST, "section": None}).check(server)


DIFFERENT = [
    ({"status": 201}, "the status should be 201, and is 202"),
    ({"lines": ["server b"]}, "the lines should be ['server b'], and is ['server b 192.0.2.2:80']"),
    ({"removed": ["mode http"]}, "the removed lines should be ['mode http'], and is []"),
    ({"section": "backend other"}, "backend be has changed, too"),
    ({"returned": {"name": "c"}}, "the returned object should be {'name': 'c'}, and is {"),
    ({"get": "servers/z"}, "the status of the GET should be 200, and is 404"),
    ({"answer": {}}, "the answer should be {}, and is {"),
    ({"body": {"name": "a", "address": "x"}, "status": 409, "message": "of that name", "section": "backend be"}, "the message is 'object already exists: server a"),
    ({"body": {"name": "a", "address": "x"}, "code": 1}, "the code should be 1, and is "),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), DIFFERENT)
def test_what_is_not_as_recorded_is_said(server: LocalServer, change: dict[str, Any], said: str) -> None:
    found = RecordedCase.of({**POST, **change}).breaches(server)
    assert any(one.startswith(said) for one in found), found
    assert server.text == TEXT
    with pytest.raises(AssertionError, match="POST servers: "):
        RecordedCase.of({**POST, **change}).check(server)


def test_other_methods(server: LocalServer) -> None:
    gone = {"method": "DELETE", "path": "/v3/services/haproxy/configuration/backends/be/servers/a", "status": 202,
            "section": "backend be", "removed": ["server a 192.0.2.1:80"]}  # fmt: skip
    RecordedCase.of(gone).check(server)
    whole = {"method": "DELETE", "path": "backends/other", "section": "backend other", "removed": ["mode http"]}
    RecordedCase.of(whole).check(server)
    read = {"method": "GET", "path": "servers/a", "query": {"backend": "be"}, "answer": {"name": "a", "address": "192.0.2.1", "port": 80}}
    RecordedCase.of(read).check(server)
    refused = {**POST, "body": {"name": "b"}, "status": 422, "code": 602, "message": "address", "lines": [], "returned": None}
    RecordedCase.of(refused).check(server)


def test_a_file_of_cases(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps({**POST, "id": "one", "why": "it was so"}) + "\n\n" + json.dumps(POST) + "\n")
    assert [case.id for case in read_cases(file)] == ["one", ""]
    for wrong, said in (("{", "Expecting"), ('{"path": "x"}', "has a method and a path"), ("[]", "has a method and a path: ..")):
        file.write_text("\n" + wrong)
        with pytest.raises(ValueError, match=r"cases\.jsonl:2: .*" + said):
            read_cases(file)


def test_it_has_to_say_what_to_get() -> None:
    case = RecordedCase.of({"method": "POST", "path": "x", "body": {"value": 1}, "id": "odd"})
    with pytest.raises(ValueError, match="the case odd does not say what to `get`"):
        case._own_path()


@pytest.mark.recorded
def test_the_recorded_cases_of_another_server_run_as_they_are(shared: Path, local_server: Any) -> None:
    server = local_server((shared / "golden" / "files" / "base.cfg").read_text().replace("@FILES@", "/files"))
    tried = 0
    for line in (shared / "golden" / "write.jsonl").read_text().splitlines():
        data = json.loads(line.replace("@FILES@", "/files"))
        if data["resource"] in ("acl", "server") and tried < 40:
            RecordedCase.of(data).check(server)
            tried += 1
    assert tried == 40
