"""Read a command's output while it runs, so that a check by HAProxy ends at its verdict.

HAProxy writes its verdict ("Configuration file is valid"), then gives its memory back piece by
piece. Nobody needs to wait for that: with 2 000 backends of ten servers (HAProxy 2.8) a check takes
80 ms until the verdict, and 112 ms until the process ends.

The verdict has to be seen the moment it is written. A program that writes to a pipe keeps its text
until a buffer is full or it ends; to a terminal it writes line by line. So standard output is a
pseudo-terminal (pty(7)) wherever the caller waits for a last line.
"""

import errno
import os
import select
import subprocess
import sys
import termios
import time
import tty
from dataclasses import field

from dataplane_core.dataclass import dataclass

OUTPUT_LIMIT = 256 * 1024
"""Bytes of each output that are kept; what comes behind them is read and thrown away."""

_TICK = 0.05  # seconds between two looks whether the process has ended


@dataclass(slots=True)
class _Stream:
    """Our end of one output, and the bytes kept of it."""

    handle: int
    kept: bytearray = field(default_factory=bytearray)

    def take(self) -> bool:
        """Read what is there; return False at the end of the output.

        A terminal tells its end by the error EIO, a pipe by an empty read.
        """
        try:
            chunk = os.read(self.handle, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            chunk = b""
        self.kept += chunk[: OUTPUT_LIMIT - len(self.kept)]
        return bool(chunk)


class CommandOutput:
    """Standard output and standard error of one command.

    `stdout` and `stderr` are the descriptors to give to the command. Without a `last_line` both are
    the same pipe, so that the lines of both keep their order. With a `last_line` standard output is
    a terminal of its own, where the system has one to give.

    Raises `OSError` when there are no descriptors left; nothing stays open then.
    """

    def __init__(self, last_line: str = "") -> None:
        self._last_line = f"{last_line}\n".encode()
        ours, self.stderr = os.pipe()
        self.stdout = self.stderr
        self._pipe = _Stream(ours)
        self._terminal: _Stream | None = None
        pair = _open_terminal() if last_line else None
        if pair is not None:
            ours, self.stdout = pair
            self._terminal = _Stream(ours)

    @property
    def text(self) -> str:
        """What was read so far; the terminal's text comes first where there is one."""
        kept = [bytes(stream.kept) for stream in self._streams if stream.kept]
        return b"\n".join(kept).decode("utf-8", "replace")

    @property
    def _streams(self) -> list[_Stream]:
        return [self._pipe] if self._terminal is None else [self._terminal, self._pipe]

    def close_command_ends(self) -> None:
        """Close `stdout` and `stderr` here, once the command has them: ours end when it does."""
        for handle in {self.stdout, self.stderr}:
            os.close(handle)

    def close(self) -> None:
        """Close our ends."""
        for stream in self._streams:
            os.close(stream.handle)

    def read_to_end(self, process: "subprocess.Popen[bytes]", deadline: float) -> bool:
        """Read until the last line is there or the command is over; return True for the last line.

        The command is over when both outputs have ended, or when the process has ended and nothing
        is left to read: a child of it may keep the outputs open. Raises `TimeoutError` at
        `deadline`, a moment of `time.monotonic`.
        """
        still_open = {stream.handle: stream for stream in self._streams}
        poller = select.poll()
        for handle in still_open:
            poller.register(handle, select.POLLIN)
        while still_open:
            ended = process.poll() is not None  # asked first: what it wrote until now is read below
            ready = poller.poll(0 if ended else _TICK * 1000)
            for handle, _ in ready:
                if not still_open[handle].take():
                    poller.unregister(handle)
                    del still_open[handle]
            if ended and not ready:
                return False
            if self._ends_with_last_line() and not poller.poll(0):
                return True
            if not ended and time.monotonic() > deadline:
                raise TimeoutError
        return False

    def _ends_with_last_line(self) -> bool:
        """Tell whether the last line stands at the end of the terminal's text.

        The same words further up mean nothing: HAProxy's errors quote what users wrote.
        """
        if self._terminal is None:
            return False
        text = self._terminal.kept
        return text == self._last_line or text.endswith(b"\n" + self._last_line)


def _open_terminal() -> tuple[int, int] | None:
    """Return our end and the command's end of a new terminal.

    None where the system has none to give, or, outside of Linux, none that can be polled.
    """
    if sys.platform != "linux":
        return None
    try:
        ours, theirs = os.openpty()
    except OSError:
        return None
    try:
        tty.setraw(theirs)  # lines end as they are written, without a carriage return
    except termios.error:
        os.close(ours)
        os.close(theirs)
        return None
    return ours, theirs
