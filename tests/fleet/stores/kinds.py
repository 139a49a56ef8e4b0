"""The kinds of stores that the laws are tried on, each started once for a process of tests."""

import itertools
from collections.abc import Callable

from dataplane_plugins.fleet.stores import KeyValueStore
from tests.fleet.memory_store import MemoryCluster, MemoryStore

Opener = Callable[[], KeyValueStore]
"""Opens another store on the same keys, as another node would."""
_NUMBERS = itertools.count()


def memory() -> Opener:
    cluster = MemoryCluster()
    return lambda: MemoryStore(cluster)


KINDS: dict[str, Callable[[], Opener]] = {"memory": memory}
