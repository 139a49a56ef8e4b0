"""Many members on one machine: how soon all have a commit, whether all end on the last of many, what it costs.

Some of them have a real HAProxy and traffic; the changes are of weights and states of servers, which need no reload.
"""

import base64
import itertools
import json
import os
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from dataplane_core.store.head import digest_of as digest_of_version
from dataplane_plugins.fleet.records.sealing import new_key
from tests.fleet.proof.members import Member, digest_of
from tests.fleet.proof.order import disorder
from tests.fleet.proof.real import ORIGINS, RealMember, Site, Traffic, programs
from tests.fleet.proof.stores import Etcd
from tests.harness.waiting import PATIENCE, until

BRANCHES = ("2.8", "3.2", "2.8", "3.2", "2.8")
"""Of the real HAProxy, in turn."""
_TICKS = os.sysconf("SC_CLK_TCK")
_TOLD_EACH = 50
_PAUSE = 0.1
_HANDLED = re.compile(r"^grpc_server_started_total\{.*\} ([0-9.e+]+)$", re.MULTILINE)
MOST_SECONDS, MOST_BYTES, MOST_IDLE = 5.0, 10_000, 1.0


class Crowd:
    """The members of a fleet, one of which changes it, and what all of them ought to have run."""

    def __init__(self, folder: Path, count: int, real: int, servers: int) -> None:
        self.servers = servers
        self.store = Etcd(folder, 1)
        key_file = folder / "fleet.key"
        key_file.write_text(new_key())
        key_file.chmod(0o600)
        found = programs(list(itertools.islice(itertools.cycle(BRANCHES), real)))
        self.site = Site(folder, found[0] if found else "")
        begin, url = self.site.text, self.store.url()
        self.text = begin + "backend many\n  balance leastconn\n" + "".join(
            f"  server s{at} 192.0.{at // 250}.{at % 250}:80 weight {at % 256}\n" for at in range(servers)
        )  # fmt: skip
        self.first = Member(folder, "n0", url, key_file, self.text)
        self.real = [
            RealMember(folder, f"n{at}", url, key_file, begin, program, f"127.0.77.{at}")
            for at, program in enumerate(found, 1)
        ]
        light = [Member(folder, f"n{at}", url, key_file, begin) for at in range(len(found) + 1, count)]
        self.members = [self.first, *self.real, *light]
        self.version = 0
        self._edits = self._made_edits()
        self.committed = {digest_of_version(text.encode()): 0 for text in (begin, self.text)}
        """The version of each text that was committed, by each of its two digests; 0 is what members began with."""

    def start(self) -> None:
        until(self.store.ready)
        if self.real:
            self.site.start()
        self.first.start()  # alone, for whoever begins brings the configuration
        until(lambda: self.first.ask("newest")["state"] == "applied")
        for one in self.members[1:]:
            one.start()
        self.settle()
        self.version = self.first.ask("newest")["version"]
        for version in range(1, self.version + 1):
            self._note(version, 0)

    def close(self) -> None:
        for one in self.members:
            one.kill()
        self.site.stop()
        self.store.close()

    def commit(self) -> None:
        """Change one server by the first member."""
        old, new = next(self._edits)
        answer = self.first.ask("write", version=self.version, who="proof", old=old, new=new)
        assert "version" in answer, answer
        self.version, self.text = int(answer["version"]), self.text.replace(old, new)
        self._note(self.version, self.version)

    def _note(self, version: int, number: int) -> None:
        """Note what is committed now: as HAProxy has it, and as the file of a member has it."""
        self.committed[digest_of(self.text)] = number
        self.committed[digest_of_version(f"# _version={version}\n{self.text}".encode())] = number

    def _made_edits(self) -> Iterator[tuple[str, str]]:
        """Lines and what they become: each tenth time the state of a server that has traffic, a weight else."""
        for number in itertools.count():
            live = number % 10 == 9
            name = f"o{1 + number // 10 % (ORIGINS - 1)}" if live else f"s{number * 37 % self.servers}"
            found = re.search(rf"^  server {name} .*\n", self.text, re.MULTILINE)
            assert found is not None
            line = found[0]
            if live:
                off = " disabled\n"
                yield line, line.replace(off, "\n") if off in line else line.replace("\n", off)
            else:
                before, weight = line.rsplit(" ", 1)
                yield line, f"{before} {(int(weight) + 1) % 256}\n"

    def settle(self) -> None:
        """Wait until all members have what the first one has."""
        end, late = time.monotonic() + 2 * PATIENCE, self.members
        while late := self._late(late) or self._late(self.members):
            assert time.monotonic() < end, [(one.name, one.ask("status"), one.ask("newest")) for one in late]
            time.sleep(_PAUSE)

    def _late(self, members: list[Member]) -> list[Member]:
        newest = {**self.first.ask("newest"), "state": "applied"}
        return [one for one in members if one.ask("newest") != newest]

    def behind(self) -> int:
        """So many members have not got the last commit."""
        return sum(one.ask("newest")["version"] != self.version for one in self.members)

    def wrong(self) -> Iterator[str]:
        """What no member may have done: run a text that was not committed, or an older one after a newer one."""
        for one in self.members:
            yield from disorder(one.name, [digest for _, digest in one.ask("history")["versions"]], self.committed)
            yield from disorder(one.name, one.loaded(), self.committed)
        for real in self.real:
            yield from (f"{real.name}: HAProxy has {name} otherwise than the file" for name in real.differences())


