"""Roll-outs whose gate one member's HAProxy does not pass, with traffic; and leaders that die in each moment of one."""

import contextlib
import itertools
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from dataplane_core.haproxy.binaries import installed
from tests.fleet.proof.faulty import Fault, Slow, Unloaded
from tests.fleet.proof.servers import CONFIGURATION, NAMES, Fleet, running
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until

ENDS = {"stop": "stopped", "rollback": "rolled_back", "continue": "done"}
"""What becomes of a roll-out that one member does not take, by the strategy."""
SITE = DEFAULTS + """\
global
  maxconn 100
frontend site
  bind "127.0.0.1:${SITE}"
  http-request return status 200 if ! { env(NODE) -m str c }
  default_backend be
backend be
  http-request return status 200
  server s1 "127.0.0.1:${LIVES}" check inter 100ms
"""
CHANGES = {
    "5xx": ("  default_backend be", "  http-request return status 503\n  default_backend be"),
    "servers": ("check inter 100ms", "check inter 100ms\n  server new \"127.0.0.1:${SECOND}\" check inter 100ms fall 1"),
}
"""What a change puts in the place of what: then `c` alone answers with 503, or has a server that is down."""
GATES = {
    "5xx": ({"gate_max_5xx": 20}, "answers have a status from 500 on, which is more than 20 %"),
    "servers": ({"gate_min_up": 100}, "servers are up, which is less than 100 %, for 2 s"),
}
PAUSE = 0.03
"""Seconds between two requests of the traffic to a member."""
MOMENTS = ("before the first wave", "while a member is awaited", "at the decision", "while it goes back")


