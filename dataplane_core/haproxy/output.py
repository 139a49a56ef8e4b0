"""What a command writes, taken while it runs."""

import os
import select
import subprocess
import time
import tty
from contextlib import suppress

OUTPUT_LIMIT = 256 * 1024
"""Bytes of an output that are kept; the rest is read and thrown away."""

_TICK = 0.05


class Output:
    """Both outputs of a command, as one text.

    `stdout` and `stderr` are the command's ends, to be given up once it has them. With `last_line`
    its standard output is a terminal, where it can be: to one, programs write line by line, to a
    pipe whenever a buffer is full, which most often is at their end.
    """

    def __init__(self, last_line: str = "") -> None:
        self._last = f"{last_line}\n".encode() if last_line else b""
        self._kept: dict[int, bytearray] = {}
        terminal = _terminal() if last_line else None
        ours, self.stderr = os.pipe()
        self._kept[ours] = bytearray()
        self.stdout = self.stderr
        if terminal is not None:
            ours, self.stdout = terminal
            self._kept[ours] = bytearray()

    @property
    def text(self) -> str:
        """What was taken so far: first the errors, where the two are apart."""
        return b"".join(self._kept.values()).decode("utf-8", "replace")

    def give_up(self) -> None:
        """Close the command's ends, so that ours end when it does."""
        for handle in {self.stdout, self.stderr}:
            os.close(handle)

    def close(self) -> None:
        """Close our ends."""
        for handle in self._kept:
            os.close(handle)

    def collect(self, process: "subprocess.Popen[bytes]", deadline: float) -> bool:
        """Take all until the last line is there, or until the end; whether it was the last line.

        The end is that of the outputs, or that of the process when there is nothing left to read.
        Raises `subprocess.TimeoutExpired`.
        """
        poller = select.poll()
        for handle in self._kept:
            poller.register(handle, select.POLLIN)
        left = len(self._kept)
        while left:
            over = process.poll() is not None
            ready = poller.poll(0 if over else _TICK * 1000)
            for handle, _ in ready:
                if not self._take(handle):
                    poller.unregister(handle)
                    left -= 1
            if over and not ready:
                break
            if self._has_last_line() and not poller.poll(0):
                return True
            if not over and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(process.args, deadline)
        return False

    def _take(self, handle: int) -> bool:
        """Read what is there; False at the end, which a terminal tells by an error."""
        chunk = b""
        with suppress(OSError):
            chunk = os.read(handle, 65536)
        kept = self._kept[handle]
        kept += chunk[: OUTPUT_LIMIT - len(kept)]
        return bool(chunk)

    def _has_last_line(self) -> bool:
        """Whether a terminal's text ends with it: the errors quote what users wrote."""
        if not self._last or len(self._kept) == 1:
            return False
        said = list(self._kept.values())[1]
        return said == self._last or said.endswith(b"\n" + self._last)


def _terminal() -> tuple[int, int] | None:
    """Our end and the command's; None where there are no terminals to be had."""
    try:
        ours, theirs = os.openpty()
    except OSError:
        return None
    tty.setraw(theirs)  # lines end as they are written
    return ours, theirs
