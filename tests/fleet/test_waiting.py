"""`wait=applied|canary|all` with a change: the answer comes when that is so, and says what became of it."""

import json
import threading
from typing import Any

import pytest

from dataplane_plugins.fleet.rollouts.leading import Leader
from tests.changes.support import V3
from tests.fleet.memory_store import MemoryStore
from tests.fleet.support import Fleet
from tests.fleet.test_rollouts import refusing

FLEET = "/dataplane/v1/fleet"
V1, V2 = (f"/v{number}/services/haproxy" for number in (1, 2))
SERVER = {"name": "new", "address": "192.0.2.9", "port": 80}


class Members:
    """Members of which each goes on while somebody waits for the store, and who leads them."""

    def __init__(self, fleet: Fleet, names: str, refuses: str = "", audit: str = "", **strategy: Any) -> None:
        self.nodes = [
            (refusing if one == refuses else Fleet.node)(
                fleet, one, **fleet.served, dataplane__audit_file=audit and f"{audit}.{one}"
            )
            for one in names
        ]
        self.leader, self.is_led = Leader(self.nodes[0].member), True
        self._lock = threading.RLock()
        fleet.settled(*self.nodes)
        if strategy:
            self.nodes[0].call("PUT", f"{FLEET}/strategy", strategy)
        self.go_on()

    def go_on(self) -> None:
        with self._lock:
            for node in self.nodes:
                node.step()
            if self.is_led:
                self.leader.step()

    def have(self) -> list[bool]:
        return ["server new" in node.file.read_text() for node in self.nodes]


@pytest.fixture
def members(fleet, monkeypatch):
    """Make members that go on while a change is waited for."""
    made: list[Members] = []
    wait = MemoryStore.wait

    def go_on(store: MemoryStore, prefix: str, mark: int, seconds: float) -> int:
        for one in made:
            one.go_on()
        return wait(store, prefix, mark, min(seconds, 0.01))

    monkeypatch.setattr(MemoryStore, "wait", go_on)

    def make(names: str = "abc", **more: Any) -> Members:
        made.append(Members(fleet, names, **more))
        return made[-1]

    return make


def told(answer: Any) -> tuple[int, str | None, bool]:
    return answer.status_code, answer.headers.get("Fleet-Rollout"), "Fleet-Revision" in answer.headers


@pytest.mark.parametrize(
    ("reach", "said", "have"),
    [("applied", "applied", [True, False, False]), ("canary", "canary", [True]), ("all", "done", [True] * 3)],
)
def test_a_change_waits_for_what_is_asked(members, reach, said, have):
    three = members(waves=["1"])
    answer = three.nodes[0].server("be1", "new", wait=reach)
    assert told(answer) == (201, said, True)
    assert answer.json["name"] == "new"
    assert three.have()[: len(have)] == have or reach == "applied"


@pytest.mark.parametrize("version", [V1, V2, V3.removesuffix("/configuration")])
def test_each_version_waits_for_single_changes_transactions_and_whole_texts(members, version):
    a, b = members("ab").nodes
    path, parent = f"{version}/configuration/servers", {"backend": "be1"}
    if version.startswith("/v3"):
        path, parent = f"{version}/configuration/backends/be1/servers", {}
    assert told(a.call("POST", path, SERVER, version=a.version, wait="all", **parent)) == (201, "done", True)
    assert "server new" in b.file.read_text()
    begun = b.call("POST", f"{version}/transactions", version=b.version).json
    step = {**parent, "transaction_id": begun["id"]}
    assert b.call("DELETE", f"{path}/new", **step, wait="all").status_code == 400
    assert b.call("DELETE", f"{path}/new", **step).status_code == 202
    done = b.call("PUT", f"{version}/transactions/{begun['id']}", wait="all")
    assert (told(done), done.json["status"]) == ((200, "done", True), "success")
    assert "server new" not in a.file.read_text()
    text = a.text.replace("maxconn 100", "maxconn 200")
    plain = {"Content-Type": "text/plain"}
    answer = a.call("POST", f"{version}/configuration/raw", raw=text, headers=plain, version=a.version, wait="all")
    assert told(answer) == (201, "done", True)
    assert "maxconn 200" in b.file.read_text()


def test_what_is_deleted_and_files_are_waited_for(members):
    a, b = members("ab").nodes
    gone = a.call("DELETE", f"{V3}/backends/be1/servers/s2", version=a.version, wait="all")
    assert (told(gone), gone.content) == ((204, "done", True), b"")
    lines = b'--x\r\nContent-Disposition: form-data; name="file_upload"; filename="h.map"\r\n\r\na b\n\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = a.call("POST", "/v3/services/haproxy/storage/maps", raw=lines, headers=kind, wait="all")
    assert told(answer) == (201, "done", True)
    assert (b.folder / "maps" / "h.map").read_text() == "a b\n"
    nothing = a.call("POST", "/v3/services/haproxy/transactions", version=a.version, wait="all")
    assert told(nothing) == (201, "none", False)


