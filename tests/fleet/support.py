"""Members of a fleet in one process, without a network: what each does next is asked for."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dataplane_plugins.fleet.following.follower import Follower
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.members.reporting import FACT, Status, read_status
from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.records.sealing import new_key
from dataplane_plugins.fleet.rollouts.leading import Leader
from dataplane_plugins.fleet.wiring import share
from tests.api.support import SERVICE, Api
from tests.changes.support import V3
from tests.fleet.memory_store import MemoryCluster, MemoryStore

TEXT = """\
global
  maxconn 100

defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s

backend be1
  server s1 192.0.2.1:80
  server s2 192.0.2.2:80

backend be2
  server s1 192.0.2.3:80
"""


PLUGINS = (
    *SERVICE, "configuration.masks", "configuration.global_", "configuration.defaults", "configuration.frontends",
    "configuration.backends", "configuration.servers", "storage.maps", "storage.general", "changes.apply", "changes.audit", "changes.history", "changes.plans", "changes.confirm",
    "fleet.membership",
)  # fmt: skip
"""What these tests ask for: an application with all plugins takes four times as long to make."""


class Node(Api):
    """A member: its API, and what its leading worker does in `step`."""

    def wanted(self, plugins: Iterable[object]) -> list[object] | None:
        return [*PLUGINS]

    def __init__(self, fleet: "Fleet", name: str, text: str = TEXT, **settings: Any) -> None:
        self.folder = fleet.folder / name
        self.folder.mkdir()
        for kind in ("maps", "ssl", "general", "spoe"):
            (self.folder / kind).mkdir()
        resources = {
            "dataplaneapi__resources__maps_dir": str(self.folder / "maps"),
            "dataplaneapi__resources__ssl_certs_dir": str(self.folder / "ssl"),
            "dataplaneapi__resources__general_storage_dir": str(self.folder / "general"),
            "dataplaneapi__resources__spoe_dir": str(self.folder / "spoe"),
        }
        settings.setdefault("haproxy__reload__reload_delay", 0.0)
        own = {"fleet__node": name, "fleet__key_file": str(fleet.key_file)}
        self.name, self.store = name, fleet.opened()
        with patch("dataplane_plugins.fleet.members.member.open_store", return_value=self.store):
            super().__init__(self.folder, text, **resources, **own, **settings)
            self.call("GET", "/dataplane/v1/fleet")  # opens the store
        self.services = self.app.services
        self.member, self.sharer = share(self.services, self.store)
        self.follower = Follower(self.member, self.sharer)
        self.member.enrol()

    def step(self, times: int = 1) -> "Node":
        for _ in range(times):
            self.load()
            with self.member.store.at_once():
                self.follower.step()
        return self

    def load(self) -> None:
        """Do the reloads that are asked for, as the server does in the background."""
        for one in self.services.reloads.records():
            if one.status == "in_progress":
                self.services.reloads.wait(one.id)

    def server(self, backend: str, name: str, version: int | None = None, **query: Any) -> Any:
        """Add a server by version 3 of the API."""
        body = {"name": name, "address": "192.0.2.9", "port": 80}
        return self.call(
            "POST", f"{V3}/backends/{backend}/servers", body, version=version or self.version, **query
        )

    @property
    def status(self) -> Status:
        return read_status(self.services.state.value(FACT) or "{}")


class Fleet:
    """A cluster in memory, and the members on it; `opened` opens a store on it, or a real one."""

    def __init__(self, folder: Path, opened: Callable[[], Any] | None = None) -> None:
        self.folder = folder
        self.cluster = MemoryCluster()
        self.opened = opened or (lambda: MemoryStore(self.cluster))
        self.key_file = folder / "fleet.key"
        self.key_file.write_text(new_key())
        self.key_file.chmod(0o600)
        self.served: dict[str, Any] = {"fleet__store": "etcd://192.0.2.1"}
        """Settings of members that serve `/dataplane/v1/fleet`; their store is in memory all the same."""

    def node(self, name: str, text: str = TEXT, **settings: Any) -> Node:
        return Node(self, name, text, **settings)

    def fresh(self, node: Node) -> Member:
        """A member as it is after a start: nothing of the store is in its memory."""
        return Member(node.services, self.opened())

    def settled(self, *nodes: Node) -> None:
        """Have each member do all that it can do now."""
        for _ in range(3):
            for node in nodes:
                node.step()


def begin(fleet: Fleet, strategy: Strategy, *nodes: Node) -> Leader:
    """Have members settle under a strategy; return what leads them, which has nothing to do."""
    fleet.settled(*nodes)
    leader = Leader(nodes[0].member)
    leader._rollouts.set_strategy(strategy)
    while leader.step():
        pass
    return leader


def have(*nodes: Node) -> list[bool]:
    """Tell of each member whether it has the server `new`."""
    return ["server new" in node.file.read_text() for node in nodes]
