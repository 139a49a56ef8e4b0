"""Members that follow a real store through what becomes of it: they tell it, touch nothing, and go on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dataplane_plugins.fleet.following import attempts
from dataplane_plugins.fleet.following import follower as following
from dataplane_plugins.fleet.members import reporting
from tests.fleet.stores.troubled import TROUBLED, TroubledEtcd
from tests.fleet.support import TEXT, Fleet, Node
from tests.fleet.test_following import upload
from tests.harness.waiting import PATIENCE, until

FLEET = "/dataplane/v1/fleet"
MAPS = "/v3/services/haproxy/storage/maps"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members look again soon, so that the tests end soon."""
    monkeypatch.setattr(attempts, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(following, "_LOOK_SECONDS", 0.5)
    monkeypatch.setattr(reporting, "_RENEW_SECONDS", 0.5)
    monkeypatch.setattr("dataplane_plugins.fleet.stores.consul._SLICE", 0.5)


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes a real store with a will of its own."""
    made: list[Any] = []

    def make(kind: str, *given: Any) -> Any:
        made.append(TROUBLED[kind](*given))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Following:
    """The thread of a member that follows; while its gate is shut, it does nothing."""

    def __init__(self, node: Node) -> None:
        self._node, self._stop, self.gate = node, threading.Event(), threading.Event()
        self.gate.set()
        step = node.follower.step

        def attempted() -> None:
            self.gate.wait(PATIENCE)
            node.load()
            step()

        node.follower.step = attempted
        self._thread = threading.Thread(target=node.follower.run, args=(self._stop,))
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self.gate.set()
        self._node.store.close()
        self._thread.join(PATIENCE)


@contextmanager
def followed(store: Any, folder: Path) -> Iterator[tuple[Fleet, Node, Node, Following]]:
    """Two members that follow a store, and have a revision of their own; the gate is the second one's."""
    fleet = Fleet(folder, store.opened)
    nodes = [fleet.node(name, **fleet.served) for name in ("one", "two")]
    for node in nodes:
        node.step(2)
    threads = [Following(node) for node in nodes]
    try:
        change(*nodes, "begun")
        yield fleet, nodes[0], nodes[1], threads[1]
    finally:
        for one in threads:
            one.end()


def change(node: Node, other: Node, name: str) -> None:
    """Change something by one member, and wait until the other has it."""
    answer = node.server("be1", name)
    assert answer.status_code in (201, 202), answer.text
    until(lambda: f" {name} " in other.file.read_text(), lambda: other.status)
    until(lambda: states(node, other) == {"applied"}, lambda: (node.status, other.status))


def states(*nodes: Node) -> set[str]:
    return {node.status.state for node in nodes}


def refused(node: Node, reason: str) -> None:
    """A text and a file are refused, and are not there."""
    for answer in (node.server("be1", "lost"), upload(node, MAPS, {"file_upload": ("lost.map", b"a b\n")})):
        assert (answer.status_code, reason in answer.json["message"]) == (503, True), answer.text
    assert " lost " not in node.file.read_text()
    assert not (node.folder / "maps/lost.map").exists()


def alarmed(node: Node, reason: str) -> bool:
    return any(reason in one for one in node.call("GET", FLEET).json["alarms"])


def offer(node: Node, what: Node) -> None:
    answer = node.call("POST", f"{FLEET}/nodes/{what.name}", {"action": "offer"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", TROUBLED)
@pytest.mark.parametrize("trouble", ["older backup", "emptied"])
def test_a_store_that_has_lost_revisions_is_told_and_goes_on_by_order(
    real: Callable[..., Any], tmp_path: Path, kind: str, trouble: str
) -> None:
    store = real(kind)
    with followed(store, tmp_path) as (fleet, one, two, _):
        kept = store.keep()
        change(one, two, "more")
        assert upload(two, MAPS, {"file_upload": ("a.map", b"a 1\n")}).status_code == 201
        until(lambda: (one.folder / "maps/a.map").exists())
        until(lambda: one.status.number == two.status.number and states(one, two) == {"applied"})
        texts = [node.file.read_bytes() for node in (one, two)]
        store.put_back(kept) if trouble == "older backup" else store.empty()
        until(lambda: states(one, two) == {"apart"}, lambda: (one.status, two.status))
        said = "it was put back" if trouble == "older backup" else "it was emptied"
        for node in (one, two):
            until(lambda node=node: alarmed(node, said), lambda node=node: node.call("GET", FLEET).json)
            refused(node, said)
        assert [node.file.read_bytes() for node in (one, two)] == texts
        offer(two, one)
        until(lambda: states(one, two) == {"applied"}, lambda: (one.status, two.status))
        assert all(b" more " in node.file.read_bytes() for node in (one, two))
        change(two, one, "later")
        third = fleet.node("three", TEXT.replace("be2", "other"), **fleet.served).step(3)
        assert third.text == one.text
        assert (third.folder / "maps/a.map").read_text() == "a 1\n"


@pytest.mark.parametrize("kind", TROUBLED)
def test_a_store_that_forbids_is_told_and_gone_on_with(real: Callable[..., Any], tmp_path: Path, kind: str) -> None:
    store = real(kind, True)
    with followed(store, tmp_path) as (_, one, two, _):
        texts = [node.file.read_bytes() for node in (one, two)]
        store.forbid()
        until(lambda: states(one, two) == {"waiting"}, lambda: (one.status, two.status))
        found = one.call("GET", FLEET).json
        assert found["reachable"] is False
        reasons = "ermission denied", "the token has the right to a part"
        assert any(one in found["alarms"][0] for one in reasons), found
        refused(two, "the store of the fleet: ")
        assert [node.file.read_bytes() for node in (one, two)] == texts
        store.allow()
        until(lambda: states(one, two) == {"applied"}, lambda: (one.status, two.status))
        change(two, one, "later")


def test_an_etcd_that_is_full_is_told_and_gone_on_with(real: Callable[..., Any], tmp_path: Path) -> None:
    store: TroubledEtcd = real("etcd", False, "--quota-backend-bytes", str(4 * 1024 * 1024))
    with followed(store, tmp_path) as (_, one, two, _):
        texts = [node.file.read_bytes() for node in (one, two)]
        store.fill()
        refused(one, "database space exceeded")
        two.file.write_bytes(texts[1].replace(b"192.0.2.3", b"192.0.2.33"))
        until(lambda: two.status.state == "waiting" and "space exceeded" in two.status.reason, lambda: two.status)
        assert alarmed(two, "space exceeded")
        assert one.file.read_bytes() == texts[0]
        store.make_room()
        until(lambda: b"192.0.2.33" in one.file.read_bytes(), lambda: (one.status, two.status))
        change(two, one, "later")


def test_who_slept_while_etcd_was_compacted_catches_up(real: Callable[..., Any], tmp_path: Path) -> None:
    store = real("etcd")
    with followed(store, tmp_path) as (_, one, two, following_two):
        following_two.gate.clear()
        for number in range(3):
            assert one.server("be1", f"new{number}").status_code in (201, 202)
        until(lambda: one.status.state == "applied" and one.status.number == one.status.wanted)
        store.compact()
        assert " new2 " not in two.file.read_text()
        following_two.gate.set()
        until(lambda: " new2 " in two.file.read_text(), lambda: two.status)
        store.compact()
        change(two, one, "later")
        assert one.call("GET", FLEET).json["alarms"] == []
