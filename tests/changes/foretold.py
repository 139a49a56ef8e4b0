"""A plan never lies: what it foretells of a change is what happens to a real HAProxy.

Each change is planned first, which must leave everything as it was, and then made. Its plan said
`commands` or `nothing`: the worker is the same one, was told just these commands, and is what the
file says (as `GET drift` sees it, by the worker's `show` commands). It said
`reload`: there is another worker. It said that HAProxy refuses: so does the change.

    python -m tests.changes.foretold --version 2.8 --changes 300 --cases 300
"""

import argparse
import json
import random
import re
import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from tests.api.support import TRANSACTIONS
from tests.changes.shop import V3, Changes
from tests.golden.offline import Case
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import HaproxyProcess
from tests.harness.recorded import prepare_golden, shared_folder
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until

TEXT = """\
global
  stats socket {folder}/stats.sock level admin
  maxconn 200

defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s

frontend web
  bind 127.0.0.1:{port} name http
  maxconn 100
  acl old path_beg /old
  http-request deny if old
  default_backend shop

backend shop
  balance roundrobin
  server s1 127.0.0.1:9001 weight 5
  server s2 127.0.0.1:9002 check inter 1h
  server s3 127.0.0.1:9003 disabled

backend spare
  balance roundrobin
  default-server weight 3
  server s1 127.0.0.1:9001
"""
Form = TypeVar("Form", bound="Foretold")
UNCERTAIN = "said not to be certain"
ENDED = "reload that ended HAProxy"
"""Its check accepts what its worker then cannot do, such as to change to a root that is missing."""
OTHERS: dict[str, tuple[Any, ...]] = {
    "maintenance": ("enabled",), "check": ("enabled",), "maxconn": (7,), "backup": ("enabled",),
    "health_check_address": ("127.0.0.8", "127.0.0.9"), "health_check_port": (8, 9),
    "agent-check": ("enabled",), "agent-addr": ("127.0.0.8", "127.0.0.9"), "agent-port": (8, 9),
    "agent-send": ("a", "b"), "slowstart": (1000, 2000),
}  # fmt: skip
"""What servers may have beside their address and weight."""
ANSWERED = {"accepted": (200, 201, 202, 204), "unchanged": (200, 201, 202, 204), "refused": (400, 422)}


