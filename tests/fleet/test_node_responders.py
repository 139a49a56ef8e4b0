"""Looking into members: what differs there, what has happened, and the statistics of all together."""

import pytest

from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_plugins.fleet.following.statistics import merged_rows, typed_rows
from tests.fleet.memory_store import MemoryStore
from tests.fleet.support import Fleet
from tests.fleet.test_jobs import Haproxy
from tests.fleet.test_overlays import replace_server
from tests.harness.haproxy import DEFAULTS, HaproxyProcess

FLEET = "/dataplane/v1/fleet"
TYPED = """\
F.2.0.0.pxname.1:KNSv1:str:fe
F.2.0.1.svname.1:KNSv1:str:FRONTEND
F.2.0.4.scur.1:MGP:u32:{0}
F.2.0.5.smax.1:MMP:u32:{0}
F.2.0.7.stot.1:MCP:u64:{1}
F.2.0.17.status.1:SGP:str:OPEN
F.2.0.32.type.1:CGS:u32:0
F.2.0.27.iid.1:KGS:u32:{0}

S.3.1.0.pxname.1:KNSv1:str:be1
S.3.1.1.svname.1:KNSv1:str:s1
S.3.1.17.status.1:SGP:str:{2}
S.3.1.18.weight.1:MaP:u32:{0}
S.3.1.32.type.1:CGS:u32:2
S.3.1.55.lastsess.1:MAP:s32:{3}
S.3.1.73.addr.1:CGS:str:192.0.2.1:80
"""


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    fleet = Fleet(tmp_path)
    made = [fleet.node(name, fleet__group=group, **fleet.served) for name, group in (("a", "core"), ("b", "edge"))]
    fleet.settled(*made)
    for number, (node, word, age) in enumerate(zip(made, ("UP", "DOWN"), (-1, 7), strict=True), 1):
        node.haproxy = node.follower._work._runtime = Haproxy(number)
        node.haproxy.words["show stat"] = TYPED.format(number, number * 100, word, age)
    wait = MemoryStore.wait

    def go_on(store, prefix, mark, seconds):
        for node in made:
            node.step()
        return wait(store, prefix, mark, min(seconds, 0.02))

    monkeypatch.setattr(MemoryStore, "wait", go_on)
    return made


def test_what_a_member_has_otherwise_is_shown(nodes):
    a, b = nodes
    assert a.call("GET", f"{FLEET}/nodes/b/diff").json["diff"] == ""
    b.call("PUT", f"{FLEET}/overlays/node/b", **replace_server(b, "be2", "s1", weight=7))
    for node in nodes:
        node.step(2)
    assert "weight 7" in b.text
    assert a.call("GET", f"{FLEET}/nodes/b/diff").json["diff"] == ""  # its own is what it is to have
    b.file.write_text(b.file.read_text().replace("192.0.2.2", "192.0.2.22"))
    b.follower.step = lambda: None
    b.step = lambda times=1: b.follower._jobs.do(b.member.revisions.newest().number, b.follower._work)
    found = a.call("GET", f"{FLEET}/nodes/b/diff").json
    assert "+  server s2 192.0.2.22:80" in found["diff"]
    assert (found["asked"], found["files"]) == (True, [])
    assert a.call("GET", f"{FLEET}/nodes/x/diff").status_code == 404


def test_what_a_member_lacks_that_is_away_is_shown_from_what_it_has_said(nodes):
    a, b = nodes
    b.store.cluster.pass_time(100)
    b.step = lambda times=1: None
    a.step()
    a.server("be1", "new")
    found = a.call("GET", f"{FLEET}/nodes/b/diff").json
    assert "-  server new" in found["diff"]
    assert (found["asked"], found["newest"] > found["revision"]) == (False, True)


