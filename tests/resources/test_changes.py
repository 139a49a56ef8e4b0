"""What a committed change means, and which commands bring it to a running HAProxy."""

from types import SimpleNamespace

import pytest

from dataplane_core import impl
from dataplane_core.errors import Invalid
from dataplane_core.haproxy import live as live_module
from dataplane_core.haproxy.live import runtime_commands
from dataplane_core.resources.changes import NeedsReload, differences
from dataplane_core.testing import FakeRuntime
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from tests.api.support import FAMILY, TEXT

REGISTRY = register_collections(make_manager([FAMILY]))


def commands(old: str, new: str, text: str = TEXT) -> list[str]:
    assert old in text
    kinds = REGISTRY.language
    before = Document.parse(text, kinds)
    after = Document.parse(text.replace(old, new, 1), kinds, before)
    return runtime_commands(differences(REGISTRY, before, after))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("weight 5", "weight 6", ["set keeper be1/k1 6"]),
        ("k2 10.0.0.2", "k2 10.0.0.2 weight 0", ["set keeper be1/k2 0"]),
        ("k2 10.0.0.2", "k2 10.0.0.2 state on", ["turn k2 1"]),
        ("weight 5", "state off weight 7", ["set keeper be1/k1 7", "turn k1 0"]),
        ("# here", "# there", []),
        ("  # about the next one\n", "", []),
    ],
)
def test_what_has_a_command(old, new, expected):
    assert commands(old, new) == expected


def test_a_property_of_a_section(tmp_path):
    text = "frontend f\n  maxconn 5\n"
    assert commands("5", "7", text) == ["set maxconn frontend f 7"]


@pytest.mark.parametrize("directive", [".if 1", '".if" 1', "'.if' 1"])
def test_no_command_is_certain_where_blocks_are_conditional(directive):
    text = f"{directive}\n.endif\n{TEXT}"
    with pytest.raises(NeedsReload, match="conditional"):
        commands("weight 5", "weight 6", text)


@pytest.mark.parametrize("line", ["# not .if 1", "#.if 1\n#.endif"])
def test_a_comment_about_conditions_is_no_condition(line):
    assert commands("weight 5", "weight 6", f"{line}\n\n{TEXT}") == ["set keeper be1/k1 6"]


def test_a_value_that_is_taken_away_may_stand_for_something():
    text = TEXT.replace("weight 5", "state on")
    assert commands("state on", "", text) == ["turn k1 0"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("weight 5", ""),
        ("weight 5", "weight 6 tag x"),
        ("k1 10.0.0.1", "k1 10.0.0.9"),
        ("keeper   k1", "keeper   k9"),
        ("  keeper k2 10.0.0.2\n", ""),
        ("  keeper k2 10.0.0.2\n", "  keeper k2 10.0.0.2\n  keeper k3 10.0.0.3\n"),
        ("unknown words", "other words"),
        ("mode http", "mode tcp"),
        ("backend be1", "backend be1 from x"),
        ("backend be1", "backend be2"),
        ("my-gate g1\n  limit 7\n", ""),
        ("listen li", "backend x\n\nlisten li"),
        ("# by hand", "# by hand\nstray"),
        ("weight 5  # here\n  keeper k2 10.0.0.2", "weight 5\n  odd\n  keeper k2 10.0.0.2"),
        ("door 10.0.0.1:80 name d1", "door 10.0.0.1:80 name d1 future"),
    ],
)
def test_what_has_none(old, new):
    with pytest.raises(NeedsReload):
        commands(old, new)


def test_values_are_one_argument_each():
    text = "backend b;x\n  keeper k 1.1.1.1 weight 5\n"
    assert commands("weight 5", "weight 6", text) == ["set keeper b\\;x/k 6"]


@pytest.fixture
def live(make_api, tmp_path):
    socket = tmp_path / "haproxy.sock"
    text = TEXT.replace("global\n", f"global\n  stats socket {socket} level admin\n")
    with FakeRuntime(socket, {"set keeper": "", "turn": "no\n"}) as runtime:
        yield make_api(text), runtime


def test_a_change_is_applied_where_a_command_exists(live):
    api, runtime = live
    body = {"name": "k1", "address": "10.0.0.1", "weight": 9}
    answer = api.change("PUT", "keepers/k1", body, backend="be1")
    assert answer.status_code == 200
    assert "reload-id" not in answer.headers
    assert runtime.commands == ["set keeper be1/k1 9"]
    assert api.version == 2


def test_a_command_that_is_refused_leads_to_a_reload(live):
    api, runtime = live
    body = {"name": "k2", "address": "10.0.0.2", "state": "on"}
    answer = api.change("PUT", "keepers/k2", body, backend="be1")
    assert answer.status_code == 202
    assert answer.headers["reload-id"]
    assert runtime.commands == ["turn k2 1"]


def test_what_changes_nothing_needs_a_running_haproxy_and_no_reload(live):
    api, runtime = live
    body = {"name": "g1", "limit": 7}
    assert api.change("PUT", "gates/g1", body).status_code == 202
    runtime.replies["show info"] = ""
    assert api.change("PUT", "gates/g1", body).status_code == 200
    assert runtime.commands == ["show info"] * 2


def test_the_reload_says_which_change_needed_it(live):
    api, _ = live
    answer = api.change("PUT", "gates/g1", {"name": "g1", "limit": 9})
    record = api.call("GET", f"/v2/services/haproxy/reloads/{answer.headers['reload-id']}").json
    assert record["reason"] == "gates g1: limit cannot be changed while HAProxy runs"
    api.change("DELETE", "keepers/k1", backend="be1")
    record = api.call("GET", f"/v2/services/haproxy/reloads/{answer.headers['reload-id']}").json
    assert record["reason"].endswith("backend be1: lines were added or removed")


def test_a_plugin_goes_first(make_api):
    seen = []

    @impl
    def dataplane_apply(change, runtime):
        seen.append((change.version, change.who, runtime))
        return True if change.touches("my-gate") else None

    api = make_api(plugins=[SimpleNamespace(__name__="gates", dataplane_apply=dataplane_apply)])
    assert api.change("PUT", "gates/g1", {"name": "g1", "limit": 8}).status_code == 200
    assert api.change("PUT", "global", {"maxconn": 8}).status_code == 202
    assert [one[:2] for one in seen] == [(2, "admin"), (3, "admin")]


def test_a_change_that_no_command_can_carry_is_reloaded(live, monkeypatch):
    """A value that cannot be one argument of a command does not keep a change from the file."""
    api, _ = live

    def refuse(changes):
        raise Invalid("a value cannot be an runtime_argument")

    monkeypatch.setattr(live_module, "runtime_commands", refuse)
    answer = api.change("PUT", "gates/g1", {"name": "g1", "limit": 8})
    record = api.call("GET", f"/v2/services/haproxy/reloads/{answer.headers['reload-id']}").json
    assert record["reason"] == "a value cannot be an runtime_argument"
