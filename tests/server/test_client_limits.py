"""What one client may take: time, threads, connections, room for bodies, descriptors."""

import contextlib
import json
import os
import resource
import select
import threading

import pytest

from dataplane_core.server.body_budget import BodyBudget
from dataplane_core.server.client_limits import ClientLimits, possible_connections
from dataplane_core.server.client_sources import ClientSources, source_of
from tests.harness.waiting import PATIENCE, ends, until
from tests.server.in_process import OK, InProcess, answer, echo, everything
from tests.server.raw import connect
from tests.server.test_acceptor import Listening

GET = b"GET /a HTTP/1.1\r\n\r\n"
LONG = 70_000
CHUNKED = b"POST /body HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def post(size, extra=b""):
    return b"POST /body HTTP/1.1\r\nContent-Length: %d\r\n%s\r\n" % (size, extra)


def trickle(client, piece=b"x"):
    """Send a piece again and again, until the server answers or ends the connection; what it says."""
    while not select.select([client], [], [], 0.02)[0]:
        with contextlib.suppress(BrokenPipeError):  # it has ended just now
            client.sendall(piece)
    return everything(client)


@pytest.mark.parametrize("begin", [b"GET / HTTP/1.1\r\nA: ", b"G", b"\r\nGET / HTTP/1.1\r\n", GET + b"GET /"])
def test_the_time_for_a_header_does_not_start_anew_with_each_byte(begin):
    with InProcess(read=PATIENCE, clients=ClientLimits(head=0.3)) as server, server.client() as client, ends():
        client.sendall(begin)
        if begin.startswith(GET):
            assert answer(client)[0].startswith(OK)
        assert trickle(client) == b""


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (post(100_000), b"x"),
        (post(1000), b"x"),
        (post(1000, b"Expect: 100-continue\r\n"), b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED + b"11170\r\n" + b"x" * LONG + b"\r\n", b"1\r\nx\r\n"),
    ],
)
def test_the_time_for_a_body_does_not_start_anew_with_each_byte(begin, piece):
    with InProcess(read=PATIENCE, clients=ClientLimits(body=0.3)) as server, server.client() as client, ends():
        client.sendall(begin)
        told = b""
        while b"continue" in begin and not told.endswith(b"\r\n\r\n"):
            told += client.recv(100)
        assert trickle(client, piece) == b""


def test_a_client_that_goes_on_asking_is_not_too_slow():
    """The time for a header is that of one: each has its own, however the bytes come."""
    with InProcess(clients=ClientLimits(head=1.0)) as server, server.client() as client:
        client.sendall(GET[:5])
        for _ in range(60):
            assert not select.select([client], [], [], 0.03)[0]
            client.sendall(GET[5:] + GET[:5])
            assert answer(client)[0].startswith(OK)


@pytest.mark.parametrize("extra", [b"", b"Expect: 100-continue\r\n"])
@pytest.mark.parametrize("size", [LONG, 3_000_000])
def test_a_long_body_takes_no_thread_while_it_comes(size, extra):
    with InProcess(threads=1) as server, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(server.client()) for _ in range(20)]
        for one in slow:
            one.sendall(post(size, extra))
        if extra:
            for one in slow:
                assert one.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for one in slow:
            one.sendall(b"x" * 10)
        other = stack.enter_context(server.client())
        other.sendall(GET)
        assert answer(other)[0].startswith(OK)
        slow[0].sendall(b"x" * (size - 10))
        assert json.loads(answer(slow[0])[1])["body"] == "x" * size
        slow[0].sendall(GET)
        assert answer(slow[0])[0].startswith(OK)


def test_chunks_of_any_number_take_no_thread_while_they_come():
    with InProcess(threads=1) as server, server.client() as slow, server.client() as other:
        slow.sendall(CHUNKED + b"11170\r\n" + b"x" * LONG + b"\r\n1\r\n")
        other.sendall(GET)
        assert answer(other)[0].startswith(OK)
        slow.sendall(b"y\r\n0\r\n\r\n" + GET)
        assert json.loads(answer(slow)[1])["body"] == "x" * LONG + "y"
        assert answer(slow)[0].startswith(OK)


def test_who_is_refused_for_a_header_sends_no_body():
    """The application is asked before a long body is taken in: a stranger takes no room."""
    budget = BodyBudget(1 << 20)
    with InProcess(bodies=budget) as server, server.client() as client:
        client.sendall(b"POST /refused HTTP/1.1\r\nContent-Length: 900000\r\n\r\n")
        assert json.loads(answer(client)[1])["path"] == "/refused"
        assert budget.taken == 0


