"""Bytes of one client, in the loop: handshake, reading, the end. Nothing here blocks."""

import logging
import math
import socket
import time
from collections.abc import Callable

from dataplane_core.server import client_socket
from dataplane_core.server.client_sources import source_of
from dataplane_core.server.loop import READ, WRITE
from dataplane_core.server.serving import ServedListener, Serving

log = logging.getLogger("dataplane.server")

_FIRST_BYTES = 10.0  # seconds in which a new connection has to begin its first request
_END = 2.0  # seconds for a client to close its side after the last answer
_DROPPED = 1 << 20  # bytes that are read and dropped meanwhile


class Transport:
    """One client's socket; what the loop does next with it is `react`."""

    __slots__ = (
        *("certificate", "deadline", "listener", "peer", "react", "serving", "since"),
        *("_descriptor", "_dropped", "_is_tls", "_keeps", "_output", "_socket", "_source"),
        "_unsent",
    )

    def __init__(
        self, serving: Serving, listener: ServedListener, accepted: socket.socket, peer: object
    ) -> None:
        client_socket.prepare(accepted, listener.timeouts)
        if listener.contexts is not None:
            accepted = listener.contexts.current().wrap_socket(
                accepted, server_side=True, do_handshake_on_connect=False
            )
        self.serving, self.listener, self.peer = serving, listener, peer
        self.certificate: bytes | None = None
        self.since = time.monotonic()
        self.deadline = self.since + _FIRST_BYTES
        self._socket, self._descriptor = accepted, accepted.fileno()
        self._is_tls = listener.contexts is not None
        self._source = source_of(peer)
        self._dropped = 0
        self._output: list[memoryview] = []  # of an answer that the client has not taken yet
        self._unsent = 0  # bytes of it that the loop sends
        self._keeps = False  # after that answer
        self.react: Callable[[int], None] = (
            self._on_bytes if listener.contexts is None else self._on_handshake
        )

    def _on_bytes(self, events: int) -> None:
        """Take what a client sends when nothing of a request is there."""
        raise NotImplementedError

    def _next(self) -> None:
        """Wait for the next request, or take what has come of it already."""
        raise NotImplementedError

    def _greet(self) -> None:
        """Begin to wait for requests, once it is known who is there."""

    def _on_handshake(self, events: int) -> None:
        import ssl

        assert isinstance(self._socket, ssl.SSLSocket)
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            self.serving.loop.change(self._descriptor, READ)
        except ssl.SSLWantWriteError:
            self.serving.loop.change(self._descriptor, WRITE)
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror
            log.info("a client was not served: %s", reason)
            self.close()
        else:
            self.serving.loop.change(self._descriptor, READ)
            self.certificate = self._socket.getpeercert(True)
            self.deadline = time.monotonic() + _FIRST_BYTES
            self.react = self._on_bytes
            self._greet()
            self._on_bytes(events)

    def _send_now(self, first: bytes, second: bytes, keeps: bool) -> None:
        """Send an answer without waiting; the loop sends what the client does not take at once."""
        try:
            sent = self._socket.send(first)
        except client_socket.RETRY:
            sent = 0
        except OSError:
            self.close()
            return
        if sent == len(first) and not second:
            self._sent(keeps)
            return
        self._output = [memoryview(first)[sent:], memoryview(second)]
        self._keeps = keeps
        if not self._flush():
            self._expect_output()
            self.serving.loop.change(self._descriptor, WRITE)
            self.serving.limit_unsent()

    def _expect_output(self) -> None:
        """Let the loop send what is left of an answer."""
        write = self.listener.timeouts.write
        self.deadline = math.inf if write is None else time.monotonic() + write
        self.react = self._on_output
        self._unsent = sum(map(len, self._output))
        self.serving.unsent += self._unsent
        self.serving.sending[self] = None

    def _sent(self, keeps: bool) -> None:
        if keeps:
            self.since = time.monotonic()
            self.deadline = self.since + self.serving.keep_alive
        else:
            self._end()

    def _flush(self) -> bool:
        """Send what is left of an answer; False if the client does not take all of it now."""
        output = self._output
        try:
            client_socket.send(self._socket, output, None, len(output))
        except OSError:
            self.close()
            return True
        if output:
            return False
        self._sent(self._keeps)
        return True

    def _on_output(self, events: int) -> None:
        if self._flush() and self._descriptor >= 0:
            self._forget_output()
            self.serving.loop.change(self._descriptor, READ)
            if self.react == self._on_output:
                self._next()

    def _forget_output(self) -> None:
        self._output.clear()
        if self._unsent:  # only in the loop
            self.serving.unsent -= self._unsent
            self.serving.sending.pop(self, None)
            self._unsent = 0

    def _on_end(self, events: int) -> None:
        """Wait for the client to close its side too: only then it has surely read its answer."""
        data = self._receive()
        if data is not None:
            self._dropped += len(data)
            if not data or self._dropped > _DROPPED:
                self.close()

    def fail(self) -> None:
        """Close the connection after a fault."""
        self.close()

    def close(self) -> None:
        """End the connection."""
        if self._descriptor < 0:
            return
        serving, descriptor = self.serving, self._descriptor
        self._descriptor = -1  # the number may be another connection's soon
        serving.connections.pop(descriptor, None)
        serving.sources.remove(self._source, descriptor)
        serving.loop.forget(descriptor)
        self._forget_output()
        self._leave_to_others()
        self._socket.close()
        serving.on_closed()

    def give_way(self) -> bool:
        """Close the connection; False while a thread has it, and be it about to give it back."""
        if self._descriptor < 0:
            return False
        try:
            self.serving.loop.pause(self._descriptor)
        except OSError:  # to have it watched again is the last thing that the thread does
            return False
        self.close()
        return True

    def _leave_to_others(self) -> None:
        """Let the loop do nothing with the connection: a thread has it, or it is closed."""
        self.react = _nothing
        self.deadline = math.inf

    def _receive(self) -> bytes | None:
        """Return what has come, for one turn: None for nothing yet, b"" at the end."""
        try:
            return self._socket.recv(client_socket.TURN)
        except client_socket.RETRY:
            return None
        except OSError:
            return b""

    def _give_time(self, end: float) -> None:
        """Let the client have time again for the next bytes of a request, until `end` at most."""
        read = self.listener.timeouts.read
        self.deadline = end if read is None else min(end, time.monotonic() + read)

    def _has_more(self) -> bool:
        """Return whether TLS has bytes that the descriptor does not show."""
        return self._is_tls and self._socket.pending() > 0  # type: ignore[attr-defined]

    def _end(self) -> bool:
        """Send no more, and wait until the client has read everything; False if it is gone."""
        self._dropped = 0
        self.react = self._on_end
        self.deadline = time.monotonic() + _END
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()
            return False
        return True


def _nothing(events: int) -> None:
    """Do nothing."""
