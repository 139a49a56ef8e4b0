"""Answer for all servers of a scratch process, at Unix sockets in its folder, in a thread."""

import errno
import re
import selectors
import socket
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from dataplane_core.plugin import dataclass
from dataplane_plugins.changes.simulation.responses import SimulatedResponse
from dataplane_plugins.changes.simulation.scratch_text import ANSWERS, ANSWERS_TCP

Forwarded = tuple[str, str, str]
"""The method, the URL and the lines with the header fields of a request that came to a server."""

_PATIENCE = {ANSWERS: 10.0, ANSWERS_TCP: 0.05}
"""Seconds that are waited at a socket: in TCP mode, the client may say nothing at all."""

_HEAD = re.compile(rb"(\S+) (\S+) HTTP/[0-9.]+\r\n((?:[^\r\n]++\r\n)*+)\r\n")
_BEGIN = re.compile(rb"\S+ \S+ HTTP/[0-9.]+\r\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]+)[ \t]*\r?$", re.I | re.M)
_CHUNKED = re.compile(rb"^transfer-encoding:.*\bchunked\b", re.I | re.M)
_LAST_CHUNK = b"0\r\n\r\n"
_MOST = 8 << 20
_NO_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}
_UNTIL_POSSIBLE = 0.1  # seconds


@dataclass(slots=True, eq=False)
class _Connection:
    """A connection of the scratch process to one of its servers."""

    socket: socket.socket
    turn: int
    ends: float
    data: bytes = b""
    answered: bool = False


class StandIn:
    """Listens at the sockets of a folder; `begin` has it answer for the next request.

    A request of HTTP is answered, and what came of it kept; another connection is closed.
    """

    def __init__(self, folder: Path) -> None:
        self._response = SimulatedResponse()
        self._turn = 0
        self._forwarded: Forwarded | None = None
        self._connections: dict[socket.socket, _Connection] = {}
        with ExitStack() as parts:
            self._selector = parts.enter_context(selectors.DefaultSelector())
            self._wakes, self._woken = (parts.enter_context(one) for one in socket.socketpair())
            self._selector.register(self._woken, selectors.EVENT_READ)
            for name, seconds in _PATIENCE.items():
                listener = parts.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                listener.bind(str(folder / name))
                (folder / name).chmod(0o666)
                listener.listen(64)
                listener.setblocking(False)
                self._selector.register(listener, selectors.EVENT_READ, seconds)
            self._thread = threading.Thread(target=self._serve, daemon=True, name="stand-in")
            self._thread.start()
            self._parts = parts.pop_all()

    def begin(self, response: SimulatedResponse) -> None:
        """Answer connections from now on so, and forget what came before."""
        self._response, self._forwarded = response, None
        self._turn += 1

    @property
    def forwarded(self) -> Forwarded | None:
        """The last request that came since `begin`."""
        return self._forwarded

    def close(self) -> None:
        """End the thread, and close all sockets."""
        self._wakes.close()
        self._thread.join()
        for one in self._connections:
            one.close()
        self._parts.close()

    def _serve(self) -> None:
        while True:
            now = time.monotonic()
            for one in [one for one in self._connections.values() if one.ends <= now]:
                self._drop(one)
            ends = min((one.ends for one in self._connections.values()), default=None)
            for key, _ in self._selector.select(None if ends is None else ends - now):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                if ready is self._woken:
                    return
                if isinstance(key.data, float):
                    self._accept(ready, key.data)
                else:
                    self._read(self._connections[ready])

    def _accept(self, listener: socket.socket, seconds: float) -> None:
        try:
            made = listener.accept()[0]
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                self._make_room()
            return
        made.setblocking(False)
        self._connections[made] = _Connection(made, self._turn, time.monotonic() + seconds)
        self._selector.register(made, selectors.EVENT_READ)

    def _make_room(self) -> None:
        """Close the oldest connection where descriptors are lacking; without one, wait for some.

        The listener stays ready meanwhile, so that a look without a pause would never end.
        """
        oldest = next(iter(self._connections.values()), None)
        if oldest is not None:
            self._drop(oldest)
        else:
            time.sleep(_UNTIL_POSSIBLE)

    def _drop(self, one: _Connection) -> None:
        self._selector.unregister(one.socket)
        del self._connections[one.socket]
        one.socket.close()

    def _read(self, one: _Connection) -> None:
        try:
            part = one.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part or one.turn != self._turn:
            self._drop(one)
        elif not one.answered:
            one.data += part
            self._judge(one)

    def _judge(self, one: _Connection) -> None:
        """Answer a request once it is complete; close what is none."""
        found = _HEAD.match(one.data)
        if found is None:
            if len(one.data) > _MOST or (b"\r\n" in one.data and not _BEGIN.match(one.data)):
                self._drop(one)
            return
        if not _is_complete(found[0], one.data[found.end() :]) and len(one.data) < _MOST:
            return
        method, url, fields = (part.decode("utf-8", "replace") for part in found.groups())
        self._forwarded = method, url, fields
        one.answered, one.ends = True, time.monotonic() + _PATIENCE[ANSWERS]
        one.socket.settimeout(1.0)
        with suppress(OSError):
            one.socket.sendall(self._response.to_send(method))
            one.socket.shutdown(socket.SHUT_WR)  # each request has a connection of its own
        one.socket.setblocking(False)


def _is_complete(head: bytes, body: bytes) -> bool:
    """Return whether the body of a request is there."""
    if _CHUNKED.search(head):
        return body.endswith(_LAST_CHUNK)
    length = _LENGTH.search(head)
    return length is None or len(body) >= int(length[1])
