"""The event loop by itself, and that it goes round: nobody has it for long."""

import os
import socket
import subprocess

from dataplane_core.server.answer_memory import REPEAT
from dataplane_core.server.client_socket import TURN
from dataplane_core.server.loop import EventLoop
from tests.harness.waiting import until
from tests.server.in_process import OK, InProcess, echo

GET = b"GET /a HTTP/1.1\r\nX-Long: %s\r\n\r\n" % (b"x" * 900)


class Closing:
    """One of several sources, of which the first that acts closes the others."""

    def __init__(self, loop, all_of_them):
        self.socket, self.client = socket.socketpair()
        self.loop, self.all, self.acted = loop, all_of_them, 0
        loop.watch(self.socket.fileno(), self)
        all_of_them.append(self)

    def react(self, events):
        self.acted += 1
        self.socket.recv(1)
        for other in self.all:
            if other is not self:
                other.close()

    def close(self):
        if self.socket.fileno() >= 0:
            self.loop.forget(self.socket.fileno())
            self.socket.close()

    def fail(self):
        raise AssertionError


def test_a_source_that_another_one_closes_in_the_same_turn_is_no_fault(caplog):
    loop, sources = EventLoop(), []
    for _ in range(3):
        Closing(loop, sources).client.send(b"x")
    loop.step(0.0)
    assert [one.acted for one in sources].count(1) == 1
    assert not caplog.records
    for one in sources:
        one.close()
        one.client.close()
    loop.close()


def test_a_child_that_still_has_a_closed_connection_wakes_nobody(caplog):
    loop, sources = EventLoop(), []
    closed = Closing(loop, sources)
    os.set_inheritable(closed.socket.fileno(), True)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        closed.close()
        closed.client.close()
        assert loop._epoll.poll(0) == []
        loop.step(0.0)
    assert not caplog.records
    loop.close()


def test_a_client_that_asks_for_much_at_once_lets_others_have_their_turn():
    def application(environ, start_response):
        environ[REPEAT] = lambda: True
        return echo(environ, start_response)

    turns = []
    server = InProcess(application)  # whose loop goes step by step here

    def received(client):
        try:
            return client.recv(1 << 20)
        except BlockingIOError:
            server.loop.step(0.01)
            return b""

    with server.client() as hasty, server.client() as other:
        hasty.setblocking(False)
        other.setblocking(False)
        hasty.send(GET)
        until(lambda: received(hasty).startswith(OK))
        hasty.send(GET * 100)
        other.send(GET)
        until(lambda: turns.append(received(hasty).count(OK)) or turns[-1])
        assert turns[-1] <= TURN // len(GET) + 1
        until(lambda: received(other).startswith(OK))
        for connection in list(server.serving.connections.values()):
            connection.close()
    server.listener.socket.close()
    server.loop.close()


def test_a_body_that_comes_at_once_is_taken_in_turns():
    server = InProcess()
    with server.client() as client:
        server.loop.step(0.0)
        (connection,) = server.serving.connections.values()
        client.sendall(b"POST /body HTTP/1.1\r\nContent-Length: 60000\r\n\r\n")
        server.loop.step(0.0)
        client.sendall(b"x" * 50_000)
        for turns in (1, 2, 3):
            server.loop.step(0.0)
            assert connection.unfinished == turns * TURN
        connection.close()
    server.listener.socket.close()
    server.loop.close()