class Costs:
    """What members and their store have used since it was made."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._begun, self._ticks, self._asked = time.monotonic(), self._used(), asked(crowd.store)

    def _used(self) -> int:
        return sum(ticks(one.pid) for one in self._crowd.members)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def share(self) -> float:
        """The share of a core that a member took, in percent."""
        return 100 * (self._used() - self._ticks) / _TICKS / self.seconds / len(self._crowd.members)

    def of_each(self, commits: int) -> str:
        """What a member used for each commit."""
        count = len(self._crowd.members) * max(1, commits)
        used = 1000 * (self._used() - self._ticks) / _TICKS / count
        return f"{used:.0f} ms of processor and {(asked(self._crowd.store) - self._asked) / count:.1f} requests"


def measure(
    folder: Path, count: int, commits: int, *, single: int = 5, real: int = 5, servers: int = 10_000, idle: float = 20.0,
    tell: Callable[[str], object] = print, hurries: bool = True,
) -> list[str]:
    """Start members, tell what is measured, and return what is wrong; without `hurries` nothing takes too long."""
    wrong: list[str] = []

    def limit(value: float, most: float, said: str, timed: bool = False) -> None:
        tell(said)
        if value > most and (hurries or not timed):
            wrong.append(f"{said}: above {most:g}")

    crowd = Crowd(folder, count, real, servers)
    traffic = Traffic(crowd.real, crowd.site.port)
    begun = time.monotonic()
    try:
        crowd.start()
        tell(f"{count} members begin in {time.monotonic() - begun:.1f} s, {len(crowd.real)} of them with HAProxy")
        with traffic.running():
            reloads = [one.reloads() for one in crowd.real]
            _single(crowd, single, limit, tell)
            _one_after_another(crowd, commits, tell)
            made = sum(one.reloads() for one in crowd.real) - sum(reloads)
            limit(made, 0, f"{made} reloads of {len(crowd.real)} HAProxy")
            used = Costs(crowd)
            time.sleep(idle)
            limit(used.share(), MOST_IDLE, f"an idle member takes {used.share():.2f} % of a core", timed=True)
        failed = len(traffic.failures)
        limit(failed, 0, f"{sum(traffic.answered.values())} requests answered, {failed} failed {traffic.failures[:3]}")
        if crowd.real and min(traffic.answered[one.name] for one in crowd.real) == 0:
            wrong.append("an HAProxy has answered nothing")
        wrong += crowd.wrong()
        tell(f"histories and texts of {count} members, servers of {len(crowd.real)} HAProxy: looked at")
    finally:
        crowd.close()
    return wrong


def _single(crowd: Crowd, commits: int, limit: Callable[..., None], tell: Callable[[str], object]) -> None:
    """Have some commits, each of which all members have before the next."""
    used, times, sizes = Costs(crowd), [], [stored(crowd.store)]
    for _ in range(commits):
        begun = time.monotonic()
        crowd.commit()
        crowd.settle()
        times.append(time.monotonic() - begun)
        sizes.append(stored(crowd.store))
    limit(max(times), MOST_SECONDS, f"a commit is everywhere in {sorted(times)[commits // 2]:.1f} s, {max(times):.1f} at most", timed=True)
    tell(f"each costs a member {used.of_each(commits)} to the store")
    more = [after - before for before, after in itertools.pairwise(sizes)]
    limit(max(more), MOST_BYTES, f"{sum(more) / commits:.0f} bytes in the store for each, {max(more)} at most, of {crowd.servers} servers")


def _one_after_another(crowd: Crowd, commits: int, tell: Callable[[str], object]) -> None:
    used = Costs(crowd)
    for number in range(1, commits + 1):
        crowd.commit()
        if not number % _TOLD_EACH:
            tell(f"  {number} commits in {used.seconds:.0f} s; {crowd.behind()} members are behind")
    tell(f"{commits} commits one after another in {used.seconds:.0f} s")
    begun = time.monotonic()
    crowd.settle()
    tell(f"all are on the last {time.monotonic() - begun:.1f} s later; each has cost a member {used.of_each(commits)} to the store")


def stored(store: Etcd) -> int:
    """Bytes of keys and values that the store has, as they are now."""
    listed = store.members[0].control("get", "", "--prefix", "--write-out=json")
    return sum(
        len(base64.b64decode(one["key"])) + len(base64.b64decode(one.get("value", "")))
        for one in json.loads(listed).get("kvs", ())
    )


def asked(store: Etcd) -> int:
    """Requests that the store was sent so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{store.members[0].port}/metrics", timeout=PATIENCE) as told:
        return sum(int(float(one)) for one in _HANDLED.findall(told.read().decode()))


def ticks(pid: int) -> int:
    """The time that a process, and those that it has waited for, had of a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))
