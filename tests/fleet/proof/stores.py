"""The stores under a fleet that is tried: three members of etcd or of Consul, each with its troubles."""

import json
import random
import signal
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.fleet.proof.networks import End, Network, Proxies
from tests.fleet.stores.consul_server import ConsulMember
from tests.fleet.stores.etcd_server import EtcdMember
from tests.harness.waiting import PATIENCE


class Cluster:
    """Members of a store, and the network in which members of the fleet reach them."""

    kind = ""

    def __init__(self, members: Sequence[Any], network: Network) -> None:
        self.members, self.network = members, network
        for one in members:
            self.start(one)

    def start(self, one: Any) -> None:
        """Start one of the members, with the data that it has."""
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError

    def url(self, name: str = "") -> str:
        """The store as one member of the fleet reaches it."""
        addresses = [(one.host, one.port) for one in self.members]
        reached = self.network.reach(name, addresses) if name else addresses
        return f"{self.kind}://" + ",".join(f"{host}:{port}" for host, port in reached) + "/proof"

    def begin_trouble(self, chance: random.Random) -> End:
        """Stop, kill or cut off one of the members; return what ends that."""
        one = chance.choice(self.members)
        how = chance.choice(("stop", "kill", "cut"))
        ended = self.network.cut_store(one.name, chance) if how == "cut" else None
        if ended is not None:
            return ended
        if how == "stop":
            one.send(signal.SIGSTOP)
            return lambda: one.send(signal.SIGCONT)
        one.stop()
        return lambda: self.start(one)

    def close(self) -> None:
        for one in self.members:
            one.stop()
        self.network.close()


class Etcd(Cluster):
    """Members of etcd."""

    kind = "etcd"

    def __init__(self, folder: Path, count: int = 3, network: Network | None = None) -> None:
        network = network or Proxies()
        names = [f"etcd{number}" for number in range(count)]
        made = [EtcdMember(folder, one, place=network.place(one, stores=True)) for one in names]
        self._cluster = ",".join(f"{one.name}={one.peer}" for one in made)
        super().__init__(made, network)

    def start(self, one: EtcdMember) -> None:
        one.start(self._cluster)

    def ready(self) -> bool:
        return all(one.serves() for one in self.members)


class Consul(Cluster):
    """Servers of Consul."""

    kind = "consul"

    def __init__(self, folder: Path, count: int = 3, network: Network | None = None) -> None:
        network = network or Proxies()
        names = [f"consul{number}" for number in range(count)]
        self._all = [ConsulMember(folder, one, network.place(one, stores=True)) for one in names]
        super().__init__(self._all, network)

    def start(self, one: ConsulMember) -> None:
        one.start(self._all)

    def ready(self) -> bool:
        return all(self._peers(one) == len(self._all) for one in self._all)

    def _peers(self, one: ConsulMember) -> int:
        with suppress(OSError):
            where = f"http://{one.host}:{one.port}/v1/status/peers"
            with urllib.request.urlopen(where, timeout=PATIENCE) as told:
                return len(json.loads(told.read()))
        return 0


STORES: dict[str, Callable[..., Cluster]] = {"etcd": Etcd, "consul": Consul}
