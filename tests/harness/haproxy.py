"""Real HAProxy processes."""

import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dataplane_core.errors import RuntimeFailed
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.master import await_reload_under_way, processes
from dataplane_core.haproxy.runtime_client import RuntimeClient
from tests.harness.waiting import PATIENCE, until

DEFAULTS = """\
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
"""
"""Without these lines HAProxy warns of each proxy."""


def show_info(client: RuntimeClient) -> dict[str, str]:
    """What a worker tells of itself."""
    lines = client.command("show info").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


class HaproxyProcess:
    """HAProxy in master-worker mode on one configuration, with a master socket."""

    def __init__(
        self, program: str, configuration: Path, folder: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self.program, self.configuration, self.folder = program, configuration, folder
        self.environ = {**os.environ, **(environ or {})}
        self.master = folder / "master.sock"
        self.log = folder / "haproxy.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "HaproxyProcess":
        command = [self.program, "-W", "-db", "-S", str(self.master), "-f", str(self.configuration)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env=self.environ
            )
        process = self.process
        try:
            until(lambda: process.poll() is not None or self.answers())
            assert process.poll() is None
        except AssertionError as error:
            process.kill()
            told = self.log.read_text()[-2000:]
            raise RuntimeError(f"HAProxy does not start:\n{told}") from error
        await_reload_under_way(RuntimeClient(SocketAddress(path=str(self.master))), time.monotonic() + PATIENCE)
        return self

    def answers(self) -> bool:
        """Whether the master takes commands: HAProxy up to 3.0 starts it anew after its worker."""
        with suppress(RuntimeFailed):
            return bool(processes(RuntimeClient(SocketAddress(path=str(self.master)))).fresh)
        return False

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
