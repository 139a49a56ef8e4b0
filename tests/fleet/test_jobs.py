"""Members do something while they run, each with its own HAProxy, and answer for themselves."""

import itertools
import json
from types import SimpleNamespace

import pytest

from dataplane_core.errors import RuntimeFailed
from dataplane_plugins.fleet.following import jobs
from dataplane_plugins.fleet.following.follower import Follower
from dataplane_plugins.fleet.following.jobs import JOBS, Job, Jobs, Ledger
from dataplane_plugins.fleet.responders import job_responders
from tests.fleet.memory_store import MemoryStore
from tests.fleet.support import Fleet

FLEET = "/dataplane/v1/fleet"
STAT = """\
# pxname,svname,type,scur,stot,bin,bout,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,
site,FRONTEND,0,1,{0},10,20,30,0,1,{1},
be1,BACKEND,1,1,{0},10,20,,,,,
be1,s1,2,1,{0},10,20,,,,,
"""


class Haproxy:
    """A HAProxy that answers with nothing, or as it is told."""

    def __init__(self, number: int) -> None:
        self.commands: list[str] = []
        self.words = {"show stat": STAT.format(number, number)}
        self.is_gone = False

    def execute(self, command: str) -> list[str]:
        if self.is_gone:
            raise RuntimeFailed("no socket of HAProxy takes a connection")
        self.commands.append(command)
        return [next((said for begin, said in self.words.items() if command.startswith(begin)), "")]


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    """Three members, which do what they are asked while somebody waits for it."""
    fleet = Fleet(tmp_path)
    made = [fleet.node(name, fleet__group=group, **fleet.served) for name, group in (("a", "core"), ("b", "edge"), ("c", "edge"))]
    fleet.settled(*made)
    for number, node in enumerate(made, 1):
        node.haproxy = node.follower._work._runtime = Haproxy(number)
    wait = MemoryStore.wait

    def go_on(store, prefix, mark, seconds):
        for node in made:
            if not node.store.is_cut_off:
                node.step()
        return wait(store, prefix, mark, min(seconds, 0.02))

    monkeypatch.setattr(MemoryStore, "wait", go_on)
    return made


def change(node, body):
    return node.call("POST", f"{FLEET}/runtime", body)


def test_a_server_drains_on_one_some_and_all_members(nodes):
    a, b, c = nodes
    drain = {"backend": "be1", "server": "s1", "state": "drain"}
    assert change(a, {"nodes": ["b"], **drain}).json == [{"name": "b"}]
    assert change(c, {"groups": ["edge"], **drain, "weight": 5}).json == [{"name": "b"}, {"name": "c"}]
    assert change(b, drain).json == [{"name": name} for name in "abc"]
    state, weight = "set server be1/s1 state drain", "set server be1/s1 weight 5"
    assert [node.haproxy.commands for node in nodes] == [[state], [state, state, weight, state], [state, weight, state]]


def test_a_map_has_an_entry_and_loses_it(nodes):
    a, b, _ = nodes
    b.haproxy.words["del map"] = "Key not found."
    assert change(a, {"nodes": ["b"], "map": "hosts.map", "key": "a b", "value": "be1"}).json == [{"name": "b"}]
    file = f"{b.folder}/maps/hosts.map"
    assert b.haproxy.commands == [f"del map {file} a\\ b", f"add map {file} a\\ b be1"]
    assert change(a, {"nodes": ["b"], "map": "hosts.map", "key": "x"}).status_code == 200
    assert b.haproxy.commands[2:] == [f"del map {file} x"]


def test_a_member_takes_no_traffic(nodes):
    a, _, c = nodes
    assert change(a, {"nodes": ["c"], "traffic": "drain"}).json == [{"name": "c", "result": ["site"]}]
    assert c.haproxy.commands == ["show stat -1 3 -1", "disable frontend site"]
    change(a, {"nodes": ["c"], "traffic": "ready"})
    assert c.haproxy.commands[3:] == ["enable frontend site"]


def test_the_traffic_of_all_members_is_one(nodes):
    a, b, c = nodes
    c.haproxy.is_gone = True
    found = a.call("GET", f"{FLEET}/traffic").json
    assert found["total"]["frontend site"]["stot"] == 3
    assert found["total"]["backend be1"]["bout"] == 40
    assert [("error" in one) for one in found["nodes"]] == [False, False, True]
    assert "no socket" in found["nodes"][2]["error"]


def test_what_haproxy_refuses_and_who_does_not_answer_is_told(nodes, monkeypatch):
    a, b, c = nodes
    moments = itertools.count()
    monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: next(moments), time=lambda: 1.0))
    monkeypatch.setattr(job_responders, "_SECONDS", 20)  # looks at the clock, however fast the machine is
    b.haproxy.words["set server"] = "No such server."
    c.store.is_cut_off = True
    found = change(a, {"backend": "be1", "server": "s9", "state": "maint"}).json
    assert found == [
        {"name": "a"}, {"name": "b", "error": "No such server."}, {"name": "c", "error": "no answer in time"},
    ]  # fmt: skip


