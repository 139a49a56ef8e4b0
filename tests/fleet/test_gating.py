"""Gates of roll-outs: what one member's HAProxy does not pass stops the wave, and the next one never begins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane_core.plugin import Runtime
from dataplane_plugins.changes.confirm import gate
from dataplane_plugins.fleet.records.rollout import Strategy
from tests.fleet.support import Fleet, Node
from tests.fleet.test_rollouts import begin, have

SAID = "b: the gate is not passed: 0 of 1 servers are up, which is less than 100 %, for 0 s"
ENDS = {
    "stop": ("stopped", [True, True, False]),
    "rollback": ("rolled_back", [False, False, False]),
    "continue": ("done", [True, True, True]),
}


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Runtime]]:
    """The members whose only server is down."""
    found: set[Runtime] = set()

    def read_rows(runtime: Runtime, mask: int) -> list[gate.Row]:
        return [{"pxname": "be1", "svname": "s1", "status": "DOWN" if runtime in found else "UP"}]

    monkeypatch.setattr(gate, "read_rows", read_rows)
    yield found


def gated(tmp_path: Path, on_failure: str, down: set[Runtime]) -> tuple[list[Node], list[str], str]:
    fleet = Fleet(tmp_path)
    nodes = [fleet.node(name) for name in "abc"]
    leader = begin(fleet, Strategy(("1", "2"), on_failure=on_failure, gate_min_up=100, gate_window=0), *nodes)
    down.add(nodes[1].services.runtime)
    assert nodes[0].server("be1", "new").status_code == 202
    for _ in range(6):
        fleet.settled(*nodes)
        leader.step()
    fleet.settled(*nodes)
    rollout = leader._rollouts.past(2)
    assert rollout is not None
    return nodes, [text for _, text in rollout.log], rollout.state


@pytest.mark.parametrize("on_failure", ENDS)
def test_a_gate_fails_in_the_second_wave(tmp_path: Path, on_failure: str, down: set[Runtime]) -> None:
    nodes, log, state = gated(tmp_path, on_failure, down)
    assert (state, have(*nodes)) == ENDS[on_failure]
    assert any(SAID in one for one in log), log
    assert any("wave 3" in one for one in log) is (on_failure == "continue")


def test_who_is_told_to_retry_looks_once_more(tmp_path: Path, down: set[Runtime]) -> None:
    nodes, _, _ = gated(tmp_path, "stop", down)
    down.clear()
    nodes[1].step()
    assert nodes[1].status.gate.startswith("failed: ")
    nodes[1].follower._orders.give("b", "retry", 2)
    nodes[1].step(2)
    assert nodes[1].status.gate == "passed"
