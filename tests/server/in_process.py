"""Connections of a worker in this process: a loop in a thread, and clients over socket pairs."""

import contextlib
import json
import socket
import threading

from dataplane_core.server.access_log import AccessLog
from dataplane_core.server.answer_memory import AnswerMemory
from dataplane_core.server.connection import Connection
from dataplane_core.server.head_buffer import HeadLimits
from dataplane_core.server.listen_addresses import ListenerTimeouts
from dataplane_core.server.loop import EventLoop
from dataplane_core.server.serving import ServedListener, Serving
from dataplane_core.server.thread_pool import ThreadPool
from dataplane_core.server.wsgi_environ import listener_environ
from tests.harness.waiting import PATIENCE

_A_MOMENT = 1.0  # seconds, for threads that wait for what does not come any more
OK = b"HTTP/1.1 200 "


def echo(environ, start_response):
    """Answers with facts of the request, and with its body where the path is /body."""
    body = environ["wsgi.input"].read() if environ["PATH_INFO"] == "/body" else b""
    facts = {"path": environ["PATH_INFO"], "body": body.decode(), "method": environ["REQUEST_METHOD"]}
    text = json.dumps(facts).encode()
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text]


class InProcess:
    """A loop that runs until the end of the `with`; `others` are what else its connections share."""

    def __init__(self, application=echo, threads=2, read=None, write=None, keep_alive=PATIENCE, **others):
        self.loop = EventLoop()
        limits = HeadLimits(line=8190, fields=128, fields_bytes=1 << 20)
        self.serving = Serving(
            self.loop, ThreadPool(threads), application, limits, 100, keep_alive,
            AnswerMemory(1 << 20), AccessLog(), **others,
        )  # fmt: skip
        self.listener = ServedListener(
            socket.socket(), "unix", ListenerTimeouts(read, write, 0.0),
            listener_environ("unix", "path", 1), None,
        )  # fmt: skip
        self.stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._before = threading.enumerate()

    def _run(self):
        while not self.stopped:
            self.loop.step(self.serving.end_slow())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.loop.call(lambda: None)
        self._thread.join(PATIENCE)
        self.serving.pool.end()
        for thread in threading.enumerate():
            if thread.name.startswith("request_") and thread not in self._before:
                thread.join(_A_MOMENT)  # it may be about to give a connection back
        self.listener.socket.close()
        for connection in list(self.serving.connections.values()):
            connection.close()
        self.loop.close()

    @contextlib.contextmanager
    def client(self):
        """A connection to the loop: our end of a pair."""
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(PATIENCE)
            self.loop.call(lambda: Connection(self.serving, self.listener, theirs, ""))
            yield ours

    def exchange(self, raw, end=True):
        """All that is answered to some bytes, until the end of the connection."""
        with self.client() as client:
            client.sendall(raw)
            if end:
                client.shutdown(socket.SHUT_WR)
            return everything(client)


def everything(client):
    """What comes until the end of a connection."""
    received = b""
    while chunk := client.recv(65536):
        received += chunk
    return received


def answer(client):
    """One answer with a length: its head and its body."""
    stream = client.makefile("rb", buffering=0)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        assert line, head
        head += line
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    body = b""
    while len(body) < length:
        body += stream.read(length - len(body))
    return head, body
