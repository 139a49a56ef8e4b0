"""Answers that come later: no thread waits for them, and they are given when the server ends."""

import threading

from dataplane_core.feeds import LATER
from dataplane_core.server.body_budget import BodyBudget
from tests.harness.waiting import until
from tests.server.in_process import InProcess, answer, everything

POST = b"POST /later HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
GET = b"GET / HTTP/1.1\r\n\r\n"


class Later:
    def __init__(self, start_response):
        self.start, self.ready, self.closed = start_response, None, False

    def attach(self, ready):
        self.ready = ready

    def close(self):
        self.closed = True
        if self.ready is not None:  # else whoever attaches learns it
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
        environ["wsgi.input"].read()
        self.later.append(Later(start_response))
        environ[LATER](self.later[-1])
        return ()


def waits(application, number=1):
    until(lambda: len(application.later) == number and application.later[-1].ready is not None)


def each_waits(application, *clients):
    """Have clients wait for answers, one after the other."""
    for number, client in enumerate(clients, 1):
        client.sendall(POST)
        waits(application, number)


def test_an_answer_comes_when_it_is_ready_and_no_thread_waits():
    application = Application()
    with InProcess(application, threads=1) as server, server.client() as first, server.client() as second:
        each_waits(application, first, second)
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
        until(lambda: application.later[0].closed and not server.serving.connections)
        assert not server.serving.later
        with server.client() as other:
            other.sendall(GET)
            assert answer(other)[1] == b"ok"


def test_what_comes_meanwhile_is_answered_afterwards_and_in_order():
    application = Application()
    with InProcess(application, threads=1) as server, server.client() as client:
        client.sendall(POST + GET + POST)
        waits(application)
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        application.later[0].ready()
        waits(application, 2)
        application.later[1].ready()
        answers = everything(client)
        assert [part[:3] for part in answers.split(b"HTTP/1.")[1:]] == [b"1 2"] * 3 + [b"0 2"]
        bodies = [part.rpartition(b"\r\n\r\n")[2] for part in answers.split(b"HTTP/1.")[1:]]
        assert bodies == [b"later", b"ok", b"later", b"ok"]


def test_heads_of_answers_are_waited_for():
    application = Application()
    with InProcess(application, threads=1) as server, server.client() as client:
        client.sendall(b"HEAD /later HTTP/1.1\r\nConnection: close\r\n\r\n")
        waits(application)
        application.later[0].ready()
        head = everything(client)
        assert b"Content-Length: 5\r\n" in head
        assert head.endswith(b"\r\n\r\n")


def test_ready_twice_answers_once():
    application = Application()
    with InProcess(application, threads=1) as server, server.client() as client:
        client.sendall(POST)
        waits(application)
        application.later[0].ready()
        application.later[0].ready()
        assert answer(client)[1] == b"later"
        client.sendall(GET)
        assert answer(client)[1] == b"ok"


def test_the_longest_wait_ends_where_others_find_no_place():
    application = Application()
    with InProcess(application, threads=1) as server, server.client() as first, server.client() as second:
        each_waits(application, first, second)
        server.loop.call(server.serving.end_longest_wait)
        assert answer(first)[1] == b"later"
        assert [one.closed for one in application.later] == [True, False]


def test_a_long_body_takes_no_room_while_its_answer_is_waited_for():
    application, budget = Application(), BodyBudget(1 << 20)
    with InProcess(application, threads=1, bodies=budget) as server, server.client() as client:
        client.sendall(b"POST /later HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000))
        waits(application)
        until(lambda: not budget.taken)
        application.later[0].ready()
        assert answer(client)[1] == b"later"
        client.sendall(GET)
        assert answer(client)[1] == b"ok"
