"""Answers that come later: no thread waits for them, and they are given when the server ends."""

import threading

from dataplane_core.feeds import LATER
from tests.harness.waiting import until
from tests.server.in_process import InProcess, answer

POST = b"POST /later HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
GET = b"GET / HTTP/1.1\r\n\r\n"


class Later:
    def __init__(self, start_response):
        self.start, self.ready, self.closed = start_response, None, False

    def attach(self, ready):
        self.ready = ready

    def close(self):
        self.closed = True
        self.ready()

    def __call__(self):
        self.start("201 Created", [("Content-Length", "5")])
        return [b"later"]


class Application:
    def __init__(self):
        self.later: list[Later] = []

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] != "/later":
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]
        self.later.append(Later(start_response))
        environ[LATER](self.later[-1])
        return ()


def waits(application, number=1):
    until(lambda: len(application.later) == number and application.later[-1].ready is not None)


def test_an_answer_comes_when_it_is_ready_and_no_thread_waits():
    application = Application()
    with InProcess(application, threads=1) as server, server.client() as first, server.client() as second:
        for number, client in enumerate((first, second), 1):
            client.sendall(POST)
            waits(application, number)
        with server.client() as third:  # the only thread is free, for changes too
            third.sendall(GET)
            assert answer(third)[1] == b"ok"
        for client, later in zip((second, first), reversed(application.later), strict=True):
            threading.Thread(target=later.ready).start()
            head, body = answer(client)
            assert (b"201 Created" in head, body) == (True, b"later")
            client.sendall(GET)  # the connection is kept
            assert answer(client)[1] == b"ok"


def test_what_is_waited_for_is_answered_when_the_server_ends():
    application = Application()
    with InProcess(application, threads=1) as server, server.client() as client:
        client.sendall(POST)
        waits(application)
        server.serving.stopping = True
        server.serving.end_streams()
        assert answer(client)[1] == b"later"
        assert application.later[0].closed


def test_a_client_that_is_gone_leaves_nothing():
    application = Application()
    with InProcess(application, threads=1) as server:
        with server.client() as client:
            client.sendall(POST)
            waits(application)
        application.later[0].ready()
        with server.client() as other:
            other.sendall(GET)
            assert answer(other)[1] == b"ok"
