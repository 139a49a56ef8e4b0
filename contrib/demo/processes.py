"""Start processes that end with the process that started them."""

import ctypes
import signal
import subprocess
import sys
import time
from pathlib import Path

GRACE = 10.0  # seconds between asking a process to end and killing it
SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def end_with_parent() -> None:
    """Have the kernel end this process when its parent dies, however that dies (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


class Processes:
    """A few named processes, each in a session of its own so that Ctrl-C reaches only this one."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._begun: dict[str, tuple[tuple[str, ...], dict[str, str] | None]] = {}

    def start(self, name: str, *command: str, environ: dict[str, str] | None = None) -> None:
        """Start `command`; what it prints goes to `NAME.log` in the folder of logs."""
        self._begun[name] = command, environ
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environ,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def start_again(self, name: str) -> None:
        """Start a process as it was started before."""
        command, environ = self._begun[name]
        self.start(name, *command, environ=environ)

    def ended(self) -> str | None:
        """Return the name of a process that has ended; None while all of them run."""
        return next((name for name, p in self.running.items() if p.poll() is not None), None)

    def last_words(self, name: str, lines: int = 15) -> str:
        """Return the last lines that a process printed."""
        text = (self.logs / f"{name}.log").read_text("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self) -> None:
        """End all processes, the one that was started last first."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + GRACE
        for process in reversed(self.running.values()):
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()
