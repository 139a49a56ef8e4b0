"""Desired states that follow each other, as a controller sends them: /apply against POST of the text."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.bench import systems
from tests.bench.run import Run
from tests.bench.tables import Row, Table, in_turn, medians, ratio, timed
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.server import CONFIGURATION, ApiServer, Client, merged, quiet_settings
from tests.harness.waiting import until

BACKENDS, SERVERS, STATES = 200, 10, 100
CHANGED = 20
"""Servers of all that each state changes."""
STRUCTURAL = 10
"""Each state with such a number adds a backend, which takes a reload."""
WITHIN = 1.2
HEAD = "global\n  stats socket {folder}/worker.sock level admin\n" + DEFAULTS
APPLY = "/dataplane/v1/apply"


@dataclass
class States:
    """The states of one load, the same each time; `more` is what they have added so far."""

    folder: Path
    chosen: random.Random = field(default_factory=lambda: random.Random(14))
    weights: dict[tuple[int, int], int] = field(default_factory=dict)
    more: str = ""
    number: int = 0

    def text(self) -> str:
        """The text of the state that is reached, as a controller writes it."""
        parts = [HEAD.format(folder=self.folder)]
        for backend in range(BACKENDS):
            parts.append(f"backend b{backend}\n  balance roundrobin\n")
            for server in range(SERVERS):
                weight = self.weights.get((backend, server), 1)
                parts.append(f"  server s{server} 192.0.2.{server + 1}:8080 weight {weight}\n")
        return "".join([*parts, self.more])

    def next(self) -> str:
        """The text of the next state."""
        self.number += 1
        for _ in range(CHANGED):
            place = self.chosen.randrange(BACKENDS), self.chosen.randrange(SERVERS)
            self.weights[place] = self.number % 200 + 2
        if self.number % STRUCTURAL == 0:
            self.more += f"backend more{self.number}\n  server m 192.0.2.9:80\n"
        return self.text()


@dataclass
class Side:
    """A server and its HAProxy that are given the states: how long that took, and the reloads."""

    client: Client
    states: States
    checks: Path
    reloads: list[int] = field(default_factory=list)

    def apply(self, **query: str) -> float:
        """Milliseconds of one more state by /apply, which is sent twice."""
        text = self.states.next()
        spent = timed(lambda: self._send(APPLY, text, **query))
        answer = self.client.call("POST", APPLY, text=text)
        assert answer.json["state"] == "unchanged", answer.body
        return spent

    def post(self) -> float:
        """Milliseconds of one more state by a POST of the text."""
        text = self.states.next()
        return timed(lambda: self._send(f"{CONFIGURATION}/raw", text, skip_version="true"))

    def _send(self, path: str, text: str, **query: str) -> None:
        answer = self.client.call("POST", path, text=text, **query)
        assert answer.status in (200, 201, 202), answer.body
        if answer.status == 202:
            self.reloads.append(self.states.number)

    @property
    def checked(self) -> int:
        """How often HAProxy has been asked to check."""
        return self.checks.read_text().count("-c") if self.checks.exists() else 0


@contextmanager
def side(run: Run, *, by_hand: bool) -> Iterator[Side]:
    """A server on the first state, with comments if it is written by hand, and a running HAProxy."""
    folder = run.new_folder()
    folder.mkdir(parents=True)
    states, file, counted = States(folder), folder / "haproxy.cfg", folder / "checks"
    text = states.text()
    file.write_text(text.replace("  server", "  # one of ten\n  server") if by_hand else text)
    program = folder / "haproxy"
    program.write_text(f'#!/bin/sh\necho "$*" >> {counted}\nexec {run.haproxy} "$@"\n')
    program.chmod(0o755)
    own = {
        "haproxy": {"haproxy_bin": str(program), "reload": {"validate_cmd": "", "reload_delay": 3600}},
        "dataplane": {"workers": systems.WORKERS, "threads": systems.THREADS},
    }  # fmt: skip
    with ExitStack() as running:
        running.enter_context(HaproxyProcess(run.haproxy, file, folder))
        until((folder / "worker.sock").exists)
        settings = merged(quiet_settings(file, folder, 0), own)
        del settings["dataplaneapi"]["port"]
        server = running.enter_context(ApiServer(file, folder / "server", settings))
        yield Side(server.client(), states, counted)


def desired(run: Run) -> list[Table]:
    """The same states by /apply, by /apply on a file written by hand, and by POST of the text."""
    heads = ["200 backends of 10 servers", "ms a state", "ratio", "checks", "reloads", "states with a new backend"]
    table = Table("Desired states", heads, limit=f"ratio to the POST ≤ {WITHIN}, but for the longer file; a check a state; no other reload")
    count = STATES if run.effort.rounds > 1 else STRUCTURAL
    with (
        side(run, by_hand=False) as plain,
        side(run, by_hand=False) as brief,
        side(run, by_hand=True) as commented,
        side(run, by_hand=False) as raw,
    ):
        rounds = in_turn(
            count, plain.apply, partial(brief.apply, brief="true"), commented.apply, raw.post
        )
        wanted = [number for number in range(1, count + 1) if number % STRUCTURAL == 0]
        spent = medians(rounds)
        names = "/apply", "/apply with brief=true", "/apply, a comment above each server", "POST of the text"
        for place, (name, one) in enumerate(zip(names, (plain, brief, commented, raw), strict=True)):
            reached = ratio([[taken[place], taken[-1]] for taken in rounds])
            cells = [name, f"{spent[place]:.1f}", f"{reached:.2f}", f"{one.checked}", f"{len(one.reloads)}"]
            in_time = reached <= WITHIN or one is commented  # a longer file than that of the POST
            holds = in_time and one.checked <= count and one.reloads == wanted
            table.rows.append(Row([*cells, f"{len(wanted)}"], None if one is raw else holds))
    return [table]
