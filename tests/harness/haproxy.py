"""Real HAProxy processes."""

import subprocess
import time
from pathlib import Path

from dataplane_core.haproxy.runtime import RuntimeClient


def show_info(client: RuntimeClient) -> dict[str, str]:
    """What a worker tells of itself."""
    lines = client.command("show info").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


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