class Foretold:
    """An application and a HAProxy, which is told what the application commits."""

    leads = True
    """Whether a thread does the reloads."""
    delay = 0.02

    def __init__(self, folder: Path, text: str, process: HaproxyProcess) -> None:
        self._master = str(process.master)
        assert process.process is not None
        self.process = process.process
        # Who started it has to see its end, or it still seems to run.
        threading.Thread(target=self.process.wait, daemon=True).start()
        self.sums: Counter[str] = Counter()
        self.problems: list[str] = []
        self.told: list[str] = []
        self.shop = Changes(
            folder, text, process.program, haproxy__master_runtime=str(process.master),
            haproxy__reload__reload_cmd="", haproxy__reload__restart_cmd="",
            haproxy__reload__reload_delay=self.delay, dataplaneapi__resources__maps_dir=str(folder / "maps"),
        )  # fmt: skip
        self.first_drift = self.drift()
        runtime = self.shop.app.services.runtime
        apply = runtime.apply

        def noted(commands: Any) -> bool:
            wanted = list(commands)
            self.told += wanted
            return apply(wanted)

        runtime.apply = noted  # type: ignore[method-assign]

    def state(self) -> tuple[str, list[str]]:
        """The process id of the worker, and what it knows of its servers."""
        lines = until(self._shown)
        # Backend, name, address, what was decided of it, weight in use and as set, port.
        wanted = (1, 3, 4, 6, 7, 8, 18)
        known = [" ".join(line.split(" ")[at] for at in wanted) for line in lines if line.count(" ") > 18]
        pid = next(line.partition(": ")[2] for line in lines if line.startswith("Pid: "))
        return pid, [line for line in known if not line.startswith("#")]

    def _shown(self) -> list[str]:
        """What the worker says of itself and its servers, in one trip over the socket of its master.

        Nothing while the master starts itself anew, as it does for each reload up to 3.0.
        """
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(self._master)
            client.sendall(b"@1 show info;@1 show servers state\n")
            client.shutdown(socket.SHUT_WR)
            lines = b"".join(iter(lambda: client.recv(1 << 16), b"")).decode().splitlines()
            return lines if any(line.startswith("Pid: ") for line in lines) else []
        return []

    def drift(self) -> set[str]:
        """In what the worker is not what the file says."""
        return {json.dumps(one) for one in self.shop.own("GET", "drift")["deviations"]}

    def settle(self) -> None:
        """Wait until no reload is asked for or under way."""
        until(lambda: all(one.status != "in_progress" for one in self.shop.app.services.reloads.records()))

    def try_change(self, name: str, method: str, path: str, body: Any = None, **more: Any) -> bool:
        """Plan a change and make it; return whether it was made."""
        answer, before = self.planned(name, method, path, body, **more)
        if answer.status_code != 200:
            self.sums["refused at once"] += 1
            made = self.shop.call(method, path, body, **more)
            self.expect(made.status_code == answer.status_code, name, f"{made.text} after {answer.text}")
            return False
        plan = answer.json
        made = self.shop.call(method, path, body, **more)
        self.settle()
        fits = made.status_code in ANSWERED[plan["verdict"]]
        self.expect(fits, name, f"{plan['verdict']}, and {made.status_code} {made.text[:300]}")
        if plan["verdict"] == "refused" or not fits:
            self.sums["refused"] += 1
            return False
        self.compare(name, plan["delivery"], before)
        return True

    def planned(self, name: str, method: str, path: str, body: Any, **more: Any) -> tuple[Any, str]:
        """Plan a change, which changes nothing; the answer, and the process id of the worker."""
        before = self.state(), self.shop.version, self.shop.file.read_bytes()
        self.told.clear()
        answer = self.shop.call(method, path, body, dry_run="true", **more)
        after = self.state(), self.shop.version, self.shop.file.read_bytes()
        self.expect(before == after and not self.told, name, "the plan changed something")
        return answer, before[0][0]

    def compare(self, name: str, delivery: dict[str, Any], pid: str) -> None:
        """Look for what was foretold."""
        by = delivery["by"]
        if by == "reload" and self.process.poll() is not None:
            self.sums[ENDED] += 1
            return
        now = self.state()[0]
        self.sums[by] += 1
        if by == "reload":
            # One that fails is one, too: the text is put back then, with a reload of its own.
            self.expect(now != pid or self.failed(), name, f"no reload, though {delivery['reasons']}")
            tried = "HAProxy takes no " in delivery["reasons"][0]  # and it is asked all the same
            self.expect(tried or not self.told, name, f"told {self.told} beside the reload")
        elif now != pid and delivery["notes"]:
            self.sums[UNCERTAIN] += 1
        else:
            self.expect(now == pid, name, f"a reload, though {delivery}: {self.why()}")
            self.expect(self.told == delivery["commands"], name, f"told {self.told}, not {delivery}")
            left = self.drift() - self.first_drift
            self.expect(not left, name, f"the worker is not what the file says after {delivery}: {left}")

    def failed(self) -> bool:
        """Whether HAProxy could not be reloaded with what the newest change was."""
        version = self.shop.version - 1  # what was put back is a version, too
        records = self.shop.app.services.reloads.records()
        return any(one.status == "failed" and one.version == version for one in records)

    def why(self) -> str:
        """Why HAProxy was reloaded last."""
        records = self.shop.app.services.reloads.records()  # the oldest first
        return records[-1].reason if records else ""

    def expect(self, fact: bool, name: str, problem: str) -> None:
        if not fact:
            self.problems.append(f"{name}: {problem}")

    def transaction(self, chance: random.Random) -> None:
        """Make one random change: a single one, or some in a transaction."""
        count = chance.choice((1, 1, 1, 2, 3))
        edits = [edit(chance) for _ in range(count)]
        if count == 1:
            method, path, body = edits[0]
            self.try_change(f"{method} {path} {body}", method, path, body, version=self.shop.version)
            return
        begun = self.shop.call("POST", TRANSACTIONS, version=self.shop.version).json["id"]
        for method, path, body in edits:
            self.shop.call(method, path, body, transaction_id=begun)
        self.try_change(f"{edits}", "PUT", f"{TRANSACTIONS}/{begun}")
        self.shop.call("DELETE", f"{TRANSACTIONS}/{begun}")

    def case(self, case: Case, start: str) -> None:
        """Make the change of a recorded case, and the one that takes it back."""
        query = {name: value for name, value in case.get("query", {}).items() if name != "version"}
        if self.try_change(
            case["id"], case["method"], case["path"], case.get("body"), version=self.shop.version, **query
        ):
            raw = {"raw": start, "headers": {"Content-Type": "text/plain"}, "version": self.shop.version}
            self.try_change(f"{case['id']} back", "POST", f"{V3}/raw", **raw)


