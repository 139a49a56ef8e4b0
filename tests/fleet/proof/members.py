"""Members of a fleet as processes: the whole code of a node but HTTP, over a HAProxy that is a shell script.

They are forked from a process that has imported everything: a hundred of them start in seconds. Each is asked over
connections, a line of JSON each way.
"""

import ctypes
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from dataplane_core.plugin import Author, ChangeOptions, DataplaneError
from dataplane_core.settings import Settings
from dataplane_core.text import Document
from dataplane_core.wiring import make_services
from dataplane_plugins.fleet.members.reporting import FACT
from tests.api.support import SERVICE
from tests.fleet.stores.store_process import HERE, Place
from tests.harness.waiting import PATIENCE, until

PLUGINS = (
    *SERVICE, "configuration.global_", "configuration.defaults", "configuration.backends", "configuration.servers",
    "fleet.membership",
)  # fmt: skip
RELOAD = """#!/bin/sh
sed 1d "$1/haproxy.cfg" | sha256sum >> "$1/loaded"
"""
CHECK = """#!/bin/sh
! grep -qFf "$1/unknown" "$DATAPLANEAPI_TRANSACTION_FILE"
"""
UNKNOWN = "no-such-word"
_NEW_NETWORK = 0x40000000
"""What setns(2) calls a network namespace."""


class Gone(Exception):
    """A member does not answer: it was killed, or is stopped."""


class Channel:
    """A connection to a member: questions one after the other, by whoever has it."""

    def __init__(self, name: str, connection: socket.socket) -> None:
        self._name, self._connection = name, connection
        self._left = b""
        self._late = 0
        self._lock = threading.Lock()

    def ask(self, question: dict[str, Any], seconds: float = 15.0) -> dict[str, Any]:
        with self._lock:
            return self._ask(question, time.monotonic() + seconds)

    def _ask(self, question: dict[str, Any], end: float) -> dict[str, Any]:
        try:
            self._connection.sendall(json.dumps(question).encode() + b"\n")
        except OSError:
            raise Gone(self._name) from None
        self._late += 1
        while True:
            while b"\n" in self._left:
                answer, _, self._left = self._left.partition(b"\n")
                self._late -= 1
                if not self._late:  # others answer what nobody waited for
                    return dict(json.loads(answer))
            try:
                self._connection.settimeout(max(0.01, end - time.monotonic()))
                data = self._connection.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                raise Gone(self._name)
            self._left += data

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class Member:
    """A member, as the process that tries the fleet knows it.

    With `set_clock`, a library of `tests.torture.clocks`, its clock is off by what its file `clock` says.
    """

    def __init__(
        self, folder: Path, name: str, store: str, key_file: Path, text: str, place: Place = HERE, set_clock: str = ""
    ) -> None:  # fmt: skip
        self.name, self.folder, self.store, self.key_file = name, folder / name, store, key_file
        self.place, self._library = place, set_clock
        self.folder.mkdir()
        self.file = self.folder / "haproxy.cfg"
        self.file.write_text(text)
        (self.folder / "loaded").touch()
        (self.folder / "unknown").write_text(UNKNOWN)
        for script, what in (("reload", RELOAD), ("check", CHECK)):
            (self.folder / script).write_text(what)
            (self.folder / script).chmod(0o755)
        self.settings: dict[str, Any] = {}
        self.environ: dict[str, str] = {}
        self.set_clock(0)
        self.pid = 0
        self.channels: list[Channel] = []

    def set_clock(self, seconds: int) -> None:
        """Have its clock so many seconds off, where it has one of its own."""
        new = self.folder / "clock.new"
        new.write_text(f"{seconds}\n")
        new.replace(self.folder / "clock")

    def start(self, group: str = "", channels: int = 1) -> None:
        """Have the member forked; it can be asked over so many channels at the same time."""
        address = f"\0fleet-proof-{os.getpid()}-{secrets.token_hex(8)}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen(channels)
            listener.settimeout(PATIENCE)
            facts = [str(self.folder.parent), self.name, self.store, str(self.key_file), group]
            at = [self.place.namespace, str(self.folder / "clock") if self._library else ""]
            own = self.settings, self.environ, at
            self.pid = nursery(self._library).born([facts, address[1:], channels, own])
            taken = [listener.accept()[0] for _ in range(channels)]
        self.channels = [Channel(self.name, one) for one in taken]

    def ask(self, what: str, channel: int = 0, **arguments: Any) -> dict[str, Any]:
        """Return the answer to a question; raises `Gone`."""
        if channel >= len(self.channels):
            raise Gone(self.name)
        return self.channels[channel].ask({"do": what, **arguments})

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the member as a power cut would."""
        if self.pid:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            until(lambda: not Path(f"/proc/{self.pid}").exists())
            self.pid = 0
            channels, self.channels = self.channels, []
            for one in channels:
                one.close()

    def loaded(self) -> list[str]:
        """The digests of all texts that its HAProxy was loaded with."""
        return [line.partition(" ")[0] for line in (self.folder / "loaded").read_text().splitlines()]


def settings_of(folder: Path, name: str, store: str, key_file: str, group: str) -> Settings:
    """The settings of a member."""
    here = str(folder / name)
    values: dict[str, Any] = {
        "haproxy.config_file": f"{here}/haproxy.cfg", "haproxy.reload.reload_delay": 0.0,
        "haproxy.reload.validate_cmd": f"{here}/check {here}", "haproxy.reload.reload_cmd": f"{here}/reload {here}",
        "haproxy.reload.restart_cmd": f"{here}/reload {here}", "dataplane.state_dir": f"{here}/state",
        "haproxy.reload.reload_grace": 0.0, "fleet.store": store, "fleet.node": name, "fleet.group": group,
        "fleet.key_file": key_file, "dataplaneapi.disable_inotify": True,
        **{f"dataplaneapi.resources.{one}": f"{here}/{one}" for one in
           ("maps_dir", "ssl_certs_dir", "general_storage_dir", "spoe_dir")},
    }  # fmt: skip
    return Settings.default().replace(**values)


class Nursery:
    """A process that has imported everything, has nothing open and no thread, and forks members.

    A member that were forked from the process of the tests would have its connections to SQLite, and others.
    """

    def __init__(self, library: str) -> None:
        command = [sys.executable, "-m", "tests.fleet.proof.members"]
        environ = {**os.environ, "LD_PRELOAD": library} if library else None
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        )  # fmt: skip
        self._lock = threading.Lock()

    def born(self, what: list[Any]) -> int:
        """Fork a member; return its process."""
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())


@cache
def nursery(library: str) -> Nursery:
    """The one whose members have a library loaded, or none."""
    return Nursery(library)


def bear() -> None:
    """Fork members as they are asked for on standard input, and say which process each is."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            live(*json.loads(line))
        print(pid, flush=True)