def test_the_application_is_asked_again_once_the_body_is_there():
    asked = []

    def application(environ, start_response):
        asked.append(environ["PATH_INFO"])
        return echo(environ, start_response)

    with InProcess(application) as server, server.client() as client:
        client.sendall(post(LONG) + b"x" * LONG)
        assert answer(client)[0].startswith(OK)
        client.sendall(post(5) + b"x" * 5)
        assert answer(client)[0].startswith(OK)
    assert asked == ["/body"] * 3


def test_bodies_that_find_no_room_are_refused_and_others_are_not():
    budget = BodyBudget(LONG * 2)
    with InProcess(bodies=budget) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in range(3)]
        for client in clients[:2]:
            client.sendall(post(LONG) + b"x" * (LONG - 1))
        until(lambda: budget.taken == 2 * (LONG - 1))
        clients[2].sendall(post(LONG) + b"x" * LONG)
        head, _, body = everything(clients[2]).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in head
        assert json.loads(body)["code"] == 503
        for client in clients[:2]:
            client.sendall(b"x")
            assert answer(client)[0].startswith(OK)
        until(lambda: budget.taken == 0)


def test_a_client_that_goes_away_gives_the_room_of_its_body_back():
    budget = BodyBudget(1 << 20)
    with InProcess(bodies=budget) as server:
        with server.client() as client:
            client.sendall(post(LONG) + b"x" * 10)
            until(lambda: budget.taken)
        until(lambda: not server.serving.connections)
        with server.client() as client:
            client.sendall(post(LONG) + b"x" * LONG)
        until(lambda: not server.serving.connections)
        assert budget.taken == 0


def test_a_disk_that_is_full_refuses_a_body(tmp_path):
    with InProcess(body_folder=str(tmp_path / "none")) as server:
        told = server.exchange(post(3_000_000) + b"x" * 3_000_000, end=False)
        assert told.startswith(b"HTTP/1.1 507 ")


def test_addresses_are_told_apart():
    assert source_of(("192.0.2.1", 1)) == source_of(("192.0.2.1", 2)) != source_of(("192.0.2.2", 1))
    assert source_of(("::ffff:192.0.2.1", 1, 0, 0)) == source_of(("192.0.2.1", 2))
    assert source_of(("2001:db8::1", 1, 0, 0)) == source_of(("2001:db8::2", 1, 0, 0))
    assert source_of(("2001:db8::1", 1, 0, 0)) != source_of(("2001:db8:0:1::1", 1, 0, 0))
    assert source_of(("fe80::1%eth0", 1, 0, 2)) == source_of(("fe80::1", 1, 0, 2))
    assert source_of("") == b""


class Held:
    def __init__(self, since, is_waiting=True, is_held=False):
        self.since, self.is_waiting, self.is_held, self.closed = since, is_waiting, is_held, False

    def give_way(self):
        self.closed = not self.is_held
        return self.closed


def test_who_has_most_connections_gives_way():
    sources = ClientSources(0)
    patient, busy = Held(0.0), Held(0.0, is_waiting=False)
    crowd = [Held(float(number)) for number in (3, 1, 2)]
    sources.add(b"patient", 1, patient)
    for number, one in enumerate([busy, *crowd], 2):
        sources.add(b"crowd", number, one)
    assert sources.drop_slowest()
    assert [one.closed for one in (patient, busy, *crowd)] == [False, False, False, True, False]
    for number in range(2, 6):
        sources.remove(b"crowd", number)
    assert sources.drop_slowest()
    assert patient.closed


def test_who_is_just_given_back_by_a_thread_does_not_give_way():
    sources = ClientSources(0)
    given_back, other = Held(1.0, is_held=True), Held(2.0)
    for number, one in enumerate((given_back, other)):
        sources.add(b"crowd", number, one)
    assert sources.drop_slowest()
    assert [given_back.closed, other.closed] == [False, True]


def test_a_connection_that_looks_idle_before_the_loop_has_it_is_not_closed(monkeypatch):
    """Its thread would have the loop watch a number that may be another connection's by then."""
    with InProcess() as server, server.client() as client:
        entered, goes_on = threading.Event(), threading.Event()
        resume = server.loop.resume

        def slow(*place):
            entered.set()
            assert goes_on.wait(PATIENCE)
            resume(*place)

        monkeypatch.setattr(server.loop, "resume", slow)
        client.sendall(GET)
        assert answer(client)[0].startswith(OK)
        assert entered.wait(PATIENCE)
        (connection,) = server.serving.connections.values()
        assert connection.is_idle
        server.serving.end_idle()
        goes_on.set()
        client.sendall(GET)
        assert answer(client)[0].startswith(OK)
        until(connection.give_way)
        assert client.recv(1) == b""