def edit(chance: random.Random) -> tuple[str, str, Any]:
    """A random edit: many of servers, which a running HAProxy takes, some of anything else."""
    backend = chance.choice(("shop", "spare"))
    name, number = f"s{chance.randrange(1, 6)}", chance.randrange(1, 9)
    servers = f"{V3}/backends/{backend}/servers"
    server: dict[str, Any] = {"name": name, "address": f"127.0.0.{number}", "port": 9000 + number}
    if chance.random() < 0.6:
        server["weight"] = chance.randrange(0, 20)
    for prop, values in OTHERS.items():
        if chance.random() < 0.15:
            server[prop] = chance.choice(values)
    rule = {"type": "deny", "cond": "if", "cond_test": chance.choice(("old", "nobody"))}
    return chance.choice((
        ("PUT", f"{servers}/{name}", server), ("PUT", f"{servers}/{name}", server),
        ("PUT", f"{servers}/{name}", server), ("POST", servers, server), ("POST", servers, server),
        ("DELETE", f"{servers}/{name}", None), ("DELETE", f"{servers}/{name}", None),
        ("PUT", f"{V3}/frontends/web", {"name": "web", "maxconn": number * 10, "default_backend": backend}),
        ("POST", f"{V3}/frontends/web/http_request_rules/0", rule),
        ("DELETE", f"{V3}/frontends/web/http_request_rules/0", None),
        ("POST", f"{V3}/backends", {"name": f"more{number}", "mode": "http"}),
        ("DELETE", f"{V3}/backends/more{number}", None),
    ))  # fmt: skip


@contextmanager
def foretold(program: str, folder: Path, text: str, form: type[Form]) -> Iterator[Form]:
    """HAProxy on a text, and an application that governs it."""
    (folder / "haproxy.cfg").write_text(text)
    with HaproxyProcess(program, folder / "haproxy.cfg", folder) as process:
        found = form(folder, text, process)
        services = found.shop.app.services
        if form.leads:
            services.start()
        try:
            yield found
        finally:
            services.stop()


def random_changes(program: str, folder: Path, count: int, seed: int) -> Foretold:
    """Try random changes, each on what the one before has left."""
    chance = random.Random(seed)
    with foretold(program, folder, TEXT.format(folder=folder, port=free_port()), Foretold) as found:
        for _ in range(count):
            found.transaction(chance)
    return found


def recorded_cases(program: str, folder: Path, count: int, seed: int) -> Foretold:
    """Try recorded cases, each on the text that they were recorded on, with ports of our own."""
    shared = shared_folder()
    assert shared is not None
    wanted = some_cases(shared, folder, count, seed)
    text = prepare_golden(shared, folder, False).read_text("utf-8").replace("  daemon\n", "")
    text = re.sub(r"(bind|peer \w+) 127\.0\.0\.1:\d+", lambda found: f"{found[1]} 127.0.0.1:{free_port()}", text)
    text = text.replace("global\n", f"global\n  stats socket {folder}/stats.sock level admin\n", 1)
    with foretold(program, folder, text, Foretold) as found:
        for one in wanted:
            found.case(one, text)
    return found


def some_cases(shared: Path, folder: Path, count: int, seed: int) -> list[Case]:
    """Recorded cases of the configuration that HAProxy takes, chosen by chance."""
    text = (shared / "golden" / "write.jsonl").read_text("utf-8")
    text = text.replace("@FILES@", str(folder / "files")).replace("@DIR@", str(folder))
    every: list[Case] = [json.loads(line) for line in text.splitlines()]
    known = [one for one in every if "/spoe/" not in one["path"] and one.get("haproxy_ok_2_8")]
    return random.Random(seed).sample(known, min(count, len(known)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--version", default="2.8", help="of HAProxy (2.8)")
    parser.add_argument("--changes", type=int, default=300, help="random ones (300)")
    parser.add_argument("--cases", type=int, default=300, help="recorded ones (300)")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices (0)")
    arguments = parser.parse_args()
    program = one_haproxy(arguments.version)
    for name in ("changes", "cases"):
        with tempfile.TemporaryDirectory(prefix="foretold-") as folder:
            if name == "changes":
                found = random_changes(program, Path(folder), arguments.changes, arguments.seed)
            else:
                found = recorded_cases(program, Path(folder), arguments.cases, arguments.seed)
        print(f"{name}: {dict(found.sums)}, {len(found.problems)} not as foretold")
        print(*found.problems, sep="\n")


if __name__ == "__main__":
    main()
