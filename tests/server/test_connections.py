"""What becomes of connections: bodies, pipelining, the end, and faults that stay in one of them."""

import contextlib
import json
import logging
import socket
import threading

import pytest

from dataplane_core.server import client_socket
from dataplane_core.server import connection as connection_module
from dataplane_core.server.answer_memory import REPEAT
from dataplane_core.server.connection import Connection
from dataplane_core.server.loop import READ
from tests.harness.waiting import PATIENCE, until
from tests.server.in_process import OK, InProcess, answer, echo, everything

GET = b"GET /a HTTP/1.1\r\n\r\n"
CLOSE = b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n"


def post(size, extra=b""):
    return b"POST /body HTTP/1.1\r\nContent-Length: %d\r\n%s\r\n" % (size, extra)


def paths(received):
    """The paths of all answers that came, in order."""
    return [json.loads(b"{" + part.split(b"}")[0] + b"}")["path"] for part in received.split(b"{")[1:]]


def test_requests_that_come_at_once_are_answered_in_order():
    with InProcess() as server:
        raw = b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(20))
        assert paths(server.exchange(raw)) == [f"/{number}" for number in range(20)]


def test_an_empty_line_may_come_before_each_request_that_is_answered_from_memory():
    def application(environ, start_response):
        environ[REPEAT] = lambda: True
        return echo(environ, start_response)

    with InProcess(application) as server, server.client() as client:
        client.sendall(GET)
        assert answer(client)[0].startswith(OK)
        for _ in range(3):
            client.sendall(b"\r\n")
            until(lambda: server.serving.connections and all(one.begun for one in heads(server)))
            client.sendall(GET)
            assert answer(client)[0].startswith(OK)


def heads(server):
    return [one._heads for one in server.serving.connections.values()]


@pytest.mark.parametrize("size", [1, 65536, 65537, 300_000])
@pytest.mark.parametrize("end", [b"", GET])
def test_bodies_of_every_size_and_what_follows_them(size, end):
    with InProcess() as server:
        received = server.exchange(post(size) + b"x" * size + end)
        assert received.count(b'"/body"') == 1
        assert received.count(b"x" * size) == 1
        assert received.count(b'"/a"') == len(end[:1])


def test_a_body_nobody_reads_is_no_request():
    hidden = b"GET /hidden HTTP/1.1\r\n\r\n"
    with InProcess() as server:
        for framed in (
            b"Content-Length: %d\r\n\r\n%s" % (len(hidden), hidden),
            b"Content-Length: %d\r\n\r\n%s" % (70_000, hidden.ljust(70_000)),
            b"Transfer-Encoding: chunked\r\n\r\n%X\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden),
        ):
            received = server.exchange(b"POST /post HTTP/1.1\r\n" + framed + GET)
            assert paths(received) == ["/post", "/a"]


def test_nothing_that_follows_a_badly_framed_body_is_a_request():
    head = b"POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with InProcess() as server:
        for bad in (b"zz\r\n", b"1\r\nabc", b"0\r\nHost: localhost\r\n\r\n"):
            with server.client() as client:
                client.sendall(head + bad + GET)
                told = answer(client)[0]
                assert told.startswith(OK) and b"\r\nConnection: close\r\n" in told
                client.sendall(b"0\r\n\r\n" + GET)
                client.shutdown(socket.SHUT_WR)
                assert everything(client) == b""


def test_the_connection_ends_after_an_answer_if_much_of_the_body_is_still_to_come():
    with InProcess() as server:
        received = server.exchange(b"POST /post HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n", end=False)
        assert b"Connection: close" in received


