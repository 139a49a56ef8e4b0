"""Many members on one machine: how soon all have a commit, whether all end on the last of many, what idling costs."""

import itertools
import os
import time
from pathlib import Path

from dataplane_plugins.fleet.sealing import new_key
from tests.fleet.proof.members import Member
from tests.fleet.proof.rounds import TEXT, Etcd
from tests.harness.waiting import until

_TICKS = os.sysconf("SC_CLK_TCK")


def measure(folder: Path, count: int, commits: int, servers: int = 10_000) -> list[str]:
    """Start members, and say what was measured; begins with `WRONG` where the last commit is not everywhere."""
    store = Etcd(folder, 1)
    until(store.ready)
    key_file = folder / "fleet.key"
    key_file.write_text(new_key())
    key_file.chmod(0o600)
    text = TEXT + "".join(f"  server s{n} 192.0.{n // 250}.{n % 250}:80 weight {n % 256}\n" for n in range(servers))
    first = Member(folder, "n0", store.url(), key_file, text)
    others = [Member(folder, f"n{n}", store.url(), key_file, TEXT) for n in range(1, count)]
    said, numbers = [], itertools.count()
    try:
        begun = time.monotonic()
        for one in (first, *others):
            one.start()
        waited(first, [first, *others])
        said.append(f"{count} members begin in {time.monotonic() - begun:.1f} s")
        said.append(f"a commit is everywhere in {_commit_everywhere(first, others, numbers):.1f} s")
        begun = time.monotonic()
        sizes = [stored(store)]
        for number in range(commits):
            commit(first, next(numbers))
            if number < 50:
                sizes.append(stored(store))
        said.append(f"{commits} commits one after another in {time.monotonic() - begun:.0f} s")
        begun = time.monotonic()
        waited(first, [first, *others])
        said.append(f"all are on the last {time.monotonic() - begun:.1f} s later")
        texts = {one.ask("read")["text"] for one in (first, *others)}
        if len(texts) != 1:
            said.insert(0, f"WRONG: {len(texts)} texts")
        said.append(f"{(sizes[-1] - sizes[0]) / (len(sizes) - 1):.0f} bytes in the store for each, of {servers} servers")
        said.append(f"an idle member takes {100 * idle([first, *others]):.2f} % of a core")
    finally:
        for one in (first, *others):
            one.kill()
        store.close()
    return said


def commit(member: Member, number: int) -> int:
    version = member.ask("read")["version"]
    old, new = ("  maxconn 100", f"  maxconn 100 # {number}") if not number else (f"# {number - 1}\n", f"# {number}\n")
    answer = member.ask("write", version=version, who="proof", old=old, new=new)
    assert "version" in answer, answer
    return int(answer["version"])


def _commit_everywhere(first: Member, others: list[Member], numbers: "itertools.count[int]") -> float:
    begun = time.monotonic()
    commit(first, next(numbers))
    waited(first, [first, *others])
    return time.monotonic() - begun


def waited(first: Member, members: list[Member]) -> None:
    """Wait until all members have what the first one has."""
    for one in members:
        until(lambda one=one: one.ask("status").get("state") == "applied"
              and one.ask("read")["version"] == first.ask("read")["version"])  # fmt: skip


def stored(store: Etcd) -> int:
    """Bytes of keys and values that the store has, as they are now."""
    listed = store.members[0].control("get", "", "--prefix", "--write-out=json")
    import base64
    import json

    return sum(
        len(base64.b64decode(one["key"])) + len(base64.b64decode(one.get("value", "")))
        for one in json.loads(listed).get("kvs", ())
    )


def idle(members: list[Member], seconds: float = 20.0) -> float:
    """The share of a core that a member takes when nothing happens."""
    before = [_ticks(one.pid) for one in members]
    time.sleep(seconds)
    used = sum(_ticks(one.pid) - former for one, former in zip(members, before, strict=True))
    return used / _TICKS / seconds / len(members)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))
