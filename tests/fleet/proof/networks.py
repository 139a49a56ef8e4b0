"""How members of a fleet reach the members of its store, and how each is cut off: by proxies, or by the system.

With the system each has a network namespace of its own, on one bridge. Cuts there are silent: a link goes
down, or one sends to a machine that is not there, so that the other direction still works.
"""

import itertools
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from tests.fleet.stores.proxy import Proxy
from tests.fleet.stores.store_process import HERE, Place

NOBODY = "02:00:00:00:ff:ff"
Address = tuple[str, int]
End = Callable[[], None]
"""What ends a trouble."""


class Network(Protocol):
    """Places for the members of a store and of a fleet."""

    def place(self, name: str, *, stores: bool = False) -> Place:
        """The place of a member of the fleet, or of the store."""
        ...

    def reach(self, name: str, addresses: Sequence[Address]) -> Sequence[Address]:
        """Where a member of the fleet finds the members of the store."""
        ...

    def cut_off(self, name: str, chance: random.Random) -> End:
        """Cut a member of the fleet off, in one way of several; return what ends that."""
        ...

    def cut_store(self, name: str, chance: random.Random) -> End | None:
        """Cut a member of the store off from the others; None where that cannot be done."""
        ...

    def close(self) -> None:
        """Take away what was made."""
        ...


class Proxies:
    """Proxies between each member of the fleet and each of the store, on one machine."""

    def __init__(self) -> None:
        self._proxies: dict[str, list[Proxy]] = {}

    def place(self, name: str, *, stores: bool = False) -> Place:
        return HERE

    def reach(self, name: str, addresses: Sequence[Address]) -> Sequence[Address]:
        self._proxies[name] = [Proxy(port) for _, port in addresses]
        return [("127.0.0.1", one.port) for one in self._proxies[name]]

    def cut_off(self, name: str, chance: random.Random) -> End:
        mode = chance.choice(("request", "answer", "silent"))
        for proxy in self._proxies[name]:
            proxy.mode = mode

        def end() -> None:
            for proxy in self._proxies[name]:
                proxy.mode = ""
                proxy.cut()

        return end

    def cut_store(self, name: str, chance: random.Random) -> End | None:
        return None

    def close(self) -> None:
        for proxy in itertools.chain.from_iterable(self._proxies.values()):
            proxy.__exit__()


@dataclass(frozen=True)
class _Link:
    """One end of a bridge: its name on this side, and the machine's address on the other."""

    name: str
    hardware: str
    place: Place


class Namespaces:
    """A network namespace for each, and a bridge between them all, which this process is on, too."""

    def __init__(self) -> None:
        number = os.getpid()
        self._mark, self._net = f"dp{number % 100_000}", f"198.{18 + number // 250 % 2}.{number % 250}"
        self._links: dict[str, _Link] = {}
        self._stores: list[str] = []
        _ip("link", "add", self._mark, "type", "bridge")
        _ip("addr", "add", f"{self._net}.1/24", "dev", self._mark)
        _ip("link", "set", self._mark, "up")

    def place(self, name: str, *, stores: bool = False) -> Place:
        number = len(self._links) + 2
        place = Place(f"{self._net}.{number}", f"{self._mark}-{name}")
        link = _Link(f"{self._mark}-{number}", f"02:00:00:00:00:{number:02x}", place)
        self._links[name] = link
        self._stores += [name] if stores else []
        _ip("netns", "add", place.namespace)
        _ip("link", "add", link.name, "type", "veth",
            "peer", "name", "eth0", "address", link.hardware, "netns", place.namespace)  # fmt: skip
        _ip("link", "set", link.name, "master", self._mark, "up")
        for device in ("lo", "eth0"):
            _ip("-n", place.namespace, "link", "set", device, "up")
        _ip("-n", place.namespace, "addr", "add", f"{place.host}/24", "dev", "eth0")
        return place

    def reach(self, name: str, addresses: Sequence[Address]) -> Sequence[Address]:
        return addresses

    def cut_off(self, name: str, chance: random.Random) -> End:
        return self._cut(name, self._stores, chance)

    def cut_store(self, name: str, chance: random.Random) -> End | None:
        return self._cut(name, [one for one in self._links if one != name], chance)

    def _cut(self, name: str, others: Sequence[str], chance: random.Random) -> End:
        """Take its link down, or have one direction lost, to all others or to some."""
        how = chance.choice(("down", "deaf", "mute", "deaf to some", "mute to some"))
        if how == "down":
            link = self._links[name].name
            _ip("link", "set", link, "down")
            return lambda: _ip("link", "set", link, "up")
        if how.endswith("some"):
            others = chance.sample(others, chance.randint(1, max(1, len(others) - 1)))
        pairs = [(name, other) if how.startswith("mute") else (other, name) for other in others]
        for sender, receiver in pairs:
            self._send(sender, receiver, NOBODY, "permanent")

        def end() -> None:
            for sender, receiver in pairs:
                self._send(sender, receiver, self._links[receiver].hardware, "reachable")

        return end

    def _send(self, sender: str, receiver: str, hardware: str, how: str) -> None:
        """Have one send what is for another to some hardware address."""
        to, at = self._links[receiver].place.host, self._links[sender].place.namespace
        _ip("-n", at, "neigh", "replace", to, "lladdr", hardware, "dev", "eth0", "nud", how)

    def close(self) -> None:
        for link in self._links.values():
            for words in (("link", "del", link.name), ("netns", "del", link.place.namespace)):
                with suppress(subprocess.CalledProcessError):
                    _ip(*words)
        _ip("link", "del", self._mark)


CUTS: dict[str, Callable[[], Network]] = {"proxies": Proxies, "namespaces": Namespaces}


def no_namespaces() -> str:
    """Why no network namespaces can be made here; empty where they can."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces take root, and the program ip"
    try:
        made = Namespaces()
        try:
            made.place("try")
        finally:
            made.close()
    except subprocess.CalledProcessError as error:
        return f"this system makes no network namespaces: {error.stderr.strip()}"
    return ""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
