"""Have some or all members do something while they run, and gather what each answers.

A job is a record in the store, for which members are woken; each writes its answer beside it. Both
are gone when whoever asked has the answers. A job is for the newest revision, and is done once,
whenever it is put back, and however often the member was started anew.
"""

import csv
import json
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import itemgetter
from typing import Any

from dataplane_core.plugin import (
    DataplaneError,
    Runtime,
    RuntimeFailed,
    State,
    conceal,
    dataclass,
    encode_text,
    is_success,
    runtime_argument,
)
from dataplane_plugins.fleet.members.local_files import LocalFiles
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.stores import Entry

JOBS, ANSWERS = "control/jobs/", "answers/"
_MOST_DONE = 1000
_LEDGER, _MOST_BEGUN = "fleet.jobs", 100
STATISTICS = "statistics"
READING = (STATISTICS, "native", "contents", "log")
"""The kinds of jobs that change nothing, and are not remembered."""
_LARGEST_ANSWER = 256 << 10
_MOST_EVENTS = 5000
_FRONTEND, _BACKEND = "0", "1"
_COUNTERS = ("scur", "stot", "bin", "bout", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx")


@dataclass(frozen=True, slots=True)
class Job:
    """Something that members are to do: a kind of work with its arguments."""

    kind: str
    arguments: Mapping[str, Any]


class Jobs:
    """The jobs of a fleet, for who gives them and for who does them."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._done: dict[str, None] = {}
        self._ledger = Ledger(member.services.state)

    def carry_out(self, job: Job, names: Iterable[str], seconds: float) -> dict[str, Any]:
        """Have members do a job; return the answer of each, None of those that have not answered.

        Each answer has `result`, or `error` with a sentence.
        """
        wanted, identifier = sorted(names), secrets.token_urlsafe(12)
        place, head = f"{JOBS}{identifier}", self._member.revisions.newest()
        said = {
            "kind": job.kind, "arguments": dict(job.arguments), "nodes": wanted,
            "number": head.number if head else 0, "when": time.time(),
        }  # fmt: skip
        data = self._member.signer.write(json.dumps(said).encode(), place)
        self._member.store.transact([], {place: data})
        answers = self._gathered(f"{ANSWERS}{identifier}/", wanted, time.monotonic() + seconds)
        there = [f"{ANSWERS}{identifier}/{name}" for name, one in answers.items() if one]
        for some in (there[start : start + 30] for start in range(0, len(there), 30)):
            self._member.store.transact([], {}, some)
        self._member.store.transact([], {}, [place])
        return answers

    def do(self, number: int, work: Callable[[Job], Any]) -> None:
        """Do the jobs that this member is asked for, and has not done yet."""
        entries = self._member.store.list(JOBS).entries
        self._forget({one.key.removeprefix(JOBS) for one in entries})
        for entry in entries:
            identifier = entry.key.removeprefix(JOBS)
            if identifier in self._done:
                continue
            asker, said = self._said(entry)
            if said.get("number", 0) > number:
                continue  # of a revision that this member has not seen yet
            self._done[identifier] = None
            if said and said.get("number", 0) < number:  # who asked is gone, or has no answer
                place = f"{ANSWERS}{identifier}/{self._member.name}"
                self._member.store.transact([], {}, [entry.key, place])
            if said.get("number") == number and self._member.name in said.get("nodes", ()):
                job = Job(said["kind"], said["arguments"])
                if job.kind in READING or self._ledger.begin(asker, identifier, said):
                    self._answer(identifier, job, work)

    def _forget(self, there: Collection[str]) -> None:
        """Forget the oldest jobs that are done, but for those that are still in the store."""
        gone = [one for one in self._done if one not in there]
        for one in gone[: max(0, len(gone) - _MOST_DONE)]:
            del self._done[one]

    def _said(self, entry: Entry) -> tuple[str, dict[str, Any]]:
        try:
            asker, data = self._member.signer.read(entry.value, entry.key)
            return asker, dict(json.loads(data))
        except (Forged, ValueError, TypeError) as error:
            self._member.tell(Forged(f"{entry.key} is no job: {error}"))
            return "", {}

    def _answer(self, identifier: str, job: Job, work: Callable[[Job], Any]) -> None:
        try:
            answer: dict[str, Any] = {"result": work(job)}
        except DataplaneError as error:
            answer = {"error": conceal(error.message)}
        data = json.dumps(answer).encode()
        if len(data) > _LARGEST_ANSWER:
            data = json.dumps({"error": "the answer is too long for the store"}).encode()
        place = f"{ANSWERS}{identifier}/{self._member.name}"
        self._member.store.transact([], {place: self._member.signer.write(data, place)})

    def _gathered(self, prefix: str, names: list[str], end: float) -> dict[str, Any]:
        """Return the answers: each is read once, and strangers' are not read at all."""
        found: dict[str, Any] = dict.fromkeys(names)
        while (left := end - time.monotonic()) > 0 and not all(found.values()):
            listing = self._member.store.list(prefix, names_only=True)
            there = {entry.key.removeprefix(prefix) for entry in listing.entries}
            for name in [one for one, answer in found.items() if answer is None and one in there]:
                entry = self._member.store.get(prefix + name)
                found[name] = self._answer_in(entry, name)
            if not all(found.values()):
                self._member.store.wait(prefix, listing.mark, left)
        return found

    def _answer_in(self, entry: Entry | None, name: str) -> Any:
        if entry is None:
            return None
        try:
            writer, data = self._member.signer.read(entry.value, entry.key)
            return json.loads(data) if writer == name else None
        except Forged as error:
            return {"error": f"somebody who is no member has written over the answer: {error}"}


class Ledger:
    """Remembers which jobs of which member were begun here: none is begun once more.

    So many of each member are remembered, by the clock of that member. What it asked for before
    the oldest of them has expired.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def begin(self, asker: str, identifier: str, said: Mapping[str, Any]) -> bool:
        """Tell whether a job is to be begun, which nobody is told once more."""
        when = float(said.get("when", 0.0))
        with self._state.write(synced=False):
            kept = json.loads(self._state.value(_LEDGER) or "{}")
            own = kept.get(asker, {"expired": -1.0, "begun": {}})
            if identifier in own["begun"] or when <= own["expired"]:
                return False
            begun = sorted({**own["begun"], identifier: when}.items(), key=itemgetter(1))
            gone = begun[: max(0, len(begun) - _MOST_BEGUN)]
            expired = max([own["expired"], *(moment for _, moment in gone)])
            kept[asker] = {"expired": expired, "begun": dict(begun[len(gone) :])}
            self._state.set_value(_LEDGER, json.dumps(kept))
        return True


class Work:
    """What a member does for a job, with its own HAProxy."""

    def __init__(self, member: Member, files: LocalFiles) -> None:
        self._member, self._files = member, files
        self._runtime: Runtime = member.services.runtime

    def __call__(self, job: Job) -> Any:
        """Do a job; return what is told of it. Raises `DataplaneError`."""
        return getattr(self, f"_do_{job.kind}")(**job.arguments) if job.kind in KINDS else None

    def _do_server(
        self, backend: str, server: str, state: str | None = None, weight: int | None = None
    ) -> None:
        where = f"{runtime_argument(backend)}/{runtime_argument(server)}"
        if state is not None:
            self._change(f"set server {where} state {runtime_argument(state)}")
        if weight is not None:
            self._change(f"set server {where} weight {int(weight)}")

    def _do_map_entry(self, map: str, key: str, value: str | None = None) -> None:
        file = runtime_argument(str(self._files.path(f"maps/{map}")))
        entry = runtime_argument(key)
        self._change(f"del map {file} {entry}", but="Key not found.")
        if value is not None:
            self._change(f"add map {file} {entry} {runtime_argument(value)}")

    def _do_traffic(self, state: str) -> list[str]:
        """Take no new connections, or take them again: as far as its frontends go."""
        names = [row["pxname"] for row in self._rows() if row["type"] == _FRONTEND]
        for name in dict.fromkeys(names):
            word = "disable" if state == "drain" else "enable"
            self._change(f"{word} frontend {runtime_argument(name)}", but="already")
        return [*dict.fromkeys(names)]

    def _do_statistics(self) -> dict[str, dict[str, int]]:
        """Return the counters of frontends and backends, by their names."""
        found: dict[str, dict[str, int]] = {}
        for row in self._rows():
            if row["type"] in (_FRONTEND, _BACKEND):
                kind = "frontend" if row["type"] == _FRONTEND else "backend"
                counters = found.setdefault(f"{kind} {row['pxname']}", dict.fromkeys(_COUNTERS, 0))
                for name in _COUNTERS:
                    counters[name] += int(row.get(name) or 0)
        return found

    def _do_native(self, kind: str | None, name: str | None, parent: str | None) -> str:
        """Return what HAProxy has counted, packed."""
        from dataplane_plugins.fleet.following.statistics import read_statistics

        return read_statistics(self._runtime, kind, name, parent)

    def _do_contents(self) -> dict[str, str]:
        """Return the addresses of the configuration and of the list of files that are here."""
        revisions = self._member.revisions
        text = self._member.services.config.snapshot().document.text()
        return {
            "text": revisions.chunks.put(encode_text(text)),
            "files": revisions.put_files(self._files.now()),
        }

    def _do_log(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest events of the fleet here, the oldest of them first."""
        events = self._member.services.events
        first = max(0, events.newest() - _MOST_EVENTS)
        found = events.after(first, _MOST_EVENTS, ("fleet", "reload"))[-int(limit) :]
        return [{"time": one.time, "kind": one.kind, **one.values} for one in found]

    def _rows(self) -> list[dict[str, str]]:
        answers = self._runtime.execute("show stat -1 3 -1")
        return [
            row for one in answers for row in csv.DictReader(one.removeprefix("# ").splitlines())
        ]

    def _change(self, command: str, but: str = "") -> None:
        """Send a command to all processes; raises `RuntimeFailed` with HAProxy's words."""
        for answer in self._runtime.execute(command):
            words = answer.strip()
            if not is_success(words) and not (but and but in words):
                raise RuntimeFailed(words)


def merged(answers: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the sums of what members say of their traffic."""
    total: dict[str, dict[str, int]] = {}
    for answer in answers.values():
        for name, counters in ((answer or {}).get("result") or {}).items():
            sums = total.setdefault(name, dict.fromkeys(counters, 0))
            for key, count in counters.items():
                sums[key] = sums.get(key, 0) + count
    return total


KINDS = ("server", "map_entry", "traffic", *READING)
