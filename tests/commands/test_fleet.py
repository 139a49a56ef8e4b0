"""`dataplane fleet`: what the server answers as a person reads it, and what is decided there."""

import base64

import pytest
from click.testing import CliRunner

from dataplane_core.commands.fleet import fleet
from dataplane_core.commands.fleet_key import fleet_key
from dataplane_core.commands.remote import Client, Refused
from tests.fleet.support import Fleet, Node


@pytest.fixture
def pair(tmp_path):
    fleet = Fleet(tmp_path)
    made = fleet.node("a", fleet__group="edge", **fleet.served), fleet.node("b", **fleet.served)
    fleet.settled(*made)
    return made


@pytest.fixture
def run(pair, monkeypatch):
    """Run the command against the first member."""
    node: Node = pair[0]

    def send(client, method, path, body=None, media="", **query):
        given = {name: value for name, value in query.items() if value is not None}
        answer = node.call(method, f"/dataplane/v1/{path}", body, **given)
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.json)
        return answer.json if answer.content else None

    monkeypatch.setattr(Client, "send", send)
    monkeypatch.setenv("NO_COLOR", "1")

    def invoke(*words):
        result = CliRunner().invoke(fleet, [*words])
        return result.exit_code, result.output

    return invoke


def test_members_are_shown_with_what_they_have(pair, run):
    a, b = pair
    status, said = run()
    assert (status, said.splitlines()[0]) == (0, f"fleet default: version {a.version} by a")
    assert f"    a (edge) version {a.version} applied" in said
    a.store.cluster.pass_time(100)
    b.step()
    status, said = run()
    assert status == 1
    assert "look at: a is away" in said


def test_waves_are_set_and_the_roll_out_is_decided_about(pair, run):
    a, b = pair
    assert run("strategy", "1", "group:edge") == (0, "waves: 1, then group:edge, then all; on failure: stop; pause: 0 s\n")
    assert run("strategy", "x")[0] == 1
    a.server("be1", "new")
    status, said = run("pause")
    assert (status, said.splitlines()[0]) == (0, f"roll-out of version {a.version}: paused, wave 1 of 2")
    assert run("pause")[0] == 1
    assert "admin: pause" in run("rollout")[1]
    assert run("abort")[0] == 0
    assert run("wait")[0] == 1


def test_members_are_told_by_name(pair, run):
    a, b = pair
    assert run("retry")[0] == 2
    status, said = run("retry", "b", "a")
    assert (status, len(said.splitlines())) == (0, 2)
    assert run("remove", "b")[0] == 1, "it lives"
    a.store.cluster.pass_time(100)
    a.step()
    assert run("remove", "b") == (0, "")
    assert '"name": "b"' not in run("--json")[1]


def test_records_are_put_right_by_one_command(pair, run):
    a, b = pair
    assert run("mend") == (0, "nothing is to be put right\n")
    a.server("be1", "new")
    a.step()
    a.store.transact([], {"control/head": b"x", "control/overlays/node/c": b"x"})
    status, said = run("mend")
    assert status == 1
    assert [line.partition(":")[0] for line in said.splitlines()] == ["control/head", "control/overlays/node/c"]
    assert "is the newest again" in said
    assert "mend on another member" in said
    a.step()
    assert "is the newest again" in run()[1], "the alarm is shown"
    assert a.call("DELETE", "/dataplane/v1/fleet/overlays/node/c").status_code == 204
    assert run("mend") == (0, "nothing is to be put right\n")


def test_a_key_is_made():
    said = CliRunner().invoke(fleet_key).output
    assert len(base64.b64decode(said)) == 32
    assert said != CliRunner().invoke(fleet_key).output


def test_members_change_while_they_run_and_are_looked_into(pair, run, monkeypatch):
    """What is sent is what counts here: `tests/fleet/test_jobs.py` has it done."""
    sent, answers = [], {
        "fleet/runtime": [{"name": "a"}, {"name": "b", "error": "No such server."}],
        "fleet/nodes/b/diff": {"name": "b", "diff": "--- fleet\n+++ b\n-  maxconn 1\n", "files": ["maps/h.map"]},
        "fleet/nodes/a/diff": {"name": "a", "diff": "", "files": []},
        "fleet/nodes/a/log": [{"time": "2026-11-30T12:00:00Z", "kind": "fleet", "node": "a", "state": "applied", "version": 3}],
        "fleet/statistics": {"stats": [{"type": "server", "backend_name": "web", "name": "w1", "stats": {"status": "UP", "stot": 9}}],
                             "nodes": [{"name": "a"}, {"name": "b", "error": "no answer in time"}]},
    }  # fmt: skip

    def send(client, method, path, body=None, media="", **query):
        sent.append((method, path, body))
        return answers[path]

    monkeypatch.setattr(Client, "send", send)
    assert run("set", "web/w1", "drain", "a", "b") == (1, "    a done\n    b No such server.\n")
    run("set", "web/w1", "50")
    run("map", "hosts.map", "k", "v")
    run("map", "hosts.map", "k")
    run("drain", "a")
    assert [body for _, _, body in sent] == [
        {"backend": "web", "server": "w1", "state": "drain", "nodes": ["a", "b"]},
        {"backend": "web", "server": "w1", "weight": 50, "nodes": []},
        {"map": "hosts.map", "key": "k", "value": "v"}, {"map": "hosts.map", "key": "k"},
        {"nodes": ["a"], "traffic": "drain"},
    ]  # fmt: skip
    assert run("diff", "a", "b") == (1, "a has what the fleet has\n--- fleet\n+++ b\n-  maxconn 1\nb: maps/h.map differs\n")
    assert run("log", "a") == (0, "2026-11-30T12:00:00Z a fleet applied version=3\n")
    assert run("statistics") == (0, "server    web/w1: status=UP stot=9\n    b no answer in time\n")
    for words in (("set", "web"), ("set", "web/w1", "up"), ("map", "x"), ("drain",), ("diff",)):
        assert run(*words)[0] == 2
