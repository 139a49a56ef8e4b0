"""Leaders that die: whoever leads next goes on with what the store has, and does nothing twice."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.rollouts.leading import Leader
from dataplane_plugins.fleet.stores import Condition
from tests.fleet.memory_store import MemoryStore
from tests.fleet.support import Fleet, Node
from tests.fleet.test_rollouts import begin, have, refusing

ENDS = {
    "stop": ("stopped", [True, False, False]),
    "rollback": ("rolled_back", [False, False, False]),
    "continue": ("done", [True, False, True]),
}


class Died(BaseException):
    """A process that ends here."""


@contextmanager
def dying(store: MemoryStore, *, is_written: bool) -> Iterator[None]:
    """Have whoever writes to the store die, before that or after it."""
    transact = store.transact

    def last(
        conditions: Sequence[Condition], puts: Mapping[str, bytes], deletes: Sequence[str] = ()
    ) -> bool:
        if is_written:
            transact(conditions, puts, deletes)
        raise Died

    with patch.object(store, "transact", last):
        yield


def led_once(node: Node, *, is_written: bool) -> bool:
    """Have a member lead until it writes, and die; whether it did."""
    with dying(node.store, is_written=is_written):
        try:
            Leader(node.member).step()
        except Died:
            return True
    return False


@pytest.mark.parametrize("on_failure", ENDS)
def test_each_leader_dies_at_its_first_write(tmp_path: Path, on_failure: str) -> None:
    """Before it and after it in turn: at the beginning of each wave, the decision, and the way back."""
    fleet = Fleet(tmp_path)
    nodes = [fleet.node("a"), refusing(fleet, "b"), fleet.node("c")]
    begin(fleet, Strategy(("1", "2"), on_failure=on_failure), *nodes)
    assert nodes[0].server("be1", "new").status_code == 202
    dead = 0
    for number in range(12):
        fleet.settled(*nodes)
        dead += led_once(nodes[number % 3], is_written=bool(dead % 2))
    fleet.settled(*nodes)
    state, wanted = ENDS[on_failure]
    rollout = Leader(nodes[0].member)._rollouts.past(2)
    assert rollout is not None
    texts = [text for _, text in rollout.log]
    assert (rollout.state, have(*nodes)) == (state, wanted)
    assert len(texts) == len(set(texts)), texts
    head = nodes[0].member.revisions.newest()
    assert head is not None
    assert head.number == (3 if on_failure == "rollback" else 2)
    assert dead == {"stop": 4, "rollback": 8, "continue": 6}[on_failure]