def test_what_has_happened_on_a_member_is_told(nodes):
    a, b = nodes
    a.server("be1", "new")
    b.step(2)
    said = a.call("GET", f"{FLEET}/nodes/b/log", limit=5).json
    assert said[-1]["kind"] in ("fleet", "reload")
    assert any(one.get("state") == "applied" and one["version"] == b.version for one in said)
    assert a.call("GET", f"{FLEET}/nodes/b/log", limit=0).status_code == 400


def test_statistics_are_put_together_as_haproxy_says_what_they_are(nodes):
    a, b = nodes
    found = a.call("GET", f"{FLEET}/statistics").json
    assert found["nodes"] == [{"name": "a"}, {"name": "b"}]
    frontend, server = found["stats"]
    assert (frontend["name"], frontend["type"]) == ("fe", "frontend")
    assert frontend["stats"] == {"scur": 3, "smax": 2, "stot": 300, "status": "OPEN"}
    assert (server["backend_name"], server["name"], server["type"]) == ("be1", "s1", "server")
    assert server["stats"] == {"status": "UP (1), DOWN (1)", "weight": 2, "lastsess": 7, "addr": "192.0.2.1:80"}
    edge = a.call("GET", f"{FLEET}/statistics", type="server", name="s1", parent="be1", group="edge").json
    assert [one["name"] for one in edge["nodes"]] == ["b"]
    assert [one["name"] for one in edge["stats"]] == ["s1"]
    assert b.haproxy.commands[-1] == "show stat be1 4 -1 typed"
    assert a.call("GET", f"{FLEET}/statistics", name="s1").status_code == 400
    b.haproxy.is_gone = True
    assert a.call("GET", f"{FLEET}/statistics").json["nodes"][1]["error"]


def test_a_roll_out_is_shown_with_each_member_and_begins_once_more(nodes):
    a, b = nodes
    a.call("PUT", f"{FLEET}/strategy", {"waves": ["1"]})
    a.server("be1", "new")
    a.step(2)
    b.step()
    found = a.call("GET", f"{FLEET}/rollout").json["progress"]
    assert [(one["name"], one["wave"], one["has"], one["state"]) for one in found] == [
        ("a", 1, True, "applied"), ("b", 2, False, "held"),
    ]  # fmt: skip
    act = a.call("POST", f"{FLEET}/rollout", {"action": "start"})
    assert act.status_code == 409
    assert a.call("POST", f"{FLEET}/rollout", {"action": "abort"}).json["state"] == "aborted"
    begun = a.call("POST", f"{FLEET}/rollout", {"action": "start"}).json
    assert (begun["state"], begun["wave"], begun["waves"]) == ("running", 0, [["a"], ["b"]])


@pytest.mark.haproxy
def test_haproxy_itself_says_what_its_fields_are(tmp_path, haproxy_program):
    configuration = tmp_path / "haproxy.cfg"
    text = DEFAULTS + "frontend fe\n  bind unix@{0}/fe.sock\n  default_backend be1\nbackend be1\n  server s1 192.0.2.1:80 weight 5\n"
    configuration.write_text(f"global\n  stats socket {tmp_path}/s.sock level admin\n" + text.format(tmp_path))
    with HaproxyProcess(haproxy_program, configuration, tmp_path):
        client = RuntimeClient(SocketAddress(path=str(tmp_path / "s.sock")))
        rows = [*typed_rows(client.command("show stat -1 7 -1 typed"))]
    found = {one["name"]: one for one in merged_rows([*rows, *rows, *rows])}
    assert sorted(found) == ["be1", "fe", "s1"]
    assert found["s1"]["stats"]["weight"] == 5
    assert found["fe"]["stats"]["status"] == "OPEN"
    assert (found["fe"]["stats"]["smax"], found["fe"]["stats"]["stot"]) == (0, 0)
    limits = [fields["slim"][1] for kind, *_, fields in rows if kind == "frontend"]
    assert found["fe"]["stats"]["slim"] == 3 * limits[0]
    assert "iid" in found["s1"]["stats"]
