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
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from dataplane_core.settings import Settings
from dataplane_core.wiring import make_services
from dataplane_plugins.fleet.members.member import Member as OwnMember
from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.records.sealing import new_key
from dataplane_plugins.fleet.rollouts.leading import LEADER
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from dataplane_plugins.fleet.stores import StoreError
from tests.fleet.proof.history import Committed, Operation, faults
from tests.fleet.proof.members import UNKNOWN, Gone, Member, digest_of
from tests.fleet.proof.networks import End
from tests.fleet.proof.stores import Cluster
from tests.harness.waiting import until

TEXT = "global\n  maxconn 100\ndefaults\n  mode http\nbackend be\n"
MARK = re.compile(r"server (m\d+) ")
CHANNELS = 4
JUMPS = tuple(sign * seconds for seconds in (3600, 10 * 365 * 86400) for sign in (1, -1)) + (0,)
"""Seconds that a member's clock may be off."""
WAVES = Strategy(("1", "2"), timeout=5, on_failure="rollback")
"""Who takes a change, then the first other member by name, then the rest."""


class Proof:
    """One fleet, its clients, and what they have seen so far.

    With `set_clock` (a library of `tests.torture.clocks`) clocks of members jump. With `waves` changes go in waves, and
    the first member refuses some: these may come to nobody but the member that has taken them.
    """

    def __init__(
        self, folder: Path, store: Cluster, members: int, seed: int = 0, set_clock: str = "", waves: bool = False
    ) -> None:  # fmt: skip
        self.chance, self.store, self.folder = random.Random(seed), store, folder
        self._jumps, self._waves = bool(set_clock), waves
        key_file = folder / "fleet.key"
        key_file.write_text(new_key())
        key_file.chmod(0o600)
        self.members = []
        for name in (f"n{n}" for n in range(members)):
            place, url = store.network.place(name), store.url(name)
            self.members.append(Member(folder, name, url, key_file, TEXT, place, set_clock))
        for one in self.members[1:]:
            (one.folder / "unknown").write_text("nothing that anybody says")
        for one in self.members:
            one.start(channels=CHANNELS)
        self.operations: list[Operation] = []
        self.together = False
        """Whether members have trouble while their network, or the store, has trouble, too."""
        self.troubles: Counter[str] = Counter()
        self._seen: list[Committed] = []
        self._numbers = itertools.count()
        settings = Settings.default().replace(**{
            "haproxy.config_file": str(self.members[0].file), "dataplane.state_dir": str(folder / "onlooker"),
            "fleet.store": store.url(), "fleet.node": "onlooker", "fleet.key_file": str(key_file),
        })  # fmt: skip
        self._services = make_services(settings, ["fleet.membership"])
        self._onlooker = OwnMember(self._services)
        if waves:
            self._onlooker.enrol()
            until(self.settled)
            Rollouts(self._onlooker).set_strategy(WAVES)
            self._onlooker.remove("onlooker")

    def settled(self, seconds: float = 60.0) -> bool:
        """Wait until all members have the newest revision, and none is rolled out; tell whether that is so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(StoreError, Gone):
                head = self._onlooker.revisions.newest()
                states = [one.ask("status") for one in self.members]
                if head and all(one.get("state") == "applied" and one["number"] == head.number for one in states):
                    rollout = Rollouts(self._onlooker).current()[0] if self._waves else None
                    if rollout is None or not rollout.is_open:
                        return True
            time.sleep(0.05)
        return False

    def round(self, clients: int = 8, seconds: float = 2.0) -> list[str]:
        """Have clients change the fleet beside some trouble; say what is wrong afterwards."""
        over = threading.Event()
        with ThreadPoolExecutor(clients + 2) as pool:
            work = [pool.submit(self._write, number, over) for number in range(clients)]
            members = [self._kill, self._kill_leader, self._freeze, *[self._jump] * self._jumps]
            others = [self._cut_off, self._trouble_store]
            both = [members, others] if self.together else [[*members, *others]]
            for trouble in [pool.submit(self._trouble, over, seconds, kinds) for kinds in both]:
                trouble.result()
            for one in work:
                one.result()
        if not self.settled():
            states = {one.name: self._said(one) for one in self.members}
            return [f"not all members have the newest revision: {states}"]
        loaded = {one.name: one.loaded() for one in self.members}
        return faults(self.operations, self.committed(), loaded)

    def committed(self) -> list[Committed]:
        """All revisions of the store; those that were read before are not read again, but for the last."""
        head = self._onlooker.revisions.newest()
        assert head is not None
        seen = self._seen[:-1]
        for number in range(len(seen) + 1, head.number + 1):
            one = self._onlooker.revisions.get(number)
            assert one is not None, number
            text = self._onlooker.revisions.text(one)
            marks = frozenset(MARK.findall(text))
            returned = seen[-1].marks - marks if one.text_of and seen else frozenset[str]()
            only = one.node if UNKNOWN in text else ""
            seen.append(Committed(number, one.version, marks, digest_of(text), returned, only))
        self._seen = seen
        return seen

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
            word = f" # {UNKNOWN}" if self._waves and chance.random() < 0.3 else ""
            line = f"backend be\n  server {mark} 192.0.2.1:80{word}\n"
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

    def _trouble(self, over: threading.Event, seconds: float, kinds: Sequence[Callable[[], End]]) -> None:
        """Have one trouble after the other, each for a while, until the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            kind = self.chance.choice(kinds)
            self.troubles[kind.__name__] += 1
            stop = kind()
            time.sleep(min(self.chance.uniform(0.05, 1.0), max(0.0, end - time.monotonic())))
            stop()
            time.sleep(self.chance.uniform(0.0, 0.2))
        over.set()

    def _kill(self, one: Member | None = None) -> End:
        found = one or self.chance.choice(self.members)
        found.kill()
        return lambda: found.start(channels=CHANNELS)

    def _kill_leader(self) -> End:
        leader = None
        with suppress(StoreError):
            leader = self._onlooker.store.get(LEADER)
        name = leader.value.decode() if leader else ""
        return self._kill(next((one for one in self.members if one.name == name), None))

    def _freeze(self) -> End:
        one = self.chance.choice(self.members)
        one.send(signal.SIGSTOP)
        return lambda: one.send(signal.SIGCONT)

    def _cut_off(self) -> End:
        return self.store.network.cut_off(self.chance.choice(self.members).name, self.chance)

    def _jump(self) -> End:
        """Set a member's clock; what it is stays so, or goes back, as it happens."""
        one = self.chance.choice(self.members)
        one.set_clock(self.chance.choice(JUMPS))
        return lambda: one.set_clock(self.chance.choice(JUMPS))

    def _trouble_store(self) -> End:
        return self.store.begin_trouble(self.chance)

    def close(self) -> None:
        for one in self.members:
            one.kill()
        self.store.close()
        self._services.state.shutdown()
