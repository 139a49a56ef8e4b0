"""A real etcd: one member, or several of a cluster, each a process that can be stopped and killed."""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fleet.stores.store_process import HERE, Place, StoreProcess
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until


def program() -> str:
    found = shutil.which("etcd")
    if found is None:
        pytest.skip("etcd is not installed here: apt-get install etcd-server")
    return found


class EtcdMember(StoreProcess):
    """A process of etcd; started again, it has its port and its data."""

    def __init__(self, folder: Path, name: str = "one", *options: str, place: Place = HERE) -> None:
        super().__init__(folder, name, place)
        self.options = options
        self.port, self.peer = free_port(), f"http://{self.host}:{free_port()}"
        self.scheme = "https" if "--cert-file" in options else "http"

    def start(self, cluster: str = "") -> None:
        program_path, url = program(), f"{self.scheme}://{self.host}:{self.port}"
        command = [
            program_path, "--name", self.name, "--data-dir", str(self.folder / self.name), "--log-level", "error",
            "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", self.peer,
            "--initial-advertise-peer-urls", self.peer, "--initial-cluster", cluster or f"{self.name}={self.peer}",
            "--heartbeat-interval", "50", "--election-timeout", "500", *self.options,
        ]  # fmt: skip
        self.folder.mkdir(exist_ok=True)
        self.run(command)

    def serves(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://{self.host}:{self.port}/health", timeout=PATIENCE) as told:
            return b"true" in told.read()
        return False

    def control(self, *words: str) -> str:
        """What etcdctl says."""
        if shutil.which("etcdctl") is None:
            pytest.skip("etcdctl is not installed here: apt-get install etcd-client")
        environ = {**os.environ, "ETCDCTL_API": "3"}
        command = ["etcdctl", f"--endpoints={self.host}:{self.port}", *words]
        return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout


def start_all(members: Sequence[EtcdMember]) -> None:
    """Start members as one cluster, and wait until all of them serve."""
    cluster = ",".join(f"{one.name}={one.peer}" for one in members)
    for one in members:
        one.start(cluster)
    for one in members:
        until(one.serves, lambda one=one: (one.folder / f"{one.name}.log").read_text())
