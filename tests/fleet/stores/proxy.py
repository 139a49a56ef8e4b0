"""Stands between a store and its client, and cuts connections off where it is told to."""

import contextlib
import socket
import threading
from contextlib import AbstractContextManager

from tests.harness.server import free_port


class Proxy(AbstractContextManager["Proxy"]):
    """Forwards what comes to a port on this machine to another one."""

    def __init__(self, target: int) -> None:
        self.port, self._target = free_port(), target
        self.mode = ""
        """`request`: what comes is not forwarded, `answer`: what is said to it is not; `silent`: nothing is."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End all connections that there are."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open = []

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                self._open += [client, server]
                for pair in ((client, server, "request"), (server, client, "answer")):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, part: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.mode == part:
                    break
                if self.mode != "silent":
                    target.sendall(data)
            for one in (source, target):
                one.shutdown(socket.SHUT_RDWR)
