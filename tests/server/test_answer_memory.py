"""Answers that the loop gives again without the application."""

import gc
import itertools
import json
import logging
import re
import threading
import weakref

import pytest

from dataplane_core.server import access_log as access_log_module
from dataplane_core.server.access_log import AccessLog
from tests.harness.waiting import PATIENCE, until
from tests.server.in_process import OK, InProcess, answer


class Application:
    """Counts what it is asked; an answer holds while `holds` is true."""

    def __init__(self):
        self.asked = 0
        self.counted = 0
        self.holds = True
        self.size = 10
        self.offers = True
        self.gate = None
        self.basis = object()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            assert self.gate.wait(PATIENCE)
        self.asked += 1
        body = json.dumps([self.asked, "x" * self.size]).encode()
        if self.offers:
            environ["dataplane.repeat"] = self.repeat
            environ["dataplane.repeat_basis"] = self.basis
        given = environ["dataplane.request_id"]
        headers = [("A", "b"), ("X-Request-ID", given), ("C", "d"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    def repeat(self):
        if self.holds == "fault":
            raise ValueError("a fault of the application")
        self.counted += bool(self.holds)
        return self.holds


@pytest.fixture
def application():
    return Application()


def get(*fields, target="/a", method="GET", version="1.1"):
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: h", *fields, "", ""]).encode()


def told(client, raw):
    """Number and identifier of the answer to a request."""
    client.sendall(raw)
    head, body = answer(client)
    assert b" 200 OK" in head, head
    found = re.search(rb"\r\nA: b\r\nX-Request-ID: (\S+)\r\nC: d\r\n", head)
    return json.loads(body)[0], found[1].decode()


def test_an_equal_request_is_answered_again_with_an_identifier_of_its_own(application):
    with InProcess(application) as server, server.client() as client, server.client() as other:
        answers = [told(one, get()) for one in (client, client, other, client)]
        assert {number for number, _ in answers} == {1}
        assert len({identifier for _, identifier in answers}) == 4
        assert application.counted == 3
        assert told(client, get("X-Request-ID: mine")) == (1, "mine")
        number, identifier = told(client, get("X-Request-ID: not harmless"))
        assert (number, len(identifier)) == (1, 16)
        assert application.asked == 1


def test_what_differs_in_anything_else_is_another_request(application):
    requests = [
        get(), get(target="/b"), get(target="/a?x=1"), get(target="/a?x=2"), get("Accept: x"),
        get("Accept: y"), get("accept: x", "A: b"), get("Authorization: Basic x"), get("Cookie: a"),
        get("X-Request-ID: a", "Accept: z"), get(version="1.0"),
    ]  # fmt: skip
    with InProcess(application) as server:
        for expected, raw in itertools.product(range(2), requests):
            with server.client() as client:
                number, _ = told(client, raw)
                assert number == 1 + requests.index(raw), (expected, raw)
        for raw in (get(method="HEAD"), get("Content-Length: 1") + b"x", get(method="POST")):
            before = application.asked
            for _ in range(2):
                assert server.exchange(raw).startswith(OK)
            assert application.asked == before + 2


def test_requests_that_come_at_once_or_in_pieces_are_answered_from_memory_too(application):
    with InProcess(application) as server, server.client() as client:
        told(client, get())
        client.sendall(get() * 100 + get("Connection: close"))
        received = b""
        while chunk := client.recv(65536):
            received += chunk
        assert received.count(OK) == 101
        assert received.count(b"Connection: close") == 1
        assert application.asked == 1
    with InProcess(application) as server, server.client() as client:
        told(client, get())
        for byte in get():
            client.sendall(bytes([byte]))
        assert told(client, get()) != told(client, get())
        assert application.asked == 2


@pytest.mark.parametrize("change", [False, "fault"])
def test_an_answer_that_does_not_hold_is_asked_for_again(application, change, caplog):
    with InProcess(application) as server, server.client() as client:
        told(client, get(target="/b"))
        assert [told(client, get())[0] for _ in range(2)] == [2, 2]
        application.holds = change
        assert [told(client, get())[0] for _ in range(2)] == [3, 4]
        application.holds = True
        assert [told(client, get())[0] for _ in range(2)] == [4, 4]
        assert told(client, get(target="/b"))[0] == 5  # all that was remembered is forgotten
    assert ("a fault of the application" in caplog.text) is (change == "fault")


def test_nothing_of_a_former_configuration_is_kept(application):
    class Basis:
        pass

    application.basis = Basis()
    former = weakref.ref(application.basis)
    with InProcess(application) as server, server.client() as client:
        assert told(client, get(target="/former"))[0] == 1
        application.basis = None
        assert former() is not None
        application.basis = Basis()
        assert told(client, get())[0] == 2
        until(lambda: gc.collect() is not None and former() is None)
        assert told(client, get(target="/former"))[0] == 3


def test_only_what_is_offered_is_remembered(application):
    application.offers = False
    with InProcess(application) as server, server.client() as client:
        assert [told(client, get())[0] for _ in range(3)] == [1, 2, 3]


def test_the_memory_has_an_end(application):
    application.size = 100_000  # the budget is 1 MiB
    with InProcess(application) as server, server.client() as client:
        for number in range(30):
            assert told(client, get(target=f"/{number}"))[0] == number + 1
        assert told(client, get(target="/29"))[0] == 30
        assert told(client, get(target="/0"))[0] == 31
        application.size = 600_000
        assert [told(client, get(target="/large"))[0] for _ in range(2)] == [32, 33]
        server.serving.memory.clear()
        assert server.serving.memory.heads("unix", None) == {}


def test_a_long_answer_is_given_again_as_the_client_takes_it(application):
    application.size = 400_000
    with InProcess(application) as server, server.client() as client, server.client() as other:
        told(client, get())
        client.sendall(get() * 5)
        assert told(other, get())[0] == 1  # while the first client takes nothing
        assert [len(answer(client)[1]) for _ in range(5)] == [400_007] * 5
        assert told(client, get())[0] == 1
        assert application.asked == 1


def test_a_client_that_does_not_take_its_answer_is_let_go(application):
    application.size = 500_000
    with InProcess(application, write=0.2) as server, server.client() as client:
        told(client, get())
        client.sendall(get() * 10)
        until(lambda: not server.serving.connections)


def test_reads_from_memory_go_on_when_every_thread_is_busy(application):
    application.gate = threading.Event()
    with InProcess(application, threads=2) as server, server.client() as client:
        told(client, get())
        with server.client() as one, server.client() as two, server.client() as three:
            for slow in (one, two, three):
                slow.sendall(get(target="/slow"))
            assert [told(client, get())[0] for _ in range(50)] == [1] * 50
            application.gate.set()
            for slow in (one, two, three):
                assert answer(slow)[0].startswith(OK)


def test_answers_from_memory_have_access_lines_of_their_own(application, monkeypatch):
    written = []
    monkeypatch.setattr(access_log_module.ACCESS, "isEnabledFor", lambda level: True)
    with InProcess(application) as server, server.client() as client:
        server.serving.access_log = AccessLog(written.append)
        told(client, get("Authorization: Basic x"))
        identifier = told(client, get("Authorization: Basic x"))[1]
        told(client, get("Authorization: Basic x", "X-Request-ID: mine"))
        until(lambda: len(written) == 2)
    first, second = written
    assert (first.status, first.uri, first.response_header("x-request-id")) == (200, "/a", identifier)
    assert (first.request_header("X-Request-ID"), second.request_header("X-Request-ID")) == ("", "mine")
    assert first.length == second.length == len(json.dumps([1, "x" * 10]))
    assert first.environ["REMOTE_ADDR"] == ""


def test_a_log_that_is_full_or_slow_holds_nobody_up(application, monkeypatch, caplog):
    go, written = threading.Event(), []

    def full(record):
        written.append(record)
        assert go.wait(PATIENCE)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(access_log_module.ACCESS, "isEnabledFor", lambda level: True)
    monkeypatch.setattr(access_log_module, "_MOST", 20)
    with InProcess(application) as server, server.client() as client:
        server.serving.access_log = AccessLog(full)
        told(client, get())
        for _ in range(60):  # once too many lines wait, the application is asked
            told(client, get())
        assert application.asked > 1
        go.set()
        server.serving.access_log.close(PATIENCE)
        assert len(written) >= 20
    assert "an access line could not be written" in caplog.text
    assert logging.getLogger("dataplane.access").isEnabledFor(logging.INFO)


def test_no_password_stays_in_memory(application):
    with InProcess(application) as server, server.client() as client:
        for name in ("Authorization", "Proxy-Authorization", "Cookie"):
            assert told(client, get(f"{name}: Basic hidden"))[0] == told(client, get(f"{name}: Basic hidden"))[0]
        memory = server.serving.memory
        assert application.counted == 3
        kept = repr((memory._answers, memory._heads))
        assert "/a" in kept
        assert "hidden" not in kept


def test_what_a_request_says_of_itself_counts_for_the_budget(application):
    """Small answers to requests with long heads do not fill the memory."""
    with InProcess(application) as server, server.client() as client:
        for number in range(40):
            told(client, get(f"B: {number}{'x' * 50_000}"))
        assert 1 <= len(server.serving.memory._answers) <= (1 << 20) // 50_000
