"""Requests that no honest client sends, and clients that are slow, deaf or many: nobody else is hurt.

What could be read in two ways is refused and ends its connection: a proxy in front may have read it the
other way, and taken the rest for the request of somebody else.
"""

import json
import select
import socket
from contextlib import ExitStack, closing

import pytest

from tests.harness.waiting import PATIENCE
from tests.server.conftest import Running
from tests.server.raw import answers, connect, exchange, received, statuses
from tests.server.trivial import BIG

pytestmark = pytest.mark.server

NEXT = b"GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
"""A request that is answered where the one in front of it has ended; a refusal swallows it."""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One server for all; each test finds it alive, and without a trace of a failure in its log."""
    server = Running(tmp_path_factory.mktemp("hostile"), {"dataplaneapi": {"max_header_size": "64KiB"}})
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(autouse=True)
def unharmed(running):
    """The same worker serves others after each test."""
    before = running.ask("/")["pid"]
    yield
    assert running.ask("/")["pid"] == before


def get(*lines, path=b"/"):
    return b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: localhost", *lines, b"", b""])


def post(body, *lines):
    return b"\r\n".join([b"POST /echo HTTP/1.1", b"Host: localhost", *lines, b"", body])


DEAF = 7
SLOW = 2000
CHUNKED = b"Transfer-Encoding: chunked"
HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(189))
FRAMING = {
    "two lengths": post(b"12345", b"Content-Length: 5", b"Content-Length: 4"),
    "equal lengths": post(b"12345", b"Content-Length: 5", b"Content-Length: 5"),
    "a list of lengths": post(b"12345", b"Content-Length: 5, 5"),
    "length and chunks": post(b"0\r\n\r\n", b"Content-Length: 5", CHUNKED),
    "chunks and length": post(b"0\r\n\r\n", CHUNKED, b"Content-Length: 5"),
    "a positive length": post(b"12345", b"Content-Length: +5"),
    "a negative length": post(b"", b"Content-Length: -5"),
    "a length in sixteens": post(b"12345", b"Content-Length: 0x5"),
    "a length with a line": post(b"12345", b"Content-Length: 0_5"),
    "a length and words": post(b"12345", b"Content-Length: 5 5"),
    "no length": post(b"12345", b"Content-Length: "),
    "an endless length": post(b"12345", b"Content-Length: " + b"9" * 5000),
    "chunks twice": post(b"0\r\n\r\n", CHUNKED, CHUNKED),
    "chunks in chunks": post(b"0\r\n\r\n", b"Transfer-Encoding: chunked, chunked"),
    "chunks not last": post(b"0\r\n\r\n", b"Transfer-Encoding: chunked, identity"),
    "chunks in other words": post(b"0\r\n\r\n", b"Transfer-Encoding: xchunked"),
    "chunks in quotes": post(b"0\r\n\r\n", b'Transfer-Encoding: "chunked"'),
    "chunks behind a tab": post(b"0\r\n\r\n", b"Transfer-Encoding: \x0bchunked"),
    "chunks in HTTP/1.0": post(b"0\r\n\r\n", CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0"),
}
HEADERS = {
    "a bare line feed": b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    "line feeds alone": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "a bare end": b"GET / HTTP/1.1\r\nHost: localhost\r\n\n",
    "a bare return": get(b"A: b\rContent-Length: 5"),
    "a folded line": get(b"A: b", b" c: d"),
    "a folded first line": b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "a space before the colon": get(b"Content-Length : 0"),
    "a tab before the colon": get(b"Content-Length\t: 0"),
    "no name": get(b": b"),
    "no colon": get(b"nothing"),
    "a name in brackets": get(b"A(b): c"),
    "a name that is not ASCII": get(b"A\xe4: c"),
    "a NUL in a name": get(b"A\0: c"),
    "a NUL in a value": get(b"A: b\0c"),
    "an escape in a value": get(b"A: b\x1bc"),
}
LINES = {
    "two spaces": b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a tab": b"GET\t/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a NUL in the target": b"GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a version in small letters": b"GET / http/1.1\r\nHost: localhost\r\n\r\n",
    "a version of the future": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a version with more": b"GET / HTTP/1.1 x\r\nHost: localhost\r\n\r\n",
    "HTTP/0.9": b"GET /\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0",
    "TLS": HELLO + b"\r\n\r\n",
    "a method of brackets": b"G(T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}
CHUNKS = {
    "a negative size": b"-1\r\n\r\n0\r\n\r\n",
    "a positive size": b"+1\r\nx\r\n0\r\n\r\n",
    "a size with 0x": b"0x1\r\nx\r\n0\r\n\r\n",
    "a size with a line": b"0_1\r\nx\r\n0\r\n\r\n",
    "a space in front of the size": b" 1\r\nx\r\n0\r\n\r\n",
    "no size": b"\r\nx\r\n0\r\n\r\n",
    "words": b"zz\r\nx\r\n0\r\n\r\n",
    "more than the size": b"1\r\nxyz\r\n0\r\n\r\n",
    "an overflowing size": b"10000000000000001\r\nx\r\n0\r\n\r\n",
    "a size of many digits": b"0" * 200_000 + b"1\r\nx\r\n0\r\n\r\n",
    "bare line feeds": b"1\nx\n0\n\n",
    "a long extension": b"1;" + b"x" * 200_000 + b"\r\nx\r\n0\r\n\r\n",
    "an endless trailer": b"0\r\n" + b"A: b\r\n" * 40_000 + b"\r\n",
    "a trailer that is none": b"0\r\nA b\r\n\r\n",
}


@pytest.mark.parametrize("raw", [*FRAMING.values(), *HEADERS.values(), *LINES.values()],
                         ids=[*FRAMING, *HEADERS, *LINES])  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused(running, raw):
    told = exchange(running, raw + NEXT)
    ((status, body),) = answers(told)
    assert 400 <= status < 600, told
    assert status != 500, told
    assert json.loads(body)["code"] == status


@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS)
def test_chunks_that_are_none_end_the_connection(running, body):
    assert [one for one in statuses(running, post(body, CHUNKED) + NEXT) if not 400 <= one < 500] == []


def test_a_header_without_an_end_is_not_waited_for(running):
    """Limits count while bytes come: the refusal is there although the client would send more."""
    for begin, piece in (
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nA: ", b"x"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"A: b\r\n"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"x"),
    ):
        with connect(running) as connection:
            connection.sendall(begin)
            connection.sendall(piece * (80_000 // len(piece)))
            ((status, _),) = answers(received(connection))
            assert status == 431, piece


def test_a_request_line_without_an_end_is_not_waited_for(running):
    for begin in (b"GET /", b"GET /?", b"G", b"GET http://x/"):
        with connect(running) as connection:
            connection.sendall(begin + b"x" * 20_000)
            ((status, _),) = answers(received(connection))
            assert status in (400, 414), begin


def test_lines_of_almost_the_limit_are_taken(running):
    assert statuses(running, get(b"Connection: close", path=b"/" + b"x" * 8000)) == [200]
    assert statuses(running, get(b"Connection: close", b"A: " + b"x" * 60_000)) == [200]


def test_methods_that_are_words_are_the_applications_business(running):
    for method in (b"BREW", b"get", b"M-SEARCH", b"X" * 20):
        raw = get(b"Connection: close").replace(b"GET", method, 1)
        assert statuses(running, raw)[0] in (200, 400), method


SEVERAL = (
    post(b"12345", b"Content-Length: 5")
    + get(path=b"/first")
    + post(b"5;a=b\r\n12345\r\n2\r\n67\r\n0\r\nA: b\r\n\r\n", CHUNKED)
    + b"\r\n"
    + get(b"Connection: close", path=b"/last")
)
LENGTHS = [5, 0, 7, 0]


def lengths(told):
    found = answers(told)
    assert [status for status, _ in found] == [200] * len(found), told
    return [json.loads(body)["length"] for _, body in found]


def test_several_requests_in_one_packet_are_answered_in_their_order(running):
    assert lengths(exchange(running, SEVERAL)) == LENGTHS
    many = get() * 300 + NEXT
    assert statuses(running, many) == [200] * 301


def test_requests_may_be_cut_anywhere(running):
    for at in range(1, len(SEVERAL)):
        assert lengths(exchange(running, SEVERAL[:at], SEVERAL[at:])) == LENGTHS, SEVERAL[:at]
    assert lengths(exchange(running, *(SEVERAL[at : at + 1] for at in range(len(SEVERAL))))) == LENGTHS


def test_nothing_behind_the_end_of_a_connection_is_answered(running):
    assert statuses(running, get(b"Connection: close") + NEXT) == [200]
    assert statuses(running, b"GET / HTTP/1.0\r\n\r\n" + NEXT) == [200]


def test_connections_are_kept_as_http_says(running):
    old = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    assert statuses(running, old + NEXT) in ([200], [200, 200])  # the second needs a length in the first
    assert statuses(running, get() + get(b"Connection: keep-alive") + NEXT) == [200] * 3
    assert statuses(running, get(b"Connection: Close") + NEXT) == [200]


def test_a_client_that_ends_its_side_gets_its_answer(running):
    with connect(running) as connection:
        connection.sendall(get() + post(b"12345", b"Content-Length: 5"))
        connection.shutdown(socket.SHUT_WR)
        assert lengths(received(connection)) == [0, 5]


def test_a_client_that_goes_away_harms_nobody(running):
    for raw in (b"G", get()[:-2], get(), post(b"12", b"Content-Length: 5"), post(b"2\r\n1", CHUNKED)):
        for _ in range(5):
            with connect(running) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.sendall(raw)


def test_a_body_that_is_waited_for_is_asked_for(running):
    with connect(running) as connection:
        connection.sendall(post(b"", b"Content-Length: 5", b"Expect: 100-continue", b"Connection: close"))
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"12345")
        assert lengths(received(connection)) == [5]
    refused = post(b"", b"Content-Length: 5", b"Expect: something")
    assert statuses(running, refused + NEXT) == [417]


def test_an_impatient_client_sends_its_body_at_once(running):
    raw = post(b"12345", b"Content-Length: 5", b"Expect: 100-continue")
    assert lengths(exchange(running, raw + NEXT)) == [5, 0]


def test_a_body_that_nobody_reads_is_not_the_next_request(running):
    """`/` reads none: what follows the body is answered, or the connection ends, but nothing in it is."""
    body = get(path=b"/hidden")
    raw = get(b"Content-Length: %d" % len(body)) + body
    assert statuses(running, raw + NEXT) in ([200], [200, 200])
    chunked = get(CHUNKED) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert statuses(running, chunked + NEXT) in ([200], [200, 200])


def test_clients_that_never_read_harm_nobody(running):
    with ExitStack() as stack:
        for _ in range(DEAF):
            deaf = stack.enter_context(closing(socket.socket()))
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", running.port))
            deaf.sendall(get(path=b"/big"))
            assert select.select([deaf], [], [], PATIENCE)[0]
        assert running.ask("/")["name"] == "first"
    assert len(exchange(running, get(b"Connection: close", path=b"/big"))) > BIG


def test_thousands_of_slow_clients_harm_nobody(running):
    beginnings = (b"", b"G", get()[:-2], post(b"12", b"Content-Length: 5"), post(b"5\r\n12", CHUNKED))
    with ExitStack() as stack:
        for number in range(SLOW):
            slow = stack.enter_context(connect(running))
            slow.sendall(beginnings[number % len(beginnings)])
        for _ in range(10):
            assert running.ask("/")["name"] == "first"
        for raw, rest in ((b"G", get()[1:]), (get()[:-2], b"\r\n")):  # one of them goes on
            with connect(running) as slow:
                slow.sendall(raw)
                assert running.ask("/")["name"] == "first"
                slow.sendall(rest)
                assert slow.recv(15) == b"HTTP/1.1 200 OK"
