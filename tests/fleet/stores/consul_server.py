"""A server of Consul that keeps its data and has others beside it: one of a cluster of three."""

from collections.abc import Sequence
from pathlib import Path

from tests.discovery.agent import program
from tests.fleet.stores.store_process import HERE, Place, StoreProcess
from tests.harness.server import free_port


class ConsulMember(StoreProcess):
    """A process of Consul; started again, it has its ports and its data."""

    def __init__(self, folder: Path, name: str, place: Place = HERE) -> None:
        super().__init__(folder, name, place)
        self.port, self.ports = free_port(), {one: free_port() for one in ("server", "serf-lan")}

    def start(self, members: Sequence["ConsulMember"]) -> None:
        command = [program(), "agent", "-server", "-bootstrap-expect", str(len(members)), "-node", self.name,
                   "-data-dir", str(self.folder / self.name), "-bind", self.host, "-client", self.host,
                   "-http-port", str(self.port), "-dns-port", "-1", "-grpc-port", "-1", "-grpc-tls-port", "-1", "-serf-wan-port", "-1",
                   "-hcl", "performance { raft_multiplier = 1 }"]  # fmt: skip
        command += [word for name, port in self.ports.items() for word in (f"-{name}-port", str(port))]
        command += [word for one in members for word in ("-retry-join", f"{one.host}:{one.ports['serf-lan']}")]
        self.run(command)
