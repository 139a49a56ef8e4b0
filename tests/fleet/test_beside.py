"""Service discovery on a member while others wait for their waves: it tries again later, and is quiet about it."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dataplane_plugins.discovery.engine import BackendWriter, Follower
from dataplane_plugins.discovery.entries import SourceEntries, SourceStatuses
from dataplane_plugins.discovery.sources import Found, Instance, Source
from dataplane_plugins.fleet.records.rollout import Strategy
from tests.fleet.support import Fleet, Node
from tests.fleet.test_rollouts import begin

FOUND: Found = {"api": [Instance("192.0.2.77", 80)]}


class Pauses(threading.Event):
    """Notes how long somebody pauses, and ends all after so many pauses."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._most = most

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        if len(self.seconds) >= self._most:
            self.set()
        return self.is_set()


def watch(entry: Mapping[str, Any], stop: threading.Event) -> Iterator[Found]:
    yield FOUND


def follow(node: Node, pauses: int) -> list[float]:
    """Follow a source that names one service; how long it pauses between its attempts."""
    source = Source("tried", watch, lambda entry: "tried-")
    entries = SourceEntries(node.services.state)
    found = entries.all(source) or [entries.create(source, {"id": "one", "enabled": True, "retry_timeout": 1})]
    follower = Follower(source, found[0], BackendWriter(node.services), SourceStatuses(node.services.state))
    follower.stop = stop = Pauses(pauses)
    follower._run()
    return stop.seconds


@pytest.mark.parametrize("name", ["a", "b"])
def test_what_it_finds_waits_for_the_end_of_a_roll_out(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    fleet = Fleet(tmp_path)
    checks = tmp_path / "checks"
    count = f"sh -c 'echo >> {checks}'"
    nodes = {one: fleet.node(one, haproxy__reload__validate_cmd=count) for one in "ab"}
    leader = begin(fleet, Strategy(("1",)), *nodes.values())
    assert nodes["a"].server("be1", "new").status_code == 202
    fleet.settled(*nodes.values())
    before = len(checks.read_text())
    pauses = follow(nodes[name], 9)
    assert pauses[-1] > 50, "once a minute in the end"
    assert len(checks.read_text()) - before == 9, "HAProxy is asked once for each attempt"
    assert sum("tried one" in one.getMessage() for one in caplog.records) == 1
    for _ in range(4):
        leader.step()
        fleet.settled(*nodes.values())
    follow(nodes[name], 1)
    assert "192.0.2.77" in nodes[name].file.read_text()


@pytest.mark.parametrize("what", ["map", "text"])
def test_what_is_changed_on_a_member_beside_the_api_waits_too(tmp_path: Path, what: str) -> None:
    """As the running maps that are brought to their files, and people with editors do it: no wave waits for that."""
    fleet = Fleet(tmp_path)
    a, b = fleet.node("a"), fleet.node("b")
    (a.folder / "maps/a.map").write_text("k 1\n")
    leader = begin(fleet, Strategy(("1",), timeout=60), a, b)
    fleet.settled(a, b)
    leader.step()
    assert a.server("be1", "new").status_code == 202
    fleet.settled(a, b)
    if what == "map":
        (a.folder / "maps/a.map").write_text("k 2\n")
    else:
        a.file.write_text(a.file.read_text().replace("192.0.2.3", "192.0.2.33"))
    fleet.settled(a)
    assert (a.status.state, a.status.number) == ("applied", a.status.wanted)
    assert "which the others get when the roll-out is over" in a.status.reason
    for _ in range(8):
        leader.step()
        fleet.settled(a, b)
    assert "server new" in b.file.read_text()
    if what == "map":
        assert (b.folder / "maps/a.map").read_text() == "k 2\n"
    assert a.text == b.text
    assert ("192.0.2.33" in b.text) is (what == "text")
    assert (a.status.state, b.status.state) == ("applied", "applied")
