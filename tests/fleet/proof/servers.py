"""Members of a fleet as whole servers on a real etcd: four of them, `a` to `d`, in three waves: `a` and `b`, `c`, `d`."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dataplane_plugins.fleet.records.sealing import new_key
from tests.fleet.stores.etcd_server import EtcdMember, start_all
from tests.fleet.stores.proxy import Proxy
from tests.harness.haproxy import DEFAULTS
from tests.harness.server import ApiServer
from tests.harness.waiting import until

NAMES = ("a", "b", "c", "d")
CONFIGURATION, FLEET = "/v3/services/haproxy/configuration", "/dataplane/v1/fleet"
TEXT = f"global\n  maxconn 100\n{DEFAULTS}backend be\n  server s1 127.0.0.1:9\n"
TIMEOUT = 6
"""Seconds that a wave may take."""


class Fleet:
    """An etcd and four servers; what one of them has of its own is set before the start."""

    def __init__(self, folder: Path, text: str = TEXT) -> None:
        self.folder, self.text = folder, text
        self.etcd = EtcdMember(folder, "etcd")
        self.key = folder / "fleet.key"
        self.key.write_text(new_key())
        self.key.chmod(0o600)
        self.own: dict[str, dict[str, Any]] = {name: {} for name in NAMES}
        self.files = {name: folder / name / "haproxy.cfg" for name in NAMES}
        self.environ: dict[str, dict[str, str]] = {name: {} for name in NAMES}
        self.proxy: Proxy | None = None
        self.proxied, self.asked = "", "a"
        self.servers: dict[str, ApiServer] = {}

    def start(self, strategy: dict[str, Any]) -> None:
        start_all([self.etcd])
        self.proxy = Proxy(self.etcd.port)
        self._start("a")  # which brings the configuration
        until(self._begun)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(self._start, NAMES[1:]))
        until(lambda: self.states() == dict.fromkeys(NAMES, "applied"), self.fleet)
        answer = self.client("a").call("PUT", f"{FLEET}/strategy", {"waves": ["2", "3"], "timeout": TIMEOUT, **strategy})
        assert answer.status == 200, answer.body

    def _begun(self) -> bool:
        return any(one.get("state") == "applied" for one in self.fleet()["nodes"])

    def _start(self, name: str) -> None:
        self.files[name].parent.mkdir(exist_ok=True)
        if not self.files[name].exists():
            self.files[name].write_text(self.text)
        port = self.proxy.port if self.proxy and name == self.proxied else self.etcd.port
        tree: dict[str, Any] = {
            "fleet": {"store": f"etcd://127.0.0.1:{port}/proof", "node": name, "key_file": str(self.key)},
            "haproxy": {"reload": {"reload_delay": 0.1}}, "dataplane": {"reload_timeout": 20},
        }  # fmt: skip
        for key, value in self.own[name].items():
            *parents, last = key.split(".")
            where = tree
            for one in parents:
                where = where.setdefault(one, {})
            where[last] = value
        self.servers[name] = ApiServer(self.files[name], self.folder / f"server-{name}", tree, environ=self.environ[name])
        self.servers[name].start()

    def client(self, name: str) -> Any:
        return self.servers[name].client("v3")

    def fleet(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client(self.asked).call("GET", FLEET).json
        return found

    def nodes(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.fleet()["nodes"]}

    def states(self) -> dict[str, str]:
        return {name: one.get("state", "") for name, one in self.nodes().items()}

    def rollout(self, number: int = 2) -> dict[str, Any]:
        """What became of the roll-out of a revision."""
        found: dict[str, Any] = self.client(self.asked).call("GET", f"{FLEET}/rollouts/{number}").json
        return found

    def change(self, words: str = "") -> None:
        client = self.client("a")
        text = f"{self.text}  server new 127.0.0.1:10 {words}".rstrip() + "\n"
        answer = client.call("POST", f"{CONFIGURATION}/raw", text=text, version=client.version())
        assert answer.status == 202, answer.body

    def have(self) -> set[str]:
        """The members that have the change."""
        return {name for name, file in self.files.items() if "server new" in file.read_text()}

    def order(self, name: str, action: str) -> None:
        answer = self.client("a").call("POST", f"{FLEET}/nodes/{name}", {"action": action})
        assert answer.status == 200, answer.body

    def close(self) -> None:
        for one in self.servers.values():
            one.kill()
        if self.proxy is not None:
            self.proxy.__exit__()
        self.etcd.stop()


@contextmanager
def running(fleet: Fleet, strategy: dict[str, Any], prepare: Callable[[ExitStack], object]) -> Iterator[None]:
    with ExitStack() as stack:
        prepare(stack)
        stack.callback(fleet.close)
        fleet.start(strategy)
        yield
