"""A controller's load: states that follow each other, each one check, and no reload without need."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.haproxy.check import HaproxyChecker
from tests.changes.support import APPLY
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.waiting import until
from tests.storage.test_live import Live

pytestmark = pytest.mark.haproxy

HEAD = "global\n  stats socket {folder}/worker.sock mode 600 level admin\n" + DEFAULTS
BACKENDS, SERVERS = 200, 10
Weights = dict[tuple[int, int], int]


def state(folder: Path, weights: Weights, more: str = "") -> str:
    """A text as a controller writes it: nothing in it but what is meant."""
    parts = [HEAD.format(folder=folder)]
    for backend in range(BACKENDS):
        parts.append(f"backend b{backend}\n")
        parts += [
            f"server s{server} 192.0.2.{server + 1}:8080 weight {weights.get((backend, server), 1)}\n"
            for server in range(SERVERS)
        ]
    return "".join([*parts, more])


def by_hand(text: str) -> str:
    """The same as a person writes it, with comments and blanks."""
    return text.replace("backend", "\n# one of many\nbackend").replace("server s", "    server  s")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("load")
    (folder / "haproxy.cfg").write_text(by_hand(state(folder, {})))
    haproxy = {"haproxy__reload__validate_cmd": "", "haproxy__haproxy_bin": haproxy_program}
    made = Live(folder, **haproxy)
    with HaproxyProcess(haproxy_program, folder / "haproxy.cfg", folder):
        until((folder / "worker.sock").exists)
        pid = made.pid
        yield made
        assert made.pid == pid


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that HAProxy is asked to check."""
    asked: list[Path] = []
    begin = HaproxyChecker.begin

    def counted(self: HaproxyChecker, path: Path) -> object:
        asked.append(path)
        return begin(self, path)

    monkeypatch.setattr(HaproxyChecker, "begin", counted)
    return asked


def apply(live: Live, text: str, **query: str) -> dict[str, Any]:
    done = live.send("POST", APPLY, text.encode(), **query)
    assert done.status_code in (200, 202), done.text
    return dict(done.json)


def running(live: Live) -> Weights:
    """The weights in the running process that are not 1."""
    found = {}
    for line in live.tell("show servers state").splitlines()[2:]:
        words = line.split()
        if words and words[7] != "1":
            found[int(words[1][1:]), int(words[3][1:])] = int(words[7])
    return found


def test_two_thousand_servers_of_two_hundred_backends_take_one_check_and_no_reload(
    live: Live, checks: list[Path]
) -> None:
    weights = {(one, other): 7 for one in range(BACKENDS) for other in range(SERVERS)}
    done = apply(live, state(live.folder, weights))
    assert (done["state"], len(checks)) == ("applied", 1), done["reload_reason"]
    assert running(live) == weights
    assert done["delivery"]["by"] == "commands"
    assert len(done["delivery"]["commands"]) == len(weights) == len(done["changes"])
    text = (live.folder / "haproxy.cfg").read_text()
    assert text.count("# one of many") == BACKENDS
    assert apply(live, state(live.folder, weights))["state"] == "unchanged"
    assert len(checks) == 1


def test_states_that_follow_each_other(live: Live, checks: list[Path]) -> None:
    """The smaller form of the load in tests/bench: as many checks as states that differ."""
    chosen, weights, more, reloads = random.Random(6), Weights(), "", []
    for number in range(12):
        weights[chosen.randrange(BACKENDS), chosen.randrange(SERVERS)] = 10 + number
        if number % 4 == 3:
            more += f"backend more{number}\n  server m 192.0.2.9:80\n"
        text = state(live.folder, weights, more)
        planned = apply(live, text, dry_run="true")
        checks.clear()
        done = apply(live, text)
        assert planned["delivery"]["by"] == done["delivery"]["by"], (planned, done)
        assert done["state"] == ("queued" if number % 4 == 3 else "applied"), done
        reloads += [number] if "reload_id" in done else []
        assert apply(live, text)["changed"] is False
        assert len(checks) == 1
    assert reloads == [3, 7, 11]
    # What came with a change that needs a reload gets to the process with that.
    at_once = {place: weight for place, weight in weights.items() if (weight - 10) % 4 != 3}
    assert at_once.items() <= running(live).items()