def test_the_client_is_told_to_go_on_when_the_application_reads():
    with InProcess() as server, server.client() as client:
        client.sendall(post(3, b"Expect: 100-continue\r\n"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert b'"abc"' in answer(client)[1]
    with InProcess() as server:
        raw = b"POST /x HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        received = server.exchange(raw, end=False)
        assert received.startswith(OK)
        assert b"Connection: close" in received  # whether the body comes now nobody knows


def test_a_short_body_that_does_not_come_takes_no_thread_meanwhile():
    with InProcess(threads=1) as server, server.client() as slow, server.client() as other:
        slow.sendall(post(10) + b"abc")
        other.sendall(GET)
        assert answer(other)[0].startswith(OK)
        slow.sendall(b"defghij")
        assert b'"abcdefghij"' in answer(slow)[1]


def test_a_client_that_is_too_slow_with_its_body_is_let_go():
    with InProcess(read=0.2) as server:
        assert server.exchange(post(10) + b"abc", end=False) == b""
        assert server.exchange(post(100_000) + b"abc", end=False) == b""
        assert server.exchange(b"GET / HT", end=False) == b""


def test_a_client_that_takes_nothing_is_let_go(caplog):
    def large(environ, start_response):
        start_response("200 OK", [])
        yield b"x" * (1 << 24)

    with InProcess(large, threads=1, write=0.2) as server, server.client() as client:
        client.sendall(GET)
        until(lambda: not server.serving.connections)
    assert "Traceback" not in caplog.text


def test_unfinished_requests_take_a_limited_memory():
    head, size = b"GET / HTTP/1.1\r\nA: ", 900_000
    with InProcess() as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in range(30)]
        for client in clients:
            with contextlib.suppress(OSError):  # some are closed meanwhile
                client.sendall(head + b"x" * size)

        def held():
            return sum(one.unfinished for one in list(server.serving.connections.values()))

        until(lambda: held() >= size)
        assert held() <= (16 << 20) + size
        with server.client() as other:
            other.sendall(GET)
            assert answer(other)[0].startswith(OK)


def test_an_idle_connection_is_closed_in_time():
    with InProcess(keep_alive=0.2) as server, server.client() as client:
        client.sendall(GET)
        assert everything(client).startswith(OK)
    with InProcess(keep_alive=0) as server, server.client() as client:
        client.sendall(GET)
        assert b"Connection: close" in everything(client)


def test_answers_without_a_body_and_without_a_length():
    def application(environ, start_response):
        status = environ["PATH_INFO"][1:]
        start_response(f"{status} X", [("Content-Length", "3")] if environ["QUERY_STRING"] else [])
        return [b"abc"]

    with InProcess(application) as server:

        def ask(line):
            head, _, body = server.exchange(line + b"\r\n\r\n").partition(b"\r\n\r\n")
            return head, body

        head, body = ask(b"HEAD /200?length HTTP/1.1")
        assert (b"Content-Length: 3" in head, body) == (True, b"")
        for status in (204, 304):
            head, body = ask(b"GET /%d?length HTTP/1.1" % status)
            assert (b"Content-Length" in head, body) == (status == 304, b"")
            head, body = ask(b"GET /%d HTTP/1.1" % status)
            assert (b"Transfer-Encoding" in head, body) == (False, b"")
        assert ask(b"GET /200 HTTP/1.1")[1] == b"3\r\nabc\r\n0\r\n\r\n"
        head, body = ask(b"GET /200 HTTP/1.0\r\nConnection: keep-alive")
        assert head.startswith(b"HTTP/1.0 200 X")
        assert (b"Connection: close" in head, body) == (True, b"abc")


@pytest.mark.parametrize(
    "headers",
    [[("A", "b\r\nC: d")], [("A\r\n", "b")], [("A", "\x00")], [("A b", "c")], [("A", "\u20ac")]],
)
def test_headers_that_cannot_be_sent_are_a_failure_of_the_application(headers):
    def application(environ, start_response):
        start_response("200 OK", headers)
        return [b""]

    with InProcess(application) as server:
        assert server.exchange(GET).startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("kind", [ValueError, OSError, ConnectionResetError, StopIteration])
def test_a_failure_of_the_application_is_one_answer(kind, caplog):
    def application(environ, start_response):
        if environ["PATH_INFO"] == "/a":
            raise kind("hidden")
        return echo(environ, start_response)

    with InProcess(application) as server:
        received = server.exchange(GET + GET)
        assert received.startswith(b"HTTP/1.1 500 ")
        assert received.count(b"HTTP/1.1") == 1
        assert b"hidden" not in received
        assert server.exchange(CLOSE).startswith(OK)


def test_an_answer_that_fails_in_its_middle_is_cut_off():
    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "10")])
        yield b"abc"
        raise ValueError

    with InProcess(application) as server:
        received = server.exchange(GET)
        assert received.startswith(OK)
        assert received.endswith(b"\r\n\r\nabc")


