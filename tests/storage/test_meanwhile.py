"""A stored file and the configuration that are changed at the same time: one of both gives way."""

import os
import threading
from contextlib import suppress

import pytest

from dataplane_core.references import UsedFiles
from dataplane_core.store.candidate import Candidate
from tests.harness.waiting import PATIENCE, until
from tests.storage.support import Storage

RULES = "/v2/services/haproxy/configuration/http_request_rules?parent_type=frontend&parent_name=fe"
CONFIG = "# _version=7\nfrontend fe\n  bind 127.0.0.1:1\n"


class Waiting(Storage):
    """The application with a check that waits for a word where a text names the map."""

    def __init__(self, folder):
        self.pipe = folder / "pipe"
        os.mkfifo(self.pipe)
        (folder / "haproxy.cfg").write_text(CONFIG)
        script = f"/bin/sh -c 'if grep -q m.map {{file}}; then read word < {self.pipe}; fi'"
        super().__init__(folder, haproxy__reload__validate_cmd=script)

    def name_the_map(self):
        path = str(self.folder / "maps/m.map").encode()
        body = b'{"index":0,"type":"set-header","hdr_name":"x","hdr_format":"%%[path,map(%s)]"}' % path
        return self.send("POST", f"{RULES}&version=7", body, "application/json")

    def go_on(self):
        with suppress(OSError):  # no check is waiting
            handle = os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK)
            os.write(handle, b"go\n")
            os.close(handle)


@pytest.fixture
def waiting(tmp_path):
    storage = Waiting(tmp_path)
    storage.upload("maps", "m.map", b"k v\n")
    return storage


def started(answers, name, call):
    thread = threading.Thread(target=lambda: answers.update({name: call()}), daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(("method", "status"), [("DELETE", 409), ("PUT", 204)])
def test_a_commit_that_is_being_judged_is_waited_for(waiting, monkeypatch, method, status):
    looked, answers = threading.Event(), {}
    is_awaited = UsedFiles._is_awaited

    def watched(self, path):
        found = is_awaited(self, path)
        assert found or "commit" in answers
        looked.set()
        return found

    monkeypatch.setattr(UsedFiles, "_is_awaited", watched)
    commit = started(answers, "commit", waiting.name_the_map)
    until(waiting.services.config.history.intents)
    body, query = (b"k w\n", {"skip_reload": True}) if method == "PUT" else (None, {})
    change = started(answers, "change", lambda: waiting.send(method, "maps/m.map", body, **query))
    assert looked.wait(PATIENCE) and change.is_alive()
    assert (waiting.folder / "maps/m.map").read_bytes() == b"k v\n"

    def over():
        waiting.go_on()
        return not (commit.is_alive() or change.is_alive())

    until(over)
    assert answers["commit"].status_code == 202
    assert answers["change"].status_code == status, answers["change"].text
    assert (waiting.folder / "maps/m.map").read_bytes() == (body or b"k v\n")


def test_a_change_that_came_first_is_judged_with(tmp_path, monkeypatch):
    storage = Storage(tmp_path)
    (tmp_path / "haproxy.cfg").write_text(CONFIG)
    storage.upload("maps", "m.map", b"k v\n")
    check, calls = UsedFiles.check_removal, []

    def meanwhile(self, path):
        version = check(self, path)
        calls.append(version)
        if len(calls) == 1:
            line = f"  http-request set-header x %[path,map({path})]\n"
            (tmp_path / "haproxy.cfg").write_text(CONFIG + line)
        return version

    monkeypatch.setattr(UsedFiles, "check_removal", meanwhile)
    answer = storage.send("DELETE", "maps/m.map")
    assert (answer.status_code, calls) == (409, [7])
    assert storage.files("maps") == ["m.map"]


def test_a_commit_counts_from_when_haproxy_begins_to_read(tmp_path, monkeypatch):
    (tmp_path / "haproxy.cfg").write_text(CONFIG)
    storage = Storage(tmp_path)
    storage.upload("maps", "m.map", b"k v\n")
    path, answers, looked = tmp_path / "maps/m.map", {}, threading.Event()
    sync, is_awaited = Candidate.sync, UsedFiles._is_awaited

    def slow(self):  # the check is over before the disk has the candidate
        if self.target == tmp_path / "haproxy.cfg":
            change = started(answers, "change", lambda: storage.send("DELETE", "maps/m.map"))
            until(lambda: looked.is_set() or not change.is_alive())
        sync(self)

    def watched(self, path):
        found = is_awaited(self, path)
        looked.set()
        return found

    monkeypatch.setattr(Candidate, "sync", slow)
    monkeypatch.setattr(UsedFiles, "_is_awaited", watched)
    body = b'{"index":0,"type":"set-header","hdr_name":"x","hdr_format":"%%[path,map(%s)]"}' % str(path).encode()
    answer = storage.send("POST", f"{RULES}&version=7", body, "application/json")
    until(lambda: "change" in answers)
    assert (answer.status_code, answers["change"].status_code) == (202, 409)
    assert path.exists()
