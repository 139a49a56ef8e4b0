"""The two servers that are measured, under the same gunicorn, and what they cost the machine."""

import json
import os
import socket
import struct
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

from tests.bench.files import Size, configuration
from tests.harness.recorded import TOP
from tests.harness.server import ApiServer, free_port, merged

WORKERS, THREADS = 2, 8
PLAIN, HASHED = "plain:secret", "hashed:secret"
# "secret" in 5 000 rounds of sha512 (crypt(3) method 6)
HASH = (
    "$6$dataplane$HCLO8honc1PA1iFtlSOLR5xjzwMMm/m4R0dhvK1bGcIB"
    "pQJY3qDhKiapEKhRNj6BhkSKnn72PvmU9qyXUow5z."
)


@dataclass(frozen=True)
class At:
    """A server under load: its port, and its first process."""

    port: int
    process: int


def at(port: int, process: "subprocess.Popen[bytes] | None") -> At:
    assert process is not None, "the server is not running"
    return At(port, process.pid)


def ours(
    size: Size,
    folder: Path,
    haproxy: str,
    more: Mapping[str, Any] | None = None,
    sources: Path = TOP,
) -> ApiServer:
    """The product on a configuration of that size, not started; `more` are further settings.

    `sources` are those of this revision or of another.
    """
    folder.mkdir(parents=True)
    file = folder / "haproxy.cfg"
    file.write_text(configuration(size, free_port()), "utf-8")
    users = [
        {"name": "plain", "password": "secret", "insecure": True},
        {"name": "hashed", "password": HASH},
        {"name": "admin", "password": "adminpwd", "insecure": True},
    ]
    settings = {
        "dataplaneapi": {"user": users},
        "haproxy": {"haproxy_bin": haproxy, "reload": {"validate_cmd": "", "reload_delay": 3600}},
        "dataplane": {"workers": WORKERS, "threads": THREADS},
    }
    environ = {"PYTHONPATH": str(sources)}
    server = ApiServer(file, folder / "server", merged(settings, more or {}), environ=environ)
    if sources != TOP:  # another revision may not have the setting that tests need
        tree = json.loads(server.settings.read_text("utf-8"))
        del tree["dataplane"]["password_tries"]
        server.settings.write_text(json.dumps(tree), "utf-8")
    return server


def unpacked(revision: str, folder: Path) -> Path:
    """The sources of a revision, in a folder of their own."""
    command = ["git", "archive", revision, "dataplane_core", "dataplane_plugins"]
    packed = subprocess.run(command, cwd=TOP, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class Bare:
    """A bare Falcon application: it returns the bytes the product returned, and commits a file."""

    def __init__(
        self, folder: Path, answers: dict[str, bytes], haproxy: str = "", file: str = ""
    ) -> None:
        self.port = free_port()
        self.environ = {"BARE_CHECK": haproxy, "BARE_FILE": file}
        folder.mkdir()
        files = {}
        for number, (route, data) in enumerate(answers.items()):
            answer = folder / f"answer{number}"
            answer.write_bytes(data)
            files[route] = str(answer)
        self.answers = folder / "answers.json"
        self.answers.write_text(json.dumps(files), "utf-8")
        self.log = folder / "bare.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Bare":
        options = {
            "--bind": f"127.0.0.1:{self.port}",
            "--worker-class": "gthread",
            "--workers": str(WORKERS),
            "--threads": str(THREADS),
            "--keep-alive": "180",
        }
        words = [word for pair in options.items() for word in pair]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "--preload", "--no-control-socket"),
                    *(*words, "tests.bench.bare:application"),
                ],
                stdout=log,
                stderr=log,
                cwd=TOP,
                env={**os.environ, **self.environ, "BARE_ANSWERS": str(self.answers)},
            )
        wait_for_port(self.port, self.process)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the bare application does not start")
        time.sleep(0.02)


def family(process: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text("utf-8", "replace")
            except OSError:
                continue
            parent = int(stat.rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [process]
    while queue:
        one = queue.pop()
        found.append(one)
        queue += children.get(one, [])
    return found


def processor_seconds(process: int) -> float:
    """Time that the processors spent on a process and its descendants, in seconds."""
    ticks = 0
    for one in family(process):
        try:
            stat = Path(f"/proc/{one}/stat").read_text("utf-8", "replace")
        except OSError:
            continue
        ticks += sum(map(int, stat.rsplit(")", 1)[1].split()[11:13]))  # utime, stime: proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def rest(process: int, seconds: float = 20.0) -> None:
    """Wait until a process and its descendants have had nothing to do for two seconds.

    What they count is saved by then. On a busy machine they may only wait for a processor.
    """
    end, before, alike = time.monotonic() + seconds, -1.0, 0
    while time.monotonic() < end and alike < _ALIKE:
        now = processor_seconds(process)
        alike = alike + 1 if now == before and not _is_running(process) else 0
        before = now
        time.sleep(0.5)


_ALIKE = 4


def _is_running(process: int) -> bool:
    """Whether a thread of a process, or of a descendant, works or waits for a processor."""
    for one in family(process):
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                stat = (task / "stat").read_text("utf-8", "replace")
                if stat.rsplit(")", 1)[1].split()[0] in "RD":
                    return True
    return False


def memory(process: int) -> float:
    """MiB of a process and its descendants: what several of them share counts once.

    It is their proportional set size where nobody else has loaded their programs and libraries.
    The kernel's own (`Pss`) takes a part of these away for each Python that runs beside.
    """
    own, shared = 0, set[_FilePage]()
    for one in family(process):
        with suppress(OSError):
            told = Path(f"/proc/{one}/smaps_rollup").read_text("ascii").splitlines()
            own += next(int(line.split()[1]) for line in told if line.startswith("Pss_Anon:"))
            shared.update(_file_pages(one))
    return own / 1024 + len(shared) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


_FilePage: TypeAlias = tuple[str, str, int]
"""A page of a file, or of shared memory: device, inode, and where in the file."""
_PRESENT, _OF_FILE = 1 << 63, 1 << 61  # proc_pid_pagemap(5)


def _file_pages(process: int) -> Iterator[_FilePage]:
    """The pages of files that a process has in memory, without those that it has changed for itself."""
    page = os.sysconf("SC_PAGE_SIZE")
    with Path(f"/proc/{process}/pagemap").open("rb", buffering=0) as entries:
        for line in Path(f"/proc/{process}/maps").read_text("utf-8").splitlines():
            place, _, offset, device, inode = line.split()[:5]
            if inode == "0":
                continue
            start, end = (int(word, 16) // page for word in place.split("-"))
            entries.seek(start * 8)
            for number, (entry,) in enumerate(
                struct.iter_unpack("=Q", entries.read((end - start) * 8))
            ):
                if entry & _PRESENT and entry & _OF_FILE:
                    yield device, inode, int(offset, 16) // page + number
