"""The cycles: start, then write, kill and judge by turns, kill all, start, judge."""

import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

from dataplane_core.store.failpoints import NAMES
from dataplane_core.store.journal.state import State
from tests.harness.server import CONFIGURATION, TRANSACTIONS, ApiServer
from tests.torture.clients import Gate, OneShot, Writer
from tests.torture.judge import LITTER, added_servers, judge
from tests.torture.ledger import Ledger

MOST_OPEN = 8
SKELETON = """\
# The top of the file.

global
  daemon  # trailing

defaults
\tmode http

""" + "\n".join(f"# above be{n}\nbackend be{n}\n  balance  roundrobin\n" for n in range(4))
_KILLS = 24
"""Kills of one start, before that of all processes."""
_MANY_SERVERS = 400
_LAST_TEXTS = 40
_RELOAD = "reload.sh"
_QUIET_SECONDS = 30.0
_LONGEST_LIFE = 0.2
_DEATH_SECONDS = 0.4
"""How long a worker is waited for that is to die by itself: some places are passed seldom."""


class Torture:
    """One configuration and one state, through all cycles; `folder` may hold those of a former run."""

    def __init__(self, folder: Path, seed: int, clients: int, *, verbose: bool = False) -> None:
        self._random = random.Random(seed)
        self._clients = clients
        self._verbose = verbose
        self._folder = folder
        self.configuration = folder / "haproxy" / "haproxy.cfg"
        self.configuration.parent.mkdir(parents=True, exist_ok=True)
        self.configuration.write_text(SKELETON)
        self._ledger = Ledger()
        self._problems: list[str] = []
        self._counts: Counter[str] = Counter(cycles=0)
        self.kills = 0
        self.slowest = 0.0
        self._reload = folder / _RELOAD
        self._reload.write_text(f'#!/bin/sh\n! grep -q "server poison" {self.configuration}\n')
        self._reload.chmod(0o755)

    def run(self, kills: int) -> list[str]:
        """All problems, each with the number of its cycle; the first bad cycle is the last."""
        cycle = 0
        while self.kills < kills:
            cycle += 1
            way = self._way(cycle)
            problems = self._suffer(cycle, *way)
            problems += self._recover() + self._problems
            self._counts["cycles"] += 1
            if self._verbose:
                print(f"cycle {cycle}, {' '.join(way)}: {self.sum()}", flush=True)
            if problems:
                print(_failures(self._folder / "server" / "server.log"))
                return [f"cycle {cycle}, {' '.join(way)}: {problem}" for problem in problems]
        return []

    def sum(self) -> str:
        """What was done, in one line."""
        names = set(added_servers(self.configuration.read_text()))
        counts = {"kills": self.kills, **self._counts}
        for what, count in self._tally(names).items():
            counts[what] = counts.get(what, 0) + count
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        return f"{told}; slowest recovery {self.slowest:.1f} s"

    def _way(self, cycle: int) -> tuple[str, str]:
        """How the workers of this cycle die; every failpoint has its turn."""
        if cycle % 2:
            name = NAMES[cycle // 2 % len(NAMES)]
            return "failpoint", f"{name}:{self._random.randint(1, 3)}"
        return "worker", ""

    def _server(self, failpoint: str = "") -> ApiServer:
        settings = {
            "dataplaneapi": {"transaction": {"max_open_transactions": MOST_OPEN}},
            "haproxy": {
                "reload": {
                    "reload_delay": 0.05,
                    "reload_cmd": str(self._reload),
                    "restart_cmd": str(self._reload),
                }
            },
            "dataplane": {"workers": 2, "threads": 8},
        }
        environ = {"DATAPLANE_FAILPOINT": failpoint} if failpoint else None
        return ApiServer(self.configuration, self._folder / "server", settings, environ=environ)

    def _suffer(self, cycle: int, how: str, failpoint: str) -> list[str]:
        """Start, let clients write, kill a worker and judge, again and again; then kill everything."""
        server = self._server(failpoint).start()
        stop, gate = threading.Event(), Gate()
        writers = [
            Writer(f"{cycle}-{n}", server.port, self._ledger, stop, self._problems, 0.01, gate)
            for n in range(self._clients)
        ]
        for writer in writers:
            writer.start()
        problems: list[str] = []
        try:
            for _ in range(_KILLS):
                if self._kill_a_worker(server, how):
                    with gate.shut():
                        problems = self._judge_alive(server)
                if problems or self._problems:
                    break
            time.sleep(self._random.uniform(0.0, _LONGEST_LIFE))
        finally:
            server.kill()
        self.kills += 1
        stop.set()
        for writer in writers:
            writer.join(_QUIET_SECONDS)
        return problems

    def _kill_a_worker(self, server: ApiServer, how: str) -> bool:
        """Kill a worker at any moment, or wait until one has died by itself; False if none has."""
        workers = _workers(server)
        if how == "failpoint":
            deadline = time.monotonic() + _DEATH_SECONDS
            while set(workers) <= set(_workers(server)):
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.005)
            self._counts["workers dead at a failpoint"] += 1
        else:
            time.sleep(self._random.uniform(0.0, _LONGEST_LIFE))
            if not workers:
                return False
            try:
                os.kill(self._random.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                return False
            self._counts["workers killed"] += 1
        self.kills += 1
        return True

    def _judge_alive(self, server: ApiServer) -> list[str]:
        """What is wrong after the death of a worker, with the others alive."""
        client = OneShot(server.port)
        client.version()  # who looks at the file finishes the record of it
        _wait_for_reloads(client)
        folder = self._folder / "server" / "state"
        state = State(folder)
        try:
            found = judge(self.configuration, folder, SKELETON, self._ledger, state, _LAST_TEXTS)
            return [one for one in found if not one.endswith(LITTER)]  # the next start removes it
        finally:
            state.shutdown()

    def _recover(self) -> list[str]:
        """Start again, and judge; what is acknowledged from here on counts as well."""
        began = time.monotonic()
        with self._server() as server:
            client = OneShot(server.port)
            problems = self._not_held_up(client)
            _wait_for_reloads(client)
            folder = self._folder / "server" / "state"
            problems += judge(self.configuration, folder, SKELETON, self._ledger)
            problems += self._still_writes(client)
            if not problems and len(self._ledger.acknowledged) > _MANY_SERVERS:
                self._begin_anew(client)
        self.slowest = max(self.slowest, time.monotonic() - began)
        return problems

    def _not_held_up(self, client: OneShot) -> list[str]:
        """As many transactions as ever can be begun, whatever was left open."""
        begun = []
        for _ in range(MOST_OPEN):
            answer = client.call("POST", TRANSACTIONS, version=client.version())
            if answer.status == 201:
                begun.append(answer.json["id"])
            elif answer.status != 409:  # a version was put back just now
                return [f"a transaction cannot be begun: {answer.status} {answer.body!r}"]
        for identifier in begun:
            client.call("DELETE", f"{TRANSACTIONS}/{identifier}")
        return []

    def _still_writes(self, client: OneShot) -> list[str]:
        name = f"server-after-{self._counts['cycles']}"
        self._ledger.tried(name)
        version = client.version()
        server = {"name": name, "address": "10.0.0.1", "port": 80}
        path = f"{CONFIGURATION}/servers"
        answer = client.call("POST", path, server, backend="be0", version=version)
        if answer.status != 202:
            return [f"nothing can be written any more: {answer.status} {answer.body!r}"]
        self._ledger.accepted([name], version + 1)
        return []

    def _tally(self, names: set[str]) -> Counter[str]:
        """What became of the servers that the present ledger knows of."""
        ledger = self._ledger
        return Counter(
            {
                "acknowledged": len(ledger.acknowledged),
                "of these rolled back": len(ledger.acknowledged.keys() - names),
                "unanswered": len(ledger.unanswered),
                "of these written": len(ledger.unanswered & names),
                "refused": len(ledger.refused),
            }
        )

    def _begin_anew(self, client: OneShot) -> None:
        """Put the first text back, so that the file stays small."""
        _wait_for_reloads(client)
        self._counts += self._tally(set(added_servers(self.configuration.read_text())))
        answer = client.call("POST", f"{CONFIGURATION}/raw", SKELETON, skip_version="true")
        assert answer.status in (201, 202), answer.body
        self._ledger = Ledger()


def _failures(log: Path) -> str:
    """The last of what the log says of failures."""
    told = log.read_text("utf-8", "replace").splitlines()
    return "\n".join([line for line in told if "WARNING" not in line and " warning " not in line][-60:])


def _workers(server: ApiServer) -> list[int]:
    assert server.process is not None
    main = server.process.pid
    return [int(one) for one in Path(f"/proc/{main}/task/{main}/children").read_text().split()]


def _wait_for_reloads(client: OneShot) -> None:
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        answer = client.call("GET", "/v2/services/haproxy/reloads")
        if all(record["status"] != "in_progress" for record in answer.json):
            return
        time.sleep(0.05)
