"""The kinds of stores that the laws are tried on, each started once for a process of tests."""

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dataplane_plugins.fleet.stores import KeyValueStore, open_store
from tests.discovery.agent import Consul
from tests.fleet.memory_store import MemoryCluster, MemoryStore
from tests.fleet.stores.etcd_server import EtcdMember, start_all
from tests.harness.waiting import PATIENCE

Opener = Callable[[], KeyValueStore]
"""Opens another store on the same keys, as another node would."""
_NUMBERS = itertools.count()


def quick_folder() -> Path:
    """A folder in memory where there is one, as stores wait for the disk at every write."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="pytest-fleet-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def etcd_server() -> EtcdMember:
    """The etcd of this process of tests."""
    member = EtcdMember(quick_folder())
    atexit.register(member.stop)
    start_all([member])
    return member


def in_background(action: Callable[[], Any]) -> Callable[[], Any]:
    """Begin an action in another thread; calling what is returned waits for what it gives."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(action)
    return lambda: future.result(PATIENCE)


def memory() -> Opener:
    cluster = MemoryCluster()
    return lambda: MemoryStore(cluster)


def etcd() -> Opener:
    pytest.importorskip("etcd3gw", reason="etcd3gw is not installed here: the extra `fleet` brings it")
    url = f"etcd://127.0.0.1:{etcd_server().port}/ü/{next(_NUMBERS)}"
    return lambda: open_store(url)


@cache
def consul_agent() -> Consul:
    """The Consul of this process of tests; its sessions may be shorter than by default."""
    agent = Consul(quick_folder(), 'session_ttl_min = "1s"')
    atexit.register(agent.stop)
    agent.start()
    return agent


def consul() -> Opener:
    pytest.importorskip("consul", reason="py-consul is not installed here: the extra `fleet` brings it")
    url = f"consul://127.0.0.1:{consul_agent().port}/ü/{next(_NUMBERS)}"
    return lambda: open_store(url)


KINDS: dict[str, Callable[[], Opener]] = {"memory": memory, "etcd": etcd, "consul": consul}


def port_of(kind: str) -> int:
    """The port of the server that stores of this kind are opened on."""
    return etcd_server().port if kind == "etcd" else consul_agent().port