Own = tuple[dict[str, Any], dict[str, str], Sequence[str]]
"""What is one member's own: settings, its environment, its network namespace and the file of its clock."""


def live(facts: list[str], address: str, channels: int, own: Own) -> None:
    """Be a member, in a process of its own."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        folder, name, *more = facts
        log = os.open(Path(folder, name, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for end, number in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(end, number)
        sockets = [socket.socket(socket.AF_UNIX) for _ in range(channels)]
        for one in sockets:
            one.connect(f"\0{address}")
        settings, environ, at = own
        os.environ.update(environ)
        settle(*at)
        serve(settings_of(Path(folder), name, *more).replace(**settings), sockets)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def settle(namespace: str, clock: str) -> None:
    """Move this process into a network namespace, and have its clock as a file says."""
    system = ctypes.CDLL(None, use_errno=True)
    if namespace:
        with open(f"/run/netns/{namespace}", "rb") as there:
            assert not system.setns(there.fileno(), _NEW_NETWORK), os.strerror(ctypes.get_errno())
    if clock:
        system.clock_offset_from(clock.encode())


def serve(settings: Settings, channels: Sequence[socket.socket]) -> None:
    """Be a member: what it is asked it does, until nobody asks any more."""
    services = make_services(settings, PLUGINS)
    services.recover()
    services.start()

    def listen(connection: socket.socket) -> None:
        with connection.makefile("r") as lines, connection.makefile("w") as out:
            for line in lines:
                out.write(json.dumps(answered(services, json.loads(line))) + "\n")
                out.flush()

    threads = [threading.Thread(target=listen, args=(one,)) for one in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    services.stop()


def answered(services: Any, question: dict[str, Any]) -> dict[str, Any]:
    what = question["do"]
    try:
        if what == "read":
            snapshot = services.config.snapshot()
            return {"version": snapshot.version, "text": snapshot.document.text()}
        if what == "clock":
            return {"time": time.time()}
        if what == "status":
            return dict(json.loads(services.state.value(FACT) or "{}"))
        if what == "newest":
            snapshot = services.config.snapshot()
            state = json.loads(services.state.value(FACT) or "{}").get("state", "")
            return {"version": snapshot.version, "digest": snapshot.digest, "state": state}
        if what == "history":
            return {"versions": history_of(services)}
        if what == "write":
            options = ChangeOptions(rebase=question.get("rebase", False))
            with services.config.edit(
                version=question["version"], author=Author(name=question["who"]), options=options
            ) as edit:
                edit.document = changed(edit.document, question["old"], question["new"])
            return {"version": edit.outcome.version}
    except DataplaneError as error:
        return {"status": error.status, "message": error.message}
    raise ValueError(what)


def history_of(services: Any) -> list[tuple[int, str]]:
    """The versions that this member has had, in the order in which they were made, with digests of their texts."""
    records = services.state.read("SELECT version, digest FROM history ORDER BY created, rowid")
    return [(one["version"], one["digest"]) for one in records]


def changed(document: Document, old: str, new: str) -> Document:
    text = document.text()
    return Document.parse(text.replace(old, new), document.language, document)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    bear()
