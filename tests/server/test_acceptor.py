"""Which worker accepts a connection, and what becomes of connections that there is no room for."""

import contextlib
import errno
import socket

import pytest

from dataplane_core.server.acceptor import Acceptor
from dataplane_core.server.connection_counts import ConnectionCounts
from dataplane_core.server.listen_addresses import ListenerTimeouts
from dataplane_core.server.serving import ServedListener
from dataplane_core.server.wsgi_environ import listener_environ
from tests.harness.waiting import PATIENCE, stays, until
from tests.server.in_process import OK, InProcess, answer
from tests.server.test_later import POST, Application, waits

GET = b"GET /a HTTP/1.1\r\n\r\n"


class Failing:
    """A listening socket that cannot give connections for a while."""

    def __init__(self, real, number, times):
        self._real, self._number, self.times = real, number, times

    def accept(self):
        if self.times:
            self.times -= 1
            raise OSError(self._number, "the reason")
        return self._real.accept()

    def __getattr__(self, name):
        return getattr(self._real, name)


class Listening(InProcess):
    """A loop that accepts connections."""

    def __init__(self, counts=None, most=100, fault=(0, 0), **more):
        super().__init__(**more)
        self.counts = counts or ConnectionCounts()
        self.serving.most_connections = most
        self.queue = socket.create_server(("127.0.0.1", 0))
        listener = ServedListener(
            Failing(self.queue, *fault), "http", ListenerTimeouts(None, None, 0.0),
            listener_environ("http", self.queue.getsockname(), 1), None,
        )  # fmt: skip
        self.acceptor = Acceptor(self.serving, (listener,), self.counts, self.counts.take())
        self.acceptor.start()

    def connect(self):
        return socket.create_connection(self.queue.getsockname(), PATIENCE)


def ask(client):
    client.sendall(GET)
    return answer(client)[0].startswith(OK)


def test_places_are_given_and_taken_back():
    counts = ConnectionCounts()
    first, second = counts.take(), counts.take()
    assert first != second
    counts.tell(first, 5)
    assert counts.fewest() == 5  # the second has not begun
    counts.tell(second, 3)
    assert counts.fewest() == 3
    counts.leave(second)
    assert counts.fewest() == 5
    counts.free(second)
    assert counts.take() == second
    for _ in range(600):
        last = counts.take()
    assert last == 0
    counts.tell(last, -7)
    assert counts.fewest() == 5


def test_connections_go_to_the_worker_that_has_fewer():
    counts = ConnectionCounts()
    with Listening(counts) as one:
        two = Listening.__new__(Listening)
        InProcess.__init__(two)
        listener = ServedListener(
            one.queue.dup(), "http", ListenerTimeouts(None, None, 0.0),
            listener_environ("http", one.queue.getsockname(), 1), None,
        )  # fmt: skip
        Acceptor(two.serving, (listener,), counts, counts.take()).start()
        with two, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(one.connect()) for _ in range(20)]
            assert all(map(ask, clients))
            shares = [len(one.serving.connections), len(two.serving.connections)]
            assert sum(shares) == 20
            assert min(shares) >= 2, shares  # about half each, unless one thread is not run at all


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EBADMSG, errno.ECONNABORTED, errno.EAGAIN])
def test_a_connection_that_cannot_be_accepted_now_is_accepted_later(number, caplog):
    with Listening(fault=(number, 2)) as server, server.connect() as client:
        assert ask(client)
    lacking = number in (errno.EMFILE, errno.EBADMSG)
    assert caplog.text.count("no connection can be accepted: the reason") == (1 if lacking else 0)
    assert "Traceback" not in caplog.text


def test_connections_over_the_limit_wait_for_a_place():
    with Listening(most=2) as server, contextlib.ExitStack() as stack:
        busy = [stack.enter_context(server.connect()) for _ in range(2)]
        until(lambda: len(server.serving.connections) == 2)
        for connection in server.serving.connections.values():
            connection.since += PATIENCE  # as if they had come just now
        waiting = stack.enter_context(server.connect())
        waiting.sendall(GET)
        assert stays(lambda: len(server.serving.connections) == 2)
        busy[0].close()
        assert answer(waiting)[0].startswith(OK)


def test_who_waits_for_an_answer_is_given_it_before_others_find_no_place():
    application = Application()
    with Listening(most=2, application=application) as server, contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(server.connect()) for _ in range(2))
        for number, client in enumerate((first, second), 1):
            client.sendall(POST)
            waits(application, number)
        third = stack.enter_context(server.connect())
        third.sendall(GET)
        assert answer(first)[1] == b"later"
        assert first.recv(1) == b""
        first.close()
        assert answer(third)[1] == b"ok"
        assert [one.closed for one in application.later] == [True, False]


def test_who_is_slow_to_ask_gives_way_to_who_comes_later():
    with Listening(most=2) as server, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(server.connect()) for _ in range(2)]
        slow[0].sendall(b"GET /")
        assert ask(stack.enter_context(server.connect()))


def test_what_waits_at_the_end_is_accepted_before_the_listener_is_closed():
    with Listening() as server:
        server.acceptor._rest(PATIENCE)
        with server.connect() as client:
            server.loop.call(server.acceptor.stop)
            assert ask(client)
            until(lambda: server.queue.fileno() < 0)
