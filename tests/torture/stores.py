"""Chains of revisions in a real store, while its members are killed, stopped and cut off.

Eight clients append to one chain by compare-and-swap, each by a store of its own. What was
acknowledged must be in the chain, what was refused must not, and what is undecided may be.
"""

import random
import signal
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dataplane_plugins.fleet.stores import (
    Condition,
    KeyValueStore,
    StoreError,
    StoreRefused,
    StoreUnreachable,
    Undecided,
    open_store,
)
from tests.fleet.stores.consul_server import ConsulMember
from tests.fleet.stores.etcd_server import EtcdMember
from tests.fleet.stores.proxy import Proxy
from tests.harness.waiting import until

CLIENTS, HEAD, CHAIN = 8, "control/head", "revisions/"
KINDS = ("etcd", "consul")
SECONDS = 120


class Cluster:
    """Three members of a store, each with a proxy before it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        made: Any = EtcdMember if kind == "etcd" else ConsulMember
        self.members = [made(folder, name) for name in ("one", "two", "three")]
        for member in self.members:
            self.start(member)
        self.proxies = [Proxy(member.port) for member in self.members]

    def start(self, member: Any) -> None:
        together = ",".join(f"{one.name}={one.peer}" for one in self.members) if self.kind == "etcd" else self.members
        member.start(together)

    def opened(self, chance: random.Random) -> KeyValueStore:
        """Return a store that asks the members in some order."""
        ports = chance.sample([proxy.port for proxy in self.proxies], len(self.proxies))
        return open_store(f"{self.kind}://{','.join(f'127.0.0.1:{port}' for port in ports)}/torture")

    def hurt(self, chance: random.Random, stop: threading.Event) -> str:
        """Do something to one member for a while, and return what."""
        at = chance.randrange(len(self.members))
        member, proxy = self.members[at], self.proxies[at]
        what = chance.choice(("kill", "stop", "request", "answer", "silent"))
        if what == "kill":
            member.stop()
            stop.wait(chance.uniform(0, 1))
            self.start(member)
        elif what == "stop":
            member.send(signal.SIGSTOP)
            stop.wait(chance.uniform(0.2, 8))
            member.send(signal.SIGCONT)
        else:
            proxy.mode = what
            stop.wait(chance.uniform(0.2, 3))
            proxy.mode = ""
            proxy.cut()
        return what

    def stop(self) -> None:
        for proxy in self.proxies:
            proxy.__exit__()
        for member in self.members:
            member.stop()


class Chain:
    """What clients did, by outcome: the numbers and names of the revisions."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[tuple[int, str]]] = {}
        self.failed_reads = 0

    def append(self, store: KeyValueStore) -> None:
        """Append one revision, and note what came of it."""
        name = uuid.uuid4().hex
        try:
            head = store.get(HEAD)
        except StoreError:
            self.failed_reads += 1
            return
        number = int(head.value) + 1 if head else 1
        place = f"{CHAIN}{number:08}"
        conditions = [Condition(HEAD, head.mark if head else 0), Condition(place)]
        try:
            done = store.transact(conditions, {HEAD: b"%d" % number, place: name.encode()})
            outcome = "acknowledged" if done else "overtaken"
        except (Undecided, StoreUnreachable, StoreRefused) as error:
            outcome = type(error).__name__
        self.outcomes.setdefault(outcome, []).append((number, name))

    def problems(self, found: dict[int, str], head: int) -> list[str]:
        """Return what the chain in the store has that it must not, and has not that it must."""
        told = [] if sorted(found) == list(range(1, head + 1)) else ["the chain has holes"]
        there = set(found.values())
        for outcome, revisions in self.outcomes.items():
            for number, name in revisions:
                if outcome == "acknowledged" and found.get(number) != name:
                    told.append(f"revision {number} was acknowledged and is not there")
                elif outcome not in ("acknowledged", "Undecided") and name in there:
                    told.append(f"revision {number} is there, and its client was told {outcome}")
        return told


def read(store: KeyValueStore) -> tuple[dict[int, str], int]:
    """Return the chain in the store, and the number of its head."""
    entries = store.list(CHAIN).entries
    head = store.get(HEAD)
    found = {int(one.key.removeprefix(CHAIN)): one.value.decode() for one in entries}
    return found, int(head.value) if head else 0


def _follow(store: KeyValueStore, seen: list[int]) -> None:
    """Wait for the head to change, and note its number: it never goes back."""
    try:
        store.wait("control/", store.list("control/").mark, 2)
        head = store.get(HEAD)
    except StoreError:
        return
    seen.append(int(head.value) if head else 0)


def _repeat(action: Callable[[], object], stop: threading.Event) -> threading.Thread:
    def run() -> None:
        while not stop.is_set():
            action()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def storm(kind: str, seconds: float, seed: int, folder: Path) -> list[str]:
    """Run one storm over a cluster, print its sum, and return what is wrong."""
    chance, stop, chain = random.Random(seed), threading.Event(), Chain()
    cluster = Cluster(kind, folder)
    try:
        store, hurts, seen = cluster.opened(chance), Counter[str](), [[0] for _ in range(2)]
        until(lambda: _answers(store))
        clients = [cluster.opened(chance) for _ in range(CLIENTS)]
        threads = [_repeat(lambda one=one: chain.append(one), stop) for one in clients]
        threads += [_repeat(lambda one=one: _follow(store, one), stop) for one in seen]

        def hurt() -> None:
            stop.wait(chance.uniform(0.2, 2))
            hurts[cluster.hurt(chance, stop)] += 1

        threads.append(_repeat(hurt, stop))
        stop.wait(seconds)
        stop.set()
        for thread in threads:
            thread.join()
        until(lambda: _answers(store))
        found, head = read(store)
    finally:
        cluster.stop()
    told = chain.problems(found, head)
    told += ["a follower saw the head go back" for one in seen if one != sorted(one)]
    outcomes = {outcome: len(revisions) for outcome, revisions in sorted(chain.outcomes.items())}
    late = sum(name in found.values() for _, name in chain.outcomes.get("Undecided", []))
    print(f"{kind}: {sum(hurts.values())} faults {dict(hurts)}, head {head}, {outcomes}, "
          f"{late} undecided are there, {chain.failed_reads} reads failed, {sum(map(len, seen))} followed")  # fmt: skip
    return told


def _answers(store: KeyValueStore) -> bool:
    try:
        store.get(HEAD)
    except StoreError:
        return False
    return True


def run_all(kinds: Sequence[str], seconds: float, seed: int) -> int:
    """Run a storm over each kind of store; 1 where something is wrong."""
    wrong = []
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="dataplane-storm-", dir="/dev/shm") as folder:
            wrong += [f"{kind}: {told}" for told in storm(kind, seconds, seed, Path(folder))]
    print("\n".join(wrong) or "all holds")
    return int(bool(wrong))
