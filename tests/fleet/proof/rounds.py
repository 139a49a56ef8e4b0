"""Rounds of clients who change one fleet, while its members and its store have all kinds of trouble.

Each round goes on with what the former one left. After it all trouble ends; then all members have to have
the newest revision, and the history of all rounds has to be one that a single server could have had.
"""

import itertools
import random
import re
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from dataplane_core.settings import Settings
from dataplane_core.wiring import make_services
from dataplane_plugins.fleet.member import Member as OwnMember
from dataplane_plugins.fleet.sealing import new_key
from dataplane_plugins.fleet.stores import StoreError
from tests.fleet.proof.history import Committed, Operation, faults
from tests.fleet.proof.members import Gone, Member, digest_of
from tests.fleet.stores.etcd_server import EtcdMember
from tests.fleet.stores.proxy import Proxy

TEXT = "global\n  maxconn 100\ndefaults\n  mode http\nbackend be\n"
MARK = re.compile(r"server (m\d+) ")
CHANNELS = 4


class Etcd:
    """Three members of etcd, each behind a proxy for each member of the fleet."""

    kind = "etcd"

    def __init__(self, folder: Path, count: int = 3) -> None:
        self.members = [EtcdMember(folder, f"etcd{number}") for number in range(count)]
        self._cluster = ",".join(f"{one.name}={one.peer}" for one in self.members)
        for one in self.members:
            one.start(self._cluster)
        self.proxies: dict[str, list[Proxy]] = {}

    def ready(self) -> bool:
        return all(one.serves() for one in self.members)

    def url(self, name: str = "") -> str:
        """The store as one member of the fleet reaches it."""
        ports = [one.port for one in self.members]
        if name:
            self.proxies[name] = [Proxy(port) for port in ports]
            ports = [one.port for one in self.proxies[name]]
        return "etcd://" + ",".join(f"127.0.0.1:{port}" for port in ports) + "/proof"

    def begin_trouble(self, chance: random.Random) -> Callable[[], None]:
        """Stop or kill one of the members; return what ends that."""
        one = chance.choice(self.members)
        if chance.random() < 0.5:
            one.send(signal.SIGSTOP)
            return lambda: one.send(signal.SIGCONT)
        one.stop()
        return lambda: one.start(self._cluster)

    def close(self) -> None:
        for one in self.members:
            one.stop()
        for proxy in itertools.chain.from_iterable(self.proxies.values()):
            proxy.__exit__()


class Proof:
    """One fleet, its clients, and what they have seen so far."""

    def __init__(self, folder: Path, store: Etcd, members: int, seed: int = 0) -> None:
        self.chance, self.store, self.folder = random.Random(seed), store, folder
        key_file = folder / "fleet.key"
        key_file.write_text(new_key())
        key_file.chmod(0o600)
        self.members = [Member(folder, f"n{n}", store.url(f"n{n}"), key_file, TEXT) for n in range(members)]
        for one in self.members:
            one.start(channels=CHANNELS)
        self.operations: list[Operation] = []
        self._numbers = itertools.count()
        settings = Settings.default().replace(**{
            "haproxy.config_file": str(self.members[0].file), "dataplane.state_dir": str(folder / "onlooker"),
            "fleet.store": store.url(), "fleet.node": "onlooker", "fleet.key_file": str(key_file),
        })  # fmt: skip
        self._services = make_services(settings, ["fleet.membership"])
        self._onlooker = OwnMember(self._services)

    def settled(self, seconds: float = 60.0) -> bool:
        """Wait until all members have the newest revision; tell whether they do."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(StoreError, Gone):
                head = self._onlooker.revisions.newest()
                states = [one.ask("status") for one in self.members]
                if head and all(one.get("state") == "applied" and one["number"] == head.number for one in states):
                    return True
            time.sleep(0.05)
        return False

    def round(self, clients: int = 8, seconds: float = 2.0) -> list[str]:
        """Have clients change the fleet beside some trouble; say what is wrong afterwards."""
        over = threading.Event()
        with ThreadPoolExecutor(clients + 1) as pool:
            work = [pool.submit(self._write, number, over) for number in range(clients)]
            trouble = pool.submit(self._trouble, over, seconds)
            trouble.result()
            for one in work:
                one.result()
        if not self.settled():
            states = {one.name: self._said(one) for one in self.members}
            return [f"not all members have the newest revision: {states}"]
        loaded = {one.name: one.loaded() for one in self.members}
        return faults(self.operations, self.committed(), loaded)

    def committed(self) -> list[Committed]:
        """All revisions of the store."""
        head = self._onlooker.revisions.newest()
        assert head is not None
        found = []
        for number in range(1, head.number + 1):
            one = self._onlooker.revisions.get(number)
            assert one is not None, number
            text = self._onlooker.revisions.text(one)
            found.append(Committed(number, one.version, frozenset(MARK.findall(text)), digest_of(text)))
        return found

    def _said(self, member: Member) -> object:
        with suppress(Gone):
            return member.ask("status")
        return "gone"

    def _write(self, client: int, over: threading.Event) -> None:
        chance = random.Random(self.chance.random())
        while not over.is_set():
            member, rebase = chance.choice(self.members), chance.random() < 0.3
            mark = f"m{next(self._numbers)}"
            try:
                now = member.ask("read", channel=client % CHANNELS)
            except Gone:
                time.sleep(0.02)
                continue
            begun = time.monotonic()
            line = f"backend be\n  server {mark} 192.0.2.1:80\n"
            try:
                answer = member.ask(
                    "write", channel=client % CHANNELS, version=now["version"], who=f"c{client}", rebase=rebase,
                    old="backend be\n", new=line,
                )  # fmt: skip
            except Gone:
                answer = {"status": 599}
            outcome = "done" if "version" in answer else "unknown" if answer["status"] >= 500 else "refused"
            self.operations.append(
                Operation(
                    mark, begun, time.monotonic(), now["version"], outcome, answer.get("version", 0), rebased=rebase
                )
            )

    def _trouble(self, over: threading.Event, seconds: float) -> None:
        """Have one trouble after the other, each for a while, until the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            stop = self.chance.choice((self._kill, self._freeze, self._cut_off, self._trouble_store))()
            time.sleep(min(self.chance.uniform(0.05, 1.0), max(0.0, end - time.monotonic())))
            stop()
            time.sleep(self.chance.uniform(0.0, 0.2))
        over.set()

    def _kill(self) -> Callable[[], None]:
        one = self.chance.choice(self.members)
        one.kill()
        return lambda: one.start(channels=CHANNELS)

    def _freeze(self) -> Callable[[], None]:
        one = self.chance.choice(self.members)
        one.send(signal.SIGSTOP)
        return lambda: one.send(signal.SIGCONT)

    def _cut_off(self) -> Callable[[], None]:
        one = self.chance.choice(self.members)
        proxies, mode = self.store.proxies[one.name], self.chance.choice(("request", "answer", "silent"))
        for proxy in proxies:
            proxy.mode = mode

        def end() -> None:
            for proxy in proxies:
                proxy.mode = ""
                proxy.cut()

        return end

    def _trouble_store(self) -> Callable[[], None]:
        return self.store.begin_trouble(self.chance)

    def close(self) -> None:
        for one in self.members:
            one.kill()
        self.store.close()
        self._services.state.shutdown()