class Gated(Fleet):
    """A fleet whose members have a HAProxy each, which somebody asks all the while."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__(folder, SITE)
        self.ports = {name: free_port() for name in NAMES}
        lives = free_port()
        program = str(next(path for version, path in installed().items() if version != "2.6"))
        for name in NAMES:
            self.environ[name] = {
                "SITE": str(self.ports[name]), "NODE": name, "LIVES": str(lives),
                "SECOND": str(free_port() if name == "c" else lives),
            }  # fmt: skip
            here = folder / name
            here.mkdir()
            self.files[name].write_text(SITE)
            wrapper = here / "haproxy"
            words = " ".join(f"{key}={value}" for key, value in self.environ[name].items())
            wrapper.write_text(f'#!/bin/sh\nexport {words}\nexec {program} "$@"\n')
            wrapper.chmod(0o755)
            self.own[name] = {
                "haproxy.haproxy_bin": program, "haproxy.master_runtime": str(here / "master.sock"),
                **{f"haproxy.reload.{one}_cmd": "" for one in ("reload", "restart", "validate")},
            }  # fmt: skip
            stack.enter_context(HaproxyProcess(str(wrapper), self.files[name], here))
        stack.enter_context(_serving(lives))

    def change(self, words: str = "") -> None:
        client = self.client("a")
        text = self.text.replace(*CHANGES[words])
        answer = client.call("POST", f"{CONFIGURATION}/raw", text=text, version=client.version())
        assert answer.status == 202, answer.body

    def changed(self, what: str) -> set[str]:
        new = CHANGES[what][1]
        return {name for name, file in self.files.items() if new in file.read_text()}


@contextmanager
def _serving(port: int) -> Iterator[None]:
    """Have something listen at a port, for checks by HAProxy."""
    with socket.create_server(("127.0.0.1", port), backlog=100) as listener:
        over = threading.Event()

        def accept() -> None:
            with suppress(OSError):
                while not over.is_set():
                    listener.accept()[0].close()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield
        finally:
            over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def traffic(fleet: Gated) -> Iterator[dict[str, int]]:
    """Ask all members again and again; counts answers of 5xx, by member."""
    bad, over = dict.fromkeys(NAMES, 0), threading.Event()

    def ask(name: str) -> None:
        while not over.wait(PAUSE):
            try:
                with contextlib.closing(urllib.request.urlopen(f"http://127.0.0.1:{fleet.ports[name]}/", timeout=PATIENCE)):
                    pass
            except urllib.error.HTTPError as error:
                bad[name] += error.code >= 500
            except OSError:
                pass

    threads = [threading.Thread(target=ask, args=(name,)) for name in NAMES]
    for one in threads:
        one.start()
    try:
        yield bad
    finally:
        over.set()
        for one in threads:
            one.join()


def gate_tried(folder: Path, what: str, policy: str) -> list[str]:
    """Have the gate fail on `c`, in the second wave; say what is wrong."""
    fields, said = GATES[what]
    with ExitStack() as stack:
        fleet = Gated(folder, stack)
        strategy = {"on_failure": policy, "gate_window": 2, "timeout": 60, **fields}
        stack.enter_context(running(fleet, strategy, lambda _: None))
        with traffic(fleet) as bad:
            fleet.change(what)
            until(lambda: fleet.rollout()["state"] == ENDS[policy], fleet.fleet)
        wanted = {"stop": {"a", "b", "c"}, "rollback": set(), "continue": set(NAMES)}[policy]
        with suppress(AssertionError):
            until(lambda: fleet.changed(what) == wanted)
        log = [one["text"] for one in fleet.rollout()["log"]]
        wrong = []
        if fleet.changed(what) != wanted:
            wrong.append(f"{sorted(fleet.changed(what))} have it, not {sorted(wanted)}")
        if not any("c: the gate is not passed: " in one and said in one for one in log):
            wrong.append(f"the gate is not told: {log}")
        if any("wave 3" in one for one in log) is not (policy == "continue"):
            wrong.append(f"the third wave: {log}")
        if any(bad[name] for name in NAMES if name != "c") or (what == "5xx") is not bool(bad["c"]):
            wrong.append(f"answers of 5xx: {bad}")
        return wrong


def leader_tried(folder: Path, moment: str, policy: str) -> list[str]:
    """Kill the member that leads, in a moment of a roll-out that `c` does not take, or takes late; say what is wrong."""
    fleet = Fleet(folder)
    fault: Fault = Slow() if moment == MOMENTS[1] else Unloaded()
    with running(fleet, {"on_failure": policy, "timeout": 60}, lambda stack: fault.prepare(fleet, "c", stack)):
        fleet.asked = "b"
        assert fleet.fleet()["leader"] == "a"
        fleet.change()
        until(lambda: _has_come(fleet, moment), fleet.fleet)
        fleet.servers["a"].kill()
        before = fleet.rollout()
        until(lambda: fleet.fleet().get("leader", "a") != "a")
        if isinstance(fault, Slow):
            fault.end(fleet, "c")
        fleet.servers["a"].start()
        end = "done" if isinstance(fault, Slow) else ENDS[policy]
        until(lambda: fleet.rollout()["state"] == end, fleet.fleet)
        wanted = {"stop": {"a", "b"}, "rollback": set(), "continue": set(NAMES) - {"c"}}[policy]
        wanted = set(NAMES) if isinstance(fault, Slow) else wanted
        with suppress(AssertionError):
            until(lambda: fleet.have() == wanted)
        wrong = [] if fleet.have() == wanted else [f"{sorted(fleet.have())} have it, not {sorted(wanted)}"]
        after = fleet.rollout()
        if after["log"][: len(before["log"])] != before["log"]:
            wrong.append(f"the log of the roll-out: {before['log']}, then {after['log']}")
        return wrong


def _has_come(fleet: Fleet, moment: str) -> bool:
    """Tell whether a roll-out is in the moment in which its leader is to die."""
    if moment == MOMENTS[0]:
        return True
    if moment == MOMENTS[1]:
        return fleet.rollout()["wave"] == 1 and fleet.nodes()["c"]["state"] == "taking"
    if moment == MOMENTS[2]:
        return fleet.nodes()["c"]["state"] == "refused"
    return bool(fleet.rollout()["state"] == "returning")


def cases() -> Iterator[tuple[str, Callable[[Path], list[str]]]]:
    """Yield what is tried, and what does that."""
    for what, policy in itertools.product(GATES, ENDS):
        yield f"gate of {what}, {policy}, middle", partial(gate_tried, what=what, policy=policy)
    for moment, policy in itertools.product(MOMENTS, ENDS):
        if moment != MOMENTS[3] or policy == "rollback":
            yield f"leader dies {moment}, {policy}", partial(leader_tried, moment=moment, policy=policy)