def test_an_address_with_all_that_it_may_have_loses_the_idle_one():
    """Those of a Unix socket are not counted: in front of it stands a program of this machine."""
    sources = ClientSources(2)
    idle, other, unix = Held(1.0), Held(2.0, is_waiting=False), [Held(0.0) for _ in range(9)]
    for number, one in enumerate(unix):
        sources.add(b"", number, one)
    assert sources.make_room(b"")
    sources.add(b"one", 20, idle)
    assert sources.make_room(b"one")
    sources.add(b"one", 21, other)
    assert sources.make_room(b"two")
    assert not idle.closed
    assert sources.make_room(b"one")
    assert idle.closed
    sources.remove(b"one", 20)
    sources.add(b"one", 22, Held(3.0, is_waiting=False))
    assert not sources.make_room(b"one")
    assert not any(one.closed for one in unix)


def test_a_crowd_of_one_address_takes_places_of_its_own():
    with Listening(most=100) as server, contextlib.ExitStack() as stack:
        server.serving.sources._most = 5
        crowd = [stack.enter_context(server.connect()) for _ in range(20)]
        last = stack.enter_context(server.connect())
        last.sendall(GET)
        assert answer(last)[0].startswith(OK)
        assert len(server.serving.connections) <= 5
        assert crowd[0].recv(1) == b""


def test_an_address_whose_requests_are_all_under_way_is_told_to_come_again():
    with Listening(most=100) as server, server.connect() as first:
        first.sendall(GET)
        assert answer(first)[0].startswith(OK)
        server.serving.sources._most = 1
        (busy,) = server.serving.connections.values()
        until(lambda: busy.is_idle)
        busy.react = print  # as while a thread serves it
        with server.connect() as second:
            told = everything(second)
        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in told


def test_no_more_connections_are_promised_than_there_are_descriptors(monkeypatch, caplog):
    used = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(resource, "getrlimit", lambda which: (used + 300, used + 300))
    assert 8 < possible_connections(1000, 8) < 260
    assert "not 1000" in caplog.text
    assert possible_connections(20, 8) == 20
    monkeypatch.setattr(resource, "getrlimit", lambda which: (used, used))
    assert possible_connections(1000, 8) == 8
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY,) * 2)
    assert possible_connections(1000, 8) == 1000


@pytest.mark.server
def test_few_descriptors_are_enough_and_a_crowd_does_not_take_them(make):
    """With 64 descriptors in each process, hundreds of silent connections keep nobody out."""
    running = make({"dataplane": {"workers": 1, "threads": 2}})
    if len(os.listdir("/proc/self/fd")) > 50:
        pytest.skip("the test's own process has too many files open to start another with 64")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        running.start(wait=False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    running.wait_for(running.answers)
    with contextlib.ExitStack() as stack:
        for number in range(300):
            one = stack.enter_context(connect(running))
            one.sendall(b"GET / HT"[: number % 9])
        pid = running.ask("/")["pid"]
        for _ in range(5):
            assert running.ask("/")["pid"] == pid
    told = running.log.read_text()
    assert "the process may open 64 files only" in told
    assert "Traceback" not in told
    assert told.count("no connection can be accepted") <= 2


LARGE = 8 << 20


def large(environ, start_response):
    """A large answer: as a whole, or in parts, which a thread sends one after the other."""
    if environ["PATH_INFO"] == "/a":
        return echo(environ, start_response)
    is_whole = environ["PATH_INFO"] == "/whole"
    size = LARGE if is_whole else 8 * LARGE  # more than the system takes for two sockets
    start_response("200 OK", [("Content-Length", str(size))])
    return [b"x" * size] if is_whole else (b"x" * 8192 for _ in range(size // 8192))


def test_answers_that_nobody_takes_take_a_limited_memory_and_no_thread():
    with InProcess(large, threads=2) as server, contextlib.ExitStack() as stack:
        deaf = [stack.enter_context(server.client()) for _ in range(20)]
        for client in deaf:
            client.sendall(b"GET /whole HTTP/1.1\r\n\r\n")
        until(lambda: len(server.serving.connections) < len(deaf))
        other = stack.enter_context(server.client())
        other.sendall(GET)
        assert answer(other)[0].startswith(OK)
        until(lambda: not server.serving.pool.is_busy)
        until(lambda: server.serving.unsent <= 64 << 20)  # the loop may be about to close one
        assert len(answer(deaf[-1])[1]) == LARGE


def test_half_of_the_threads_wait_for_nobody_to_take_an_answer():
    with InProcess(large, threads=4, write=PATIENCE) as server, contextlib.ExitStack() as stack:
        deaf = [stack.enter_context(server.client()) for _ in range(12)]
        for client in deaf:
            client.sendall(b"GET /parts HTTP/1.1\r\n\r\n")
        until(lambda: server.serving._waiting == 2)
        other = stack.enter_context(server.client())
        other.sendall(GET)
        assert answer(other)[0].startswith(OK)
        for client in deaf:
            client.close()
        # The loop may still have requests of theirs to hand over.
        until(lambda: not server.serving.pool.is_busy and server.serving._waiting == 0)
