"""Put another HAProxy in the place of the one that runs, up and down, while the server goes on.

The program behind `haproxy_bin` is replaced as a package does it, and the running process comes to be
another one by a reload, in which a master starts itself again from its path, or by a restart. From then
on checks, what the Runtime API can do, simulations and reloads are those of the new one. Others read and
change the configuration all the while, and get no 5xx.
"""

import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.haproxy.binaries import installed
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.server import Answer, ApiServer
from tests.harness.waiting import until

ORDER = ("2.6", "2.8", "3.0", "3.2", "3.0", "2.8", "2.6", "3.2", "2.6", "3.0")
SINCE = {
    "tune.h2.be.max-concurrent-streams 20": "2.8", "tune.applet.zero-copy-forwarding on": "3.0", "cpu-policy none": "3.2"
}  # fmt: skip
"""Lines of `global`, and since when HAProxy knows them."""
GONE = {"program x\n  command /bin/true\n": "3.2"}
"""Sections, and since when HAProxy refuses them."""
_REST = 0.05
_V3 = "/v3/services/haproxy"
_TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
{defaults}frontend fe
  bind unix@{folder}/fe.sock
  default_backend be
backend be
  server s1 127.0.0.1:9 weight 10
"""


class Swaps:
    """A server, its HAProxy, and somebody who works on meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._programs = folder, installed()
        self._path = folder / "haproxy"
        self._configuration = folder / "haproxy.cfg"
        self._configuration.write_text(_TEXT.format(folder=folder, defaults=DEFAULTS))
        self.problems: list[str] = []
        self.checks = 0
        self.meanwhile: Counter[int] = Counter()
        self._what = ""

    def run(self, order: Sequence[str]) -> list[str]:
        """Swap in this order, by a reload and by a restart in turn; all that is wrong."""
        self._put(order[0])
        self._haproxy = HaproxyProcess(str(self._path), self._configuration, self._folder)
        reload = {"reload_cmd": "", "restart_cmd": "", "validate_cmd": "", "reload_delay": 0.05}
        settings = {
            "haproxy": {
                "haproxy_bin": str(self._path), "master_runtime": str(self._haproxy.master), "reload": reload
            },
            "dataplane": {"reload_timeout": 20},
        }  # fmt: skip
        self._server = ApiServer(self._configuration, self._folder / "server", settings)
        self._haproxy.__enter__()
        try:
            with self._server, self._somebody():
                self._client = self._server.client("v3")
                self._see_all(order[0], "start")
                for number, version in enumerate(order[1:]):
                    self._put(version)
                    self._see_checks(version)
                    (self._reload if number % 2 else self._restart)(version)
                    self._see_all(version, "reload" if number % 2 else "restart")
        finally:
            self._haproxy.__exit__()
        for status, count in self.meanwhile.items():
            if status >= 500:
                self.problems.append(f"{count} answers with {status} meanwhile")
        return self.problems

    def _put(self, version: str) -> None:
        """Install a version at the path, in one step."""
        new = self._folder / "new"
        os.symlink(self._programs[version], new)
        os.replace(new, self._path)

    @contextmanager
    def _somebody(self) -> Iterator[None]:
        """Read and change the configuration again and again, as somebody who knows of nothing."""
        over = threading.Event()

        def work() -> None:
            client, number = self._server.client(), 0
            path = "/v2/services/haproxy/configuration/backends"
            while not over.wait(_REST):
                number += 1
                self.meanwhile[client.call("GET", path).status] += 1
                body = {"name": f"b{number % 5}"}
                method, where = ("POST", path) if number % 10 < 5 else ("DELETE", f"{path}/b{number % 5}")
                answer = client.call(method, where, body if method == "POST" else None, version=client.version())
                self.meanwhile[answer.status] += 1
                if answer.status >= 500:
                    self.problems.append(f"meanwhile, {self._what}: {answer.status} {answer.body[:200]!r}")

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _restart(self, version: str) -> None:
        self._what = f"restart with {version}"
        self._haproxy.__exit__()
        gone = self._client.call("GET", f"{_V3}/runtime/info")
        self._see("an HAProxy that is gone", gone.status in (502, 503, 504), True)
        self._haproxy.__enter__()

    def _reload(self, version: str) -> None:
        """Have the master start itself again, by a change that needs it."""
        self._what = f"reload to {version}"
        for _ in range(20):  # somebody else changes the configuration, too
            answer = self._change(force_reload="true")
            if answer.status != 409:
                break
        self._see("a forced reload", answer.status, 201)

    def _change(self, **query: object) -> Answer:
        body = {"name": f"s{os.urandom(3).hex()}", "address": "127.0.0.1", "port": 80, "maxconn": 7}
        path = f"{_V3}/configuration/backends/be/servers"
        return self._client.call("POST", path, body, version=self._client.version(), **query)

    def _see(self, what: str, found: object, wanted: object) -> None:
        self.checks += 1
        if found != wanted:
            self.problems.append(f"{self._what}, {what}: {found} instead of {wanted}")

    def _see_all(self, version: str, how: str) -> None:
        """What is true with an HAProxy of a version."""
        self._what = f"{how} with {version}"
        client = self._client
        until(lambda: client.call("GET", f"{_V3}/runtime/info").status == 200)
        shown = client.call("GET", f"{_V3}/runtime/info").json["info"]["version"]
        self._see("the version", shown[: len(version)], version)
        self._see("certificates that renew themselves", client.call("GET", f"{_V3}/runtime/acme").status,
                  200 if _number(version) >= (3, 2) else 404)  # fmt: skip
        servers = f"{_V3}/runtime/backends/be/servers"
        self._see("the servers", client.call("GET", f"{servers}/s1").status, 200)
        put = client.call("PUT", f"{servers}/s1", {"admin_state": "maint"})
        self._see("a command", (put.status, put.json.get("admin_state")), (200, "maint"))
        self._see("another", client.call("PUT", f"{servers}/s1", {"admin_state": "ready"}).status, 200)
        self._see("the health", client.call("GET", "/v3/health").json, {"haproxy": "up"})
        self._see_checks(version)

    def _see_checks(self, version: str) -> None:
        """What the program at the path says of lines that not every version knows."""
        text = self._client.call("GET", f"{_V3}/configuration/raw").body.decode()
        assert "\nglobal\n" in f"\n{text}", text
        for line, since in SINCE.items():
            wanted = "accepted" if _number(version) >= _number(since) else "refused"
            self._see(line, self._verdict(text.replace("global\n", f"global\n  {line}\n", 1)), wanted)
        for section, since in GONE.items():
            wanted = "refused" if _number(version) >= _number(since) else "accepted"
            self._see(section.split("\n")[0], self._verdict(f"{text}\n{section}"), wanted)

    def _verdict(self, text: str) -> str:
        answer = self._client.call("POST", f"{_V3}/configuration/raw", text=text, dry_run="true")
        if answer.status == 200:
            return str(answer.json["verdict"])
        return f"{answer.status} {answer.body[:200]!r}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def available(order: Sequence[str] = ORDER) -> list[str]:
    """The part of an order that is installed here."""
    there = installed()
    return [version for version in order if version in there]


def run_all() -> int:
    """Swap in the whole order, and print what was looked at; 1 where something was wrong."""
    order = available()
    with tempfile.TemporaryDirectory(prefix="dataplane-swaps-") as folder:
        swaps = Swaps(Path(folder))
        problems = swaps.run(order)
    said = ", ".join(f"{count} × {status}" for status, count in sorted(swaps.meanwhile.items()))
    print(*problems[:20], f"{' → '.join(order)}: {swaps.checks} checks, {len(problems)} bad", sep="\n")
    print(f"meanwhile: {said}")
    return int(bool(problems))