def test_a_fault_in_the_loop_ends_one_connection(monkeypatch, caplog):
    real = connection_module.parse_head

    def parse(raw):
        if b"/fault" in raw:
            raise RuntimeError("a fault of the parser")
        return real(raw)

    monkeypatch.setattr(connection_module, "parse_head", parse)
    with InProcess() as server, server.client() as other:
        other.sendall(GET)
        assert answer(other)[0].startswith(OK)
        assert server.exchange(b"GET /fault HTTP/1.1\r\n\r\n", end=False) == b""
        other.sendall(GET)
        assert answer(other)[0].startswith(OK)
        assert len(server.serving.connections) == 1
    assert "a fault of the parser" in caplog.text


def test_a_fault_at_the_end_of_patience_ends_one_connection(monkeypatch, caplog):
    def expire(connection):
        raise RuntimeError("a fault of the clock")

    monkeypatch.setattr(connection_module.Connection, "expire", expire)
    with InProcess(read=0.1) as server:
        assert server.exchange(b"GET / HT", end=False) == b""
        assert server.exchange(CLOSE).startswith(OK)
    assert "a fault of the clock" in caplog.text


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_no_thread_of_the_pool_is_lost(kind, caplog):
    def application(environ, start_response):
        if environ["PATH_INFO"] == "/a":
            raise kind
        return echo(environ, start_response)

    with InProcess(application, threads=1) as server:
        for _ in range(3):
            assert server.exchange(GET) == b""
        assert server.exchange(CLOSE).startswith(OK)


def test_a_fault_while_a_connection_is_given_back_ends_it(monkeypatch, caplog):
    def fault(connection):
        raise RuntimeError("a fault between two requests")

    monkeypatch.setattr(connection_module.Connection, "_next", fault)
    with InProcess() as server:
        assert server.exchange(GET, end=False).startswith(OK)
        assert server.exchange(GET + GET, end=False).startswith(OK)
        until(lambda: not server.serving.connections)
    assert caplog.text.count("RuntimeError: a fault between two requests") == 2


def test_a_fault_of_the_loop_itself_is_logged_and_it_goes_on(caplog):
    def fault():
        raise RuntimeError("a call that fails")

    with InProcess() as server:
        server.loop.call(fault)
        server.loop.later(0.0, fault)
        assert server.exchange(CLOSE).startswith(OK)
        until(lambda: caplog.text.count("RuntimeError: a call that fails") == 2)


def test_a_log_that_cannot_be_written_hurts_nobody(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dataplane_core.server.exchange.log_access", full)
    with InProcess() as server, server.client() as client:
        for _ in range(3):
            client.sendall(GET)
            assert answer(client)[0].startswith(OK)


def test_a_request_that_waits_for_a_thread_is_served_in_its_turn():
    go = threading.Event()

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            assert go.wait(PATIENCE)
        return echo(environ, start_response)

    with InProcess(application, threads=1) as server, server.client() as slow:
        slow.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        with server.client() as other:
            other.sendall(GET)
            refused = server.exchange(b"NO HTTP\r\n\r\n")
            assert refused.startswith(b"HTTP/1.1 400 ")  # the loop does not wait
            go.set()
            assert answer(other)[0].startswith(OK)
        assert answer(slow)[0].startswith(OK)


def test_a_client_that_goes_away_during_its_request_leaves_nothing(caplog):
    started, go = threading.Event(), threading.Event()

    def application(environ, start_response):
        started.set()
        assert go.wait(PATIENCE)
        return echo(environ, start_response)

    with InProcess(application) as server:
        with server.client() as client:
            client.sendall(GET)
            assert started.wait(PATIENCE)
        go.set()
        until(lambda: not server.serving.connections)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_the_rest_of_a_refused_request_does_not_cut_its_answer_off():
    with InProcess() as server, server.client() as client:
        client.sendall(b"GET / HTTP/1.1\r\nA : b\r\n\r\n")
        client.sendall(b"x" * 500_000)
        client.shutdown(socket.SHUT_WR)
        assert everything(client).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_comes_right_behind_its_head_needs_no_second_turn_of_the_loop(monkeypatch):
    head = post(5)
    monkeypatch.setattr(client_socket, "TURN", len(head))  # the head and the body come apart
    server = InProcess()  # whose loop does not run
    ours, theirs = socket.socketpair()
    with ours:
        ours.settimeout(PATIENCE)
        connection = Connection(server.serving, server.listener, theirs, "")
        ours.sendall(head + b"hello")
        connection.react(READ)
        assert json.loads(answer(ours)[1])["body"] == "hello"
        until(connection.give_way)
    server.listener.socket.close()
    server.loop.close()
