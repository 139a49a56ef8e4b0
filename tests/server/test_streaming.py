"""Answers that go on: the loop sends them, no thread waits, and nobody who is slow is waited for."""

import threading

import pytest

from dataplane_core.feeds import FEED
from tests.harness.waiting import until
from tests.server.in_process import OK, InProcess, answer, everything

GET = b"GET /feed HTTP/1.1\r\n\r\n"


class Feed:
    """A feed that the test pushes into, and a WSGI iterable for servers that know none."""

    def __init__(self):
        self.sink, self.closed = None, 0
        self.begun = threading.Event()

    def __iter__(self):
        yield b"iterated"

    def attach(self, sink):
        self.sink = sink
        self.begun.set()

    def close(self):
        self.closed += 1


class Application:
    def __init__(self, status="200 OK"):
        self.feeds, self.status = [], status

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] != "/feed":
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]
        feed = Feed()
        self.feeds.append(feed)
        environ[FEED] = feed
        start_response(self.status, [("Content-Type", "text/event-stream")])
        return feed


def begin(server, client, application):
    before = len(application.feeds)
    client.sendall(GET)
    until(lambda: len(application.feeds) > before and application.feeds[-1].begun.is_set())
    return application.feeds[-1]


def taken(client, end):
    """What comes up to some bytes, and not a byte more."""
    received = b""
    while not received.endswith(end):
        received += client.recv(1)
    return received


def test_what_a_feed_gives_is_sent_and_no_thread_waits():
    application = Application()
    with InProcess(application, threads=1) as server, server.client() as first, server.client() as second:
        feeds = [begin(server, client, application) for client in (first, second)]
        for client in (first, second):
            head = taken(client, b"\r\n\r\n")
            assert head.startswith(OK)
            assert b"Connection: close" in head and b"Transfer-Encoding" not in head
        for client, feed in zip((first, second), feeds, strict=True):
            feed.sink.push(b"one\n")
            feed.sink.push(b"two\n")
            assert taken(client, b"two\n") == b"one\ntwo\n"
        until(lambda: not any(feed.sink.unsent for feed in feeds))
        with server.client() as third:  # the only thread is free
            third.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert answer(third)[1] == b"ok"


def test_a_feed_that_finishes_ends_the_answer_behind_all_of_it():
    application = Application()
    with InProcess(application) as server, server.client() as client:
        feed = begin(server, client, application)
        feed.sink.push(b"x" * 3_000_000)
        feed.sink.finish()
        received = everything(client)
        assert received.endswith(b"x" * 3_000_000)
        until(lambda: feed.closed == 1)


def test_a_client_that_leaves_closes_the_feed():
    application = Application()
    with InProcess(application) as server:
        with server.client() as client:
            feed = begin(server, client, application)
        until(lambda: feed.closed == 1 and not server.serving.connections)
        feed.sink.push(b"nobody is there")
        feed.sink.finish()
        with server.client() as client:
            assert begin(server, client, application) is not feed
        assert feed.closed == 1


def test_a_client_that_takes_nothing_is_dropped():
    application = Application()
    with InProcess(application, write=0.2) as server, server.client() as client:
        feed = begin(server, client, application)
        feed.sink.push(b"x" * 10_000_000)
        until(lambda: feed.closed == 1)
        assert feed.sink.unsent > 0


def test_a_client_that_talks_without_end_is_dropped():
    application = Application()
    with InProcess(application) as server, server.client() as client:
        feed = begin(server, client, application)
        with pytest.raises(OSError):
            for _ in range(1000):
                client.sendall(b"x" * 65536)
        until(lambda: feed.closed == 1)


def test_a_server_that_stops_ends_the_answers():
    application = Application()
    with InProcess(application) as server, server.client() as client, server.client() as late:
        feed = begin(server, client, application)
        server.serving.stopping = True
        server.loop.call(server.serving.end_streams)
        assert everything(client).startswith(OK)
        late.sendall(GET)
        assert everything(late).startswith(OK)
        until(lambda: [one.closed for one in application.feeds] == [1, 1])
        assert feed is application.feeds[0]


def test_an_answer_that_is_no_success_is_sent_as_it_is():
    application = Application("503 Service Unavailable")
    with InProcess(application) as server, server.client() as client:
        client.sendall(b"GET /feed HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert b"iterated" in everything(client)
        assert [one.closed for one in application.feeds] == [1]


def test_a_feed_that_fails_costs_one_connection(caplog):
    application = Application()
    with InProcess(application) as server, server.client() as client:
        Feed.attach, kept = lambda self, sink: 1 / 0, Feed.attach
        try:
            client.sendall(GET)
            everything(client)
        finally:
            Feed.attach = kept
        until(lambda: application.feeds[0].closed == 1)
        with server.client() as other:
            other.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert answer(other)[1] == b"ok"


def test_a_thousand_pushes_come_in_order():
    application = Application()
    with InProcess(application) as server, server.client() as client:
        feed = begin(server, client, application)
        taken(client, b"\r\n\r\n")
        for number in range(1000):
            feed.sink.push(b"%d\n" % number)
        feed.sink.finish()
        assert everything(client) == b"".join(b"%d\n" % number for number in range(1000))


def test_a_client_that_is_gone_at_the_beginning_leaves_no_feed_behind():
    application = Application()
    with InProcess(application) as server, server.client() as client:
        connection = begin(server, client, application).sink
        connection.close()
        late = Feed()
        connection.serving.loop.resume = lambda *given: None
        connection._output = [memoryview(b"of the head")]
        connection._begin_stream(late)
        assert (late.sink, late.closed) == (None, 1)
