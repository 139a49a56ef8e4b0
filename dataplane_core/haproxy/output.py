"""What a command writes, taken while it runs."""

import errno
import os
import select
import subprocess
import sys
import termios
import time
import tty
from dataclasses import dataclass, field

OUTPUT_LIMIT = 256 * 1024
"""Bytes of an output that are kept; the rest is read and thrown away."""

_TICK = 0.05


@dataclass(slots=True)
class _Stream:
    """Our end of an output, and what came out of it."""

    handle: int
    kept: bytearray = field(default_factory=bytearray)

    def take(self) -> bool:
        """Read what is there; False at the end, which a terminal tells by an error."""
        try:
            chunk = os.read(self.handle, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            chunk = b""
        self.kept += chunk[: OUTPUT_LIMIT - len(self.kept)]
        return bool(chunk)


class CommandOutput:
    """Both outputs of a command.

    `stdout` and `stderr` are the command's ends, to be given up once it has them. They are one, so
    that everything is in order, unless there is a `last_line`: then standard output is a terminal,
    where one can be had. Programs write to that line by line, to a pipe when a buffer is full.

    Raises OSError when there are no descriptors left, with nothing open.
    """

    def __init__(self, last_line: str = "") -> None:
        self._last = f"{last_line}\n".encode()
        ours, self.stderr = os.pipe()
        self.stdout = self.stderr
        self._rest, self._said = _Stream(ours), None
        terminal = _terminal() if last_line else None
        if terminal is not None:
            ours, self.stdout = terminal
            self._said = _Stream(ours)

    @property
    def text(self) -> str:
        """What was taken so far; standard output is first where it is apart."""
        kept = [bytes(stream.kept) for stream in self._streams if stream.kept]
        return b"\n".join(kept).decode("utf-8", "replace")

    @property
    def _streams(self) -> list[_Stream]:
        return [self._rest] if self._said is None else [self._said, self._rest]

    def give_up(self) -> None:
        """Close the command's ends, so that ours end when it does."""
        for handle in {self.stdout, self.stderr}:
            os.close(handle)

    def close(self) -> None:
        """Close our ends."""
        for stream in self._streams:
            os.close(stream.handle)

    def collect(self, process: "subprocess.Popen[bytes]", deadline: float) -> bool:
        """Take all until the last line is there, or until the end; whether it was the last line.

        The end is that of the outputs, or that of the process when there is nothing left to read.
        Raises TimeoutError at `deadline`, a moment of the monotonic clock.
        """
        poller = select.poll()
        open_ones = {stream.handle: stream for stream in self._streams}
        for handle in open_ones:
            poller.register(handle, select.POLLIN)
        while open_ones:
            over = process.poll() is not None
            ready = poller.poll(0 if over else _TICK * 1000)
            for handle, _ in ready:
                if not open_ones[handle].take():
                    poller.unregister(handle)
                    del open_ones[handle]
            if over and not ready:
                break
            if self._has_last_line() and not poller.poll(0):
                return True
            if not over and time.monotonic() > deadline:
                raise TimeoutError
        return False

    def _has_last_line(self) -> bool:
        """Whether a terminal's text ends with it: the errors quote what users wrote."""
        if self._said is None:
            return False
        said = self._said.kept
        return said == self._last or said.endswith(b"\n" + self._last)


def _terminal() -> tuple[int, int] | None:
    """Our end and the command's; None where there is none to be had, or none that can be polled."""
    if sys.platform != "linux":
        return None
    try:
        ours, theirs = os.openpty()
    except OSError:
        return None
    try:
        tty.setraw(theirs)  # lines end as they are written
    except termios.error:
        os.close(ours)
        os.close(theirs)
        return None
    return ours, theirs