def test_nothing_is_left_in_the_store_and_nothing_is_done_twice(nodes):
    a, b, _ = nodes
    before = {key for key in a.store.cluster.entries if "/alive/" not in key}
    change(a, {"nodes": ["b"], "backend": "be1", "server": "s1", "state": "drain"})
    assert {key for key in a.store.cluster.entries if "/alive/" not in key} == before
    place, head = f"{JOBS}x", a.member.revisions.newest().number
    for number in (head, head - 1, head):
        said = b'{"kind": "server", "arguments": {"backend": "be1", "server": "s1", "state": "maint"}, '
        data = said + b'"nodes": ["b"], "number": %d, "when": 9.0}' % number
        a.store.transact([], {place: a.member.signer.write(data, place)})
        b.step(2)
    assert b.haproxy.commands == ["set server be1/s1 state drain", "set server be1/s1 state maint"]


def put_back(node, place, entry):
    node.store.transact([], {place: entry.value})


def test_a_job_that_is_put_back_is_not_done_once_more_after_a_restart(nodes):
    """The head is the same, and the member has nothing in its memory but its own state."""
    a, b, _ = nodes
    place, head = f"{JOBS}x", a.member.revisions.newest().number
    said = {"kind": "server", "arguments": {"backend": "be1", "server": "s1", "state": "maint"}, "nodes": ["b"],
            "number": head, "when": 1000.0}  # fmt: skip
    a.store.transact([], {place: a.member.signer.write(json.dumps(said).encode(), place)})
    job = a.store.get(place)
    for _ in range(2):
        put_back(a, place, job)
        b.follower = Follower(b.member, b.sharer)
        b.follower._work._runtime = b.haproxy
        b.step(2)
    assert b.haproxy.commands == ["set server be1/s1 state maint"]


def test_what_was_asked_for_before_all_that_is_remembered_has_expired(nodes):
    ledger = Ledger(nodes[0].services.state)
    assert all(ledger.begin("a", f"job{number}", {"when": float(number)}) for number in range(1, 151))
    again = [ledger.begin("a", f"job{number}", {"when": float(number)}) for number in (1, 50, 51, 150)]
    assert again == [False] * 4
    assert not ledger.begin("a", "other", {"when": 7.0})
    assert ledger.begin("a", "other", {"when": 160.0})
    assert ledger.begin("b", "job1", {"when": 1.0}), "another member has another clock"
    assert len(json.loads(nodes[0].services.state.value("fleet.jobs"))["a"]["begun"]) == 100


@pytest.mark.parametrize(
    "body",
    [
        {}, {"server": "s1", "state": "drain"}, {"backend": "be1", "server": "s1"}, {"map": "a.map"},
        {"server": "s1", "backend": "be1", "state": "drain", "traffic": "drain"}, {"traffic": "off"},
        {"backend": "be1", "server": "s1", "weight": 999},
    ],
)  # fmt: skip
def test_what_is_no_change_is_refused(nodes, body):
    assert change(nodes[0], body).status_code in (400, 422)
    assert change(nodes[0], {"nodes": ["z"], "traffic": "drain"}).status_code == 404
    assert not any(node.haproxy.commands for node in nodes)


def test_a_hostile_word_is_one_word(nodes):
    a, *_ = nodes
    change(a, {"nodes": ["a"], "backend": "be1;shutdown", "server": "s1 x", "state": "ready"})
    assert a.haproxy.commands == ["set server be1\\;shutdown/s1\\ x state ready"]
    assert Jobs(a.member).carry_out(Job("other", {}), ["a"], 10) == {"a": {"result": None}}


def test_a_job_whose_asker_is_gone_is_cleared_away(tmp_path):
    fleet = Fleet(tmp_path)
    node = fleet.node("a")
    fleet.settled(node)
    place = f"{JOBS}old"
    data = json.dumps({"kind": "traffic", "arguments": {}, "nodes": ["a"], "number": 1}).encode()
    node.server("be1", "new")
    node.store.transact([], {place: node.member.signer.write(data, place), f"{JOBS}junk": b"x"})
    node.step(2)
    assert [one.key for one in node.store.list(JOBS).entries] == [f"{JOBS}junk"]
    assert not node.store.list("answers/").entries


def test_a_job_of_a_revision_that_is_not_seen_yet_is_done_later(tmp_path):
    node = Fleet(tmp_path).node("a").step(2)
    jobs, done = Jobs(node.member), []
    place = f"{JOBS}new"
    data = json.dumps({"kind": "statistics", "arguments": {}, "nodes": ["a"], "number": 2}).encode()
    node.store.transact([], {place: node.member.signer.write(data, place)})
    for number in (1, 2, 2):
        jobs.do(number, done.append)
    assert [one.kind for one in done] == ["statistics"]


def test_a_member_that_is_named_and_away_is_told(nodes):
    a, _, c = nodes
    c.follower._reporter.leave()
    c.store.is_cut_off = True
    found = change(a, {"nodes": ["b", "c"], "traffic": "drain"}).json
    assert [(one["name"], one.get("error")) for one in found] == [("b", None), ("c", "it is away")]