@pytest.mark.parametrize(("on_failure", "said"), [("stop", "stopped"), ("rollback", "returned")])
def test_who_waits_is_told_why_a_roll_out_went_no_further(members, on_failure, said):
    three = members(refuses="b", waves=["1"], on_failure=on_failure)
    answer = three.nodes[0].server("be1", "new", wait="all")
    assert told(answer) == (409, said, True)
    assert answer.json["code"] == 409
    assert "the change was made, as revision" in answer.json["message"]
    assert "b: " in answer.json["message"]
    three.go_on()
    assert three.have()[:2] == [on_failure == "stop", False]


def test_time_goes_by_and_the_change_is_on_its_way(members):
    two = members("ab", waves=["1"])
    two.is_led = False
    a = two.nodes[0]
    assert told(a.server("be1", "new", wait="all", wait_timeout=0)) == (202, "waiting", True)
    assert a.call("POST", f"{FLEET}/rollout", {"action": "pause"}).status_code == 200
    assert two.have() == [True, False]


def test_a_reload_that_fails_here_is_told(members, tmp_path):
    two = members("ab")
    a = two.nodes[0]
    script = tmp_path / "reload"
    script.write_text("#!/bin/sh\necho '[ALERT] cannot bind socket'; exit 1\n")
    script.chmod(0o755)
    object.__setattr__(a.services.settings.haproxy.reload, "reload_cmd", str(script))
    answer = a.server("be1", "new", wait="applied")
    assert told(answer) == (409, "stopped", True)
    assert "cannot bind socket" in answer.json["message"]


def test_a_later_change_takes_the_place_of_one_that_is_waited_for(members):
    two = members("ab")
    two.is_led = False
    a = two.nodes[0]
    a.server("be2", "first")
    revision = json.loads(a.call("GET", FLEET).text)["newest"]["revision"]
    two.is_led = True
    answer = a.server("be1", "new", wait="all")
    assert answer.headers["Fleet-Revision"] == str(revision + 1)
    assert told(answer) == (201, "done", True)


@pytest.mark.parametrize("query", [{"wait": "soon"}, {"wait": "all", "wait_timeout": 301}, {"wait": "all", "wait_timeout": "x"}])
def test_what_cannot_be_waited_for_is_refused_before_anything_is_done(members, query):
    a, _ = members("ab").nodes
    version = a.version
    assert a.server("be1", "new", **query).status_code in (400, 422)
    assert a.version == version
    assert a.server("be1", "new", dry_run=True, wait="all").status_code == 200
    assert a.version == version


def test_documents_have_it_where_there_is_a_fleet(members, fleet, tmp_path):
    (tmp_path / "alone").mkdir()
    a, alone = members("a").nodes[0], fleet.node("x")
    for node, there in ((a, True), (alone, False)):
        for path in ("/v2/specification", "/v3/specification"):
            document = node.call("GET", path).json
            post = next(one["post"] for path, one in document["paths"].items() if path.endswith("/backends"))
            names = {one.get("name") for one in post["parameters"]}
            assert ({"wait", "wait_timeout"} <= names) is there
            assert ("wait" in json.dumps(document["paths"])) is there
            gets = [one["get"] for one in document["paths"].values() if "get" in one]
            assert not any(one.get("name") == "wait" for get in gets for one in get.get("parameters", ()))
    ignored = alone.server("be1", "new", wait="all")
    assert (ignored.status_code, "Fleet-Rollout" in ignored.headers) == (202, False)


def test_who_changes_a_file_is_known_as_who_changes_the_configuration(members):
    a, b = members("ab").nodes
    lines = b'--x\r\nContent-Disposition: form-data; name="file_upload"; filename="h.map"\r\n\r\na b\n\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x", "X-Change-Reason": "ticket 7"}
    assert a.call("POST", "/v3/services/haproxy/storage/maps", raw=lines, headers=kind).status_code == 201
    newest = b.call("GET", FLEET).json["newest"]
    author = newest["author"]
    assert (newest["node"], author["name"], author["method"], author["reason"]) == ("a", "admin", "basic", "ticket 7")
    made = b.call("GET", f"{FLEET}/rollouts").json[0]["made"]
    assert made == {**newest, "files": ["maps/h.map"]}


def test_the_audit_has_a_change_and_that_it_was_put_back(members, tmp_path):
    """What was answered 409, after waiting, was made: both versions are told, the second one with the reason."""
    three = members(refuses="b", audit=str(tmp_path / "audit"), waves=["1"], on_failure="rollback")
    a = three.nodes[0]
    answer = a.server("be1", "new", wait="all")
    assert told(answer) == (409, "returned", True)
    three.go_on()
    a.call("DELETE", f"{V3}/backends/none", version=a.version)  # has the file told of all up to now
    records = [json.loads(line) for line in (tmp_path / "audit.a").read_text().splitlines()]
    made, back = [one for one in records if one["event"] == "version"][-2:]
    assert (made["author"]["name"], made["author"]["method"]) == ("admin", "basic")
    assert back["author"]["method"] == "fleet"
    assert "b: " in back["author"]["reason"]
