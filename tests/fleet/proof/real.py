"""Members of a fleet with a real HAProxy, and requests that go through it for as long as a fleet is tried."""

import csv
import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.binaries import installed
from dataplane_core.haproxy.master import processes
from dataplane_core.haproxy.runtime_client import RuntimeClient
from tests.fleet.proof.members import Member
from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import free_port

ORIGINS = 4
_PAUSE, _PATIENCE = 0.1, 30.0
_SERVER = re.compile(r"  server (\S+) \S+ weight (\d+)( disabled)?")

_HEAD = """\
global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
"""
FRONT = _HEAD + """\
frontend front
  bind "${{FLEET_ADDRESS}}:{port}"
  default_backend live
backend live
{servers}"""
"""What all members begin with; HAProxy finds the address of each in its environment."""
ORIGIN = _HEAD + """\
listen origin
{binds}  http-request return status 200 content-type text/plain string "here"
"""


def programs(wanted: Sequence[str]) -> list[str]:
    """The HAProxy of each wanted branch; any that is here where that one is not."""
    found = {name: str(path) for name, path in installed().items()}
    return [found.get(one) or found.get("2.8") or next(iter(found.values())) for one in wanted] if found else []


class Site:
    """What the real HAProxy of all members serve: a few servers that answer, and the port of the frontend."""

    def __init__(self, folder: Path, program: str) -> None:
        self.port = free_port()
        ports = [free_port() for _ in range(ORIGINS)]
        file = folder / "origin.cfg"
        file.write_text(ORIGIN.format(binds="".join(f"  bind 127.0.0.1:{port}\n" for port in ports)))
        (folder / "origin").mkdir()
        self._origin = HaproxyProcess(program, file, folder / "origin")
        self.text = FRONT.format(
            port=self.port,
            servers="".join(f"  server o{at} 127.0.0.1:{port} weight 10\n" for at, port in enumerate(ports)),
        )

    def start(self) -> None:
        self._origin.__enter__()

    def stop(self) -> None:
        if self._origin.process is not None:
            self._origin.__exit__()


class RealMember(Member):
    """A member over an HAProxy with a master socket, which checks, is sent commands, and reloads."""

    def __init__(
        self, folder: Path, name: str, store: str, key_file: Path, text: str, program: str, address: str
    ) -> None:
        super().__init__(folder, name, store, key_file, text)
        self.address = address
        self.environ = {"FLEET_ADDRESS": address}
        self.haproxy = HaproxyProcess(program, self.file, self.folder, self.environ)
        commands = dict.fromkeys(("reload_cmd", "restart_cmd", "validate_cmd"), "")
        self.settings = {
            "haproxy.haproxy_bin": program, "haproxy.master_runtime": str(self.haproxy.master),
            **{f"haproxy.reload.{name}": command for name, command in commands.items()},
        }  # fmt: skip

    def start(self, group: str = "", channels: int = 1) -> None:
        if self.haproxy.process is None:
            self.haproxy.__enter__()
        super().start(group, channels)

    def kill(self) -> None:
        super().kill()
        if self.haproxy.process is not None:
            self.haproxy.__exit__()
            self.haproxy.process = None

    @property
    def _master(self) -> RuntimeClient:
        return RuntimeClient(SocketAddress(path=str(self.haproxy.master)))

    def reloads(self) -> int:
        """How often the master has loaded its file again."""
        return processes(self._master).reloads

    def differences(self) -> list[str]:
        """Servers that HAProxy has otherwise than the file says."""
        told = self._master.command("@1 show servers state").splitlines()[1:]
        rows = csv.DictReader((told[0].removeprefix("# "), *filter(None, told[1:])), delimiter=" ")
        running = {one["srv_name"]: (one["srv_uweight"], one["srv_admin_state"] != "0") for one in rows}
        wanted = {name: (weight, bool(off)) for name, weight, off in _SERVER.findall(self.file.read_text())}
        return sorted(name for name in {*running, *wanted} if running.get(name) != wanted.get(name))


class Traffic:
    """A client for each HAProxy, which sends one request after another, each over a connection of its own."""

    def __init__(self, members: Sequence[RealMember], port: int) -> None:
        self.members, self.port = members, port
        self.answered: Counter[str] = Counter()
        self.failures: list[str] = []
        self._over = threading.Event()

    @contextmanager
    def running(self) -> Iterator["Traffic"]:
        threads = [threading.Thread(target=self._ask, args=(one,)) for one in self.members]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _ask(self, member: RealMember) -> None:
        while not self._over.wait(_PAUSE):
            connection = http.client.HTTPConnection(member.address, self.port, timeout=_PATIENCE)
            try:
                connection.request("GET", "/", headers={"Connection": "close"})
                status = connection.getresponse().status
                said = "" if status == http.client.OK else f"status {status}"
            except (OSError, http.client.HTTPException) as error:
                said = repr(error)
            finally:
                connection.close()
            if said:
                self.failures.append(f"{member.name} at {time.monotonic():.1f}: {said}")
            else:
                self.answered[member.name] += 1
