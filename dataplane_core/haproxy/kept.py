"""Keep a few connections to the worker of HAProxy, and prove with each command that it is current.

In `prompt` mode HAProxy takes one line after the other (Management Guide, section 9.3), and a line
that begins with `> ` ends each answer. A worker that a reload has replaced goes on to serve its
connections, and takes commands whose effect is lost with it. So a question follows each command, in
the same packet: a worker that says behind the answer that it is not stopping was the current one
when it carried the command out. Any other answer is thrown away.

A connection is closed when it has rested for `REST` seconds: a worker that was replaced does not
end before. It is not used again once HAProxy has closed it, or another socket stands at its path. A
forked child closes, unused, what it inherits.
"""

import os
import select
import threading
import time
from collections import deque
from typing import Any

from dataplane_core.errors import RuntimeFailed
from dataplane_core.haproxy import wire
from dataplane_core.haproxy.addresses import SocketAddress

REST = 1.0
"""Seconds for which a connection is kept without a command."""

QUESTION = b"show info float"
_PROMPT = b"\n> "
# The configuration's own timeout may be shorter than REST.
_SETUP = b"prompt\nset timeout cli 10s\n"
_SETUP_ANSWERS = _PROMPT * 2
_READING = (b"get ", b"show ")
_STATE, _CURRENT = b"\nStopping: ", b"\nStopping: 0\n"


class NotCarriedOut(Exception):
    """The command on a kept connection did nothing that counts: it may be sent anew elsewhere."""


class KeptConnection:
    """A connection in `prompt` mode; `used` is the moment of its last answer."""

    def __init__(self, address: SocketAddress, timeout: float) -> None:
        self.address = address
        self.used = 0.0
        self._file = file_identity(address.path)
        self._socket = address.connect(timeout)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN | select.POLLRDHUP)

    @property
    def fresh(self) -> bool:
        """Whether no command was sent yet."""
        return not self.used

    def is_usable(self) -> bool:
        """Tell whether a next command can be sent, as far as is seen without sending one."""
        return (
            time.monotonic() - self.used < REST
            and not self._poll.poll(0)
            and self._file is not None
            and file_identity(self.address.path) == self._file
        )

    def ask(self, command: bytes, end: float) -> tuple[str, bool]:
        """Return the answer to one command, and whether the worker is current and not stopping.

        Raises `NotCarriedOut` where a kept connection was closed before HAProxy read the command,
        `TimeoutError` at `end`, `OSError` and `RuntimeFailed`.
        """
        setup, before = (_SETUP, _SETUP_ANSWERS) if self.fresh else (b"", b"")
        harmless_twice = command.startswith(_READING)
        received = bytearray()
        try:
            wire.send_on(self._socket, b"".join((setup, command, b"\n", QUESTION, b"\n")), end)
            while (state := _state_in(received, before)) < 0:
                chunk = wire.receive(self._socket, end)
                if not chunk:
                    if harmless_twice and not (self.fresh or received):
                        raise ConnectionResetError
                    raise RuntimeFailed(f"{wire.NOTHING} at {self.address}")
                received += chunk
                if len(received) > wire.ANSWER_LIMIT:
                    raise RuntimeFailed(f"HAProxy's answer at {self.address} does not end")
                if time.monotonic() > end:
                    raise TimeoutError
        except (BrokenPipeError, ConnectionResetError) as error:
            # a Unix socket is reset where its peer closes it with something unread
            if self.fresh or received:
                raise
            raise NotCarriedOut from error
        self.used = time.monotonic()
        answer = received[len(before) : state].decode("utf-8", "surrogateescape")
        return answer.rstrip("\n"), received.find(_CURRENT, state) >= 0

    def fileno(self) -> int:
        """Return the descriptor of the connection."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def _state_in(received: bytearray, before: bytes) -> int:
    """Return where the answer to the question begins, with its prompt; -1 while it is not whole.

    What stands in front is `before`, and an answer in which a line may begin as a prompt does.
    """
    if not received.endswith(_PROMPT):
        return -1
    state = received.rfind(_PROMPT, len(before), -len(_PROMPT))
    return state if state >= 0 and received.find(_STATE, state) >= 0 else -1


def file_identity(path: str) -> tuple[int, int, int] | None:
    """Return what another socket at the path, or other rights to this one, would change."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns


class KeptConnections:
    """At most `most` connections to the worker at a path, in use or at rest; safe between threads.

    `open_now` counts them. `memory` is for what commands told that no worker changes while it runs.
    It is another one once a connection ended otherwise than by rest, and after the last one ended.
    """

    def __init__(self, address: SocketAddress, most: int) -> None:
        self.address = address
        self.most = most
        self._begin()

    def _begin(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._resting: deque[KeptConnection] = deque()
        self.open_now = 0
        self._closer: threading.Thread | None = None
        self.memory: dict[Any, Any] = {}

    def take(self, timeout: float) -> KeptConnection | None:
        """Return a connection for one command; None where as many as may be are in use.

        Raises `OSError` where a new one cannot be made.
        """
        if self._owner != os.getpid():
            for inherited in self._resting:
                inherited.close()
            self._begin()
        while True:
            with self._lock:
                kept = self._resting.pop() if self._resting else None
                if kept is None:
                    if self.open_now >= self.most:
                        return None
                    self.open_now += 1
                    break
            if kept.is_usable():
                return kept
            self.drop(kept)
        try:
            return KeptConnection(self.address, timeout)
        except BaseException:
            self._forget()
            raise

    def give_back(self, kept: KeptConnection) -> None:
        """Let a connection rest until the next command, or for `REST` seconds."""
        with self._lock:
            self._resting.append(kept)
            if self._closer is None:
                self._closer = threading.Thread(target=self._close_rested, daemon=True)
                self._closer.start()

    def drop(self, kept: KeptConnection) -> None:
        """Close a connection that cannot be used, and forget what its worker told."""
        kept.close()
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            self.open_now -= 1
            self.memory = {}

    def _close_rested(self) -> None:
        """Close connections as their rest ends; the thread ends with the last connection."""
        while True:
            with self._lock:
                now = time.monotonic()
                while self._resting and now - self._resting[0].used >= REST:
                    self._resting.popleft().close()
                    self.open_now -= 1
                if not self.open_now:
                    self._closer = None
                    self.memory = {}
                    return
                rest = self._resting[0].used + REST - now if self._resting else REST
            time.sleep(rest)
