"""One member of a fleet that has a fault of its own: what a roll-out does then, and what it says of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.haproxy.binaries import installed
from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.rollouts.leading import Leader
from tests.changes.support import V3
from tests.fleet.support import TEXT, Fleet, Node, begin, have
from tests.harness.disks import fill_up, tiny_disk
from tests.harness.waiting import PATIENCE, until

NEWER = {"2.6": ("2.8", "shard 1"), "2.8": ("3.2", "guid new")}
"""Words of a server that a version of HAProxy does not know, and one that does."""
HAVE = {"stop": [True, False], "rollback": [False, False], "continue": [True, True]}
"""Which of two members have a version in the end that the second takes late, by the strategy."""


@pytest.mark.parametrize("older", NEWER)
def test_a_member_with_an_older_haproxy_says_what_that_does_not_know(fleet: Fleet, older: str) -> None:
    newer, words = NEWER[older]
    programs = installed()
    if older not in programs or newer not in programs:
        pytest.skip(f"HAProxy {older} and {newer} are not both installed here")
    settings: dict[str, Any] = {"haproxy__reload__validate_cmd": ""}
    a = fleet.node("a", haproxy__haproxy_bin=str(programs[newer]), **settings, **fleet.served)
    b = fleet.node("b", haproxy__haproxy_bin=str(programs[older]), **settings)
    leader = begin(fleet, Strategy(("1",), on_failure="rollback"), a, b)
    text = TEXT.replace("  server s1 192.0.2.3", f"  server new 192.0.2.9:80 {words}\n  server s1 192.0.2.3")
    answer = a.call("POST", "/v3/services/haproxy/configuration/raw", raw=text, version=a.version,
                    headers={"Content-Type": "text/plain"})  # fmt: skip
    assert answer.status_code == 202, answer.text
    for _ in range(2):
        fleet.settled(a, b)
        leader.step()
    told = {one["name"]: one for one in a.call("GET", "/dataplane/v1/fleet").json["nodes"]}["b"]
    [finding] = [one for one in told["findings"] if one["severity"] == "alert"]
    assert finding["message"] == f"'server be2/new' : unknown keyword '{words.split()[0]}'."
    line = text.splitlines().index(f"  server new 192.0.2.9:80 {words}") + 1
    assert (finding["line"], finding["section"]) == (line, "backend be2")
    assert finding["resource"] == f"{V3}/backends/be2/servers/new"
    assert told["haproxy"] == older
    rollout = leader._rollouts.current()[0]
    assert rollout.state == "returning"
    assert finding["message"] in rollout.reason
    for _ in range(2):
        leader.step()
        fleet.settled(a, b)
    assert have(a, b) == [False, False]


@pytest.mark.parametrize("on_failure", HAVE)
def test_a_member_with_a_full_disk_says_so_and_goes_on_when_there_is_room(fleet: Fleet, on_failure: str) -> None:
    disk = fleet.folder / "disk"
    with tiny_disk(disk):
        (disk / "haproxy.cfg").write_text(TEXT)
        a, b = fleet.node("a"), fleet.node("b", haproxy__config_file=str(disk / "haproxy.cfg"))
        b.file = disk / "haproxy.cfg"
        leader = begin(fleet, Strategy(("1",), on_failure=on_failure, timeout=60), a, b)
        before = b.file.read_text()
        fill_up(disk / "filler", 512)
        assert a.server("be1", "new").status_code == 202
        fleet.settled(a)
        leader.step()
        rests = [b.follower.attempts.once() for _ in range(7)]
        assert rests == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
        said = b.status
        assert (said.state, said.number, said.wanted) == ("waiting", 1, 2)
        assert "No space left on device" in said.reason
        assert len([one for one in b.services.events.after(0, 100) if one.kind == "fleet" and one.values["state"] == "waiting"]) == 1
        leader.step()
        leader._since -= 60
        for _ in range(3):
            leader.step()
            fleet.settled(a)
        rollout = leader._rollouts.past(2)
        late = [said for _, said in rollout.log if "b took longer than 60 s (b: " in said]
        assert late, rollout.log
        assert "No space left on device" in late[0]
        assert b.file.read_text() == before
        (disk / "filler").unlink()
        for _ in range(3):
            leader.step()
            fleet.settled(a, b)
        assert have(a, b) == HAVE[on_failure]
        assert b.status.state == ("held" if on_failure == "stop" else "applied")
        if on_failure == "stop":
            b.follower._orders.give("b", "retry", 2)
            fleet.settled(b)
            assert (b.status.state, have(b)) == ("applied", [True])


def test_a_full_disk_of_the_state_is_told_to_the_others(fleet: Fleet) -> None:
    disk = fleet.folder / "state"
    with tiny_disk(disk, "1m"):
        a, b = fleet.node("a"), fleet.node("b", dataplane__state_dir=str(disk))
        leader = begin(fleet, Strategy(("1",)), a, b)
        a.server("be1", "new")
        fleet.settled(a)
        leader.step()
        fill_up(disk / "filler", 512)
        b.follower.attempts.once()
        said = leader.statuses()["b"]
        assert said.state == "waiting"
        assert str(disk) in said.reason
        (disk / "filler").unlink()
        fleet.settled(b)
        assert leader.statuses()["b"].state == "applied"
        b.services.state.shutdown()


class Slow:
    """A check by HAProxy that goes on until it is let go."""

    def __init__(self, folder: Path) -> None:
        self.begun, self._go = folder / "begun", folder / "go"
        self.script = folder / "slow-check"
        self.script.write_text(
            f'#!/bin/sh\ngrep -q "server new" "$DATAPLANEAPI_TRANSACTION_FILE" || exit 0\n'
            f"touch {self.begun}\nwhile [ ! -e {self._go} ]; do sleep 0.02; done\n"
        )
        self.script.chmod(0o755)

    @contextmanager
    def checking(self, node: Node) -> Iterator[None]:
        """Have a member in the middle of its check meanwhile; it is over afterwards."""
        failures: list[BaseException] = []

        def follow() -> None:
            try:
                node.follower.attempts.once()
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            until(self.begun.exists)
            yield
        finally:
            self._go.touch()
            thread.join(PATIENCE)
        assert not failures


@pytest.mark.parametrize("on_failure", HAVE)
def test_a_member_that_ends_late_takes_nothing_that_goes_back(fleet: Fleet, on_failure: str) -> None:
    slow = Slow(fleet.folder)
    a, b = fleet.node("a"), fleet.node("b", haproxy__reload__validate_cmd=str(slow.script))
    leader = begin(fleet, Strategy(("1",), on_failure=on_failure, timeout=60), a, b)
    assert a.server("be1", "new").status_code == 202
    fleet.settled(a)
    leader.step()
    with slow.checking(b):
        leader.step()
        leader._since -= 60
        for _ in range(3):
            leader.step()
            fleet.settled(a)
    late = [said for _, said in leader._rollouts.past(2).log if "b took longer than 60 s" in said]
    assert len(late) == 1
    versions = [one["version"] for one in b.call("GET", "/dataplane/v1/history").json]
    assert (2 in versions) is (on_failure == "continue")
    for _ in range(3):
        leader.step()
        fleet.settled(a, b)
    assert have(a, b) == HAVE[on_failure]


def test_nobody_takes_what_is_about_to_go_back_while_nobody_leads(fleet: Fleet) -> None:
    a, b = fleet.node("a"), fleet.node("b")
    leader = begin(fleet, Strategy(), a, b)
    a.server("be1", "new")
    rollout, mark = leader._rollouts.current()
    leader._rollouts.change(rollout.noted(0.0, "return", state="returning"), mark)
    fleet.settled(a, b)
    assert have(a, b) == [True, False]
    answer = a.server("be2", "more")
    assert answer.status_code == 409
    assert "version 2 is being put back" in answer.json["message"]
    Leader(b.member).step()
    fleet.settled(a, b)
    assert have(a, b) == [False, False]
