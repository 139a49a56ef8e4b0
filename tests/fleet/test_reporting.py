"""What members say to others holds no secret, whatever HAProxy repeats of a line."""

import pytest

from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.rollouts.leading import Leader
from tests.changes.support import V3
from tests.fleet import support
from tests.fleet.support import TEXT, Fleet
from tests.fleet.test_responders import FLEET

SECRET = "hunter2-hunter2"


@pytest.fixture(autouse=True)
def with_userlists(monkeypatch):
    monkeypatch.setattr(support, "PLUGINS", (*support.PLUGINS, "configuration.userlists"))


@pytest.mark.parametrize("hidden_from", ["nobody", "everybody"])
def test_words_of_a_refusal_hold_no_secret(tmp_path, hidden_from):
    """They are in the store, in the roll-out, in events, on the page, and in answers for everybody."""
    fleet = Fleet(tmp_path)
    text = TEXT + f"\nuserlist people\n  user bob insecure-password {SECRET}\n"
    script = tmp_path / "check"
    script.write_text(
        "#!/bin/sh\n! grep -q 'server new' \"$DATAPLANEAPI_TRANSACTION_FILE\" && exit\n"
        f"echo \"[ALERT] (1) : config : parsing [$DATAPLANEAPI_TRANSACTION_FILE:5] : no '{SECRET}' here\"\n"
        f"echo \"[ALERT] (1) : config : the list of {SECRET} is bad\"\nexit 1\n"
    )
    script.chmod(0o755)
    settings = {**fleet.served, "dataplane__hide_secrets": hidden_from}
    a = fleet.node("a", text, **settings)
    b = fleet.node("b", text, haproxy__reload__validate_cmd=str(script), **settings)
    fleet.settled(a, b)
    leader = Leader(a.member)
    leader._rollouts.set_strategy(Strategy(("1",)))
    while leader.step():
        pass
    assert a.server("be1", "new").status_code == 202
    for _ in range(3):
        fleet.settled(a, b)
        leader.step()
    assert b.status.state == "refused"
    assert "***" in b.status.reason
    shown = [a.call("GET", FLEET + path).text for path in ("", "/nodes/b", "/rollout", "/rollouts")]
    shown += [str(b.services.state.read("SELECT * FROM events")), str(Leader(a.member).statuses())]
    shown += [node.call("GET", f"{V3}/version").text for node in (a, b)]
    assert SECRET not in str(shown)
    assert "is bad" in shown[0]


def test_words_are_masked_that_nobody_has_masked_before(tmp_path):
    """An overlay that does not go with a change, a script, a reload: whatever the reason is."""
    fleet = Fleet(tmp_path)
    node = fleet.node("a", TEXT + f"\nuserlist people\n  user bob insecure-password {SECRET}\n")
    node.step(2)
    reporter = node.follower._reporter
    reporter.say("apart", reason=f"user bob has {SECRET}")
    assert node.status.reason == "user bob has ***"
    long = f"{'x' * 1990} {SECRET}"
    reporter.say("apart", reason=long)
    assert "hunter" not in node.status.reason
    assert len(node.status.reason) <= 2000
