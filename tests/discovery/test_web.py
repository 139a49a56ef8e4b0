"""Requests to sources: connections that are kept, cut, ended; answers that are not whole."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dataplane_plugins.discovery import web
from dataplane_plugins.discovery.web import Refused, SourceConnection, SourceFailed, fetch
from tests.harness.waiting import PATIENCE, stays, until
from tests.storage import support

Step = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def serving(*connections: Step, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that has a step for each connection; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            for step in connections:
                with suppress(OSError):
                    client, _ = listener.accept()
                    with (
                        context.wrap_socket(client, server_side=True) if context else client as one
                    ):
                        step(one)

        threading.Thread(target=run, daemon=True).start()
        yield listener.getsockname()[1]


def answers(*data: bytes) -> Step:
    """Answers to as many requests, then closes."""

    def step(client: socket.socket) -> None:
        for one in data:
            if client.recv(65536):
                client.sendall(one)

    return step


def kept(port: int) -> closing[SourceConnection]:
    """A connection to that port, closed at the end."""
    return closing(SourceConnection("It", f"http://127.0.0.1:{port}"))


def test_a_connection_is_kept_and_made_again_where_the_server_has_closed_it():
    with serving(answers(OK, OK), answers(OK)) as port, kept(port) as one:
        assert [one.ask("/", {}, 5)[0] for _ in range(3)] == [b"ok"] * 3
        with pytest.raises(SourceFailed, match="It cannot be reached"):
            one.ask("/", {}, 1)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "the connection was closed before the answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "closed before the answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok", "closed before"),
        (b"SSH-2.0\r\n", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\n\r\nmuch too large", "too large"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nmuch too large", "too large"),
    ],
)
def test_what_is_no_whole_answer_is_told(monkeypatch, answer, told):
    monkeypatch.setattr(web, "LARGEST", 9)
    with serving(answers(answer)) as port, pytest.raises(SourceFailed, match=told):
        fetch("It", f"http://127.0.0.1:{port}/", {}, 5)


def test_a_refusal_leaves_the_connection_usable(monkeypatch):
    monkeypatch.setattr(web, "_LARGEST_REFUSAL", 3)
    refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied"
    short = refused.replace(b"6", b"3")[:-3]
    with serving(answers(refused), answers(short, OK)) as port, kept(port) as one:
        for _ in range(2):
            with pytest.raises(Refused) as raised:
                one.ask("/", {}, 5)
            assert (raised.value.answered, raised.value.body) == (403, b"den")
        assert one.ask("/", {}, 5)[0] == b"ok"


@pytest.mark.parametrize("secure", [False, True])
def test_a_request_that_waits_is_ended_from_another_thread(secure, tmp_path: Path, monkeypatch):
    context, scheme = None, "http"
    if secure:
        scheme, file = "https", tmp_path / "a.pem"
        monkeypatch.setattr(support, "START", datetime.now(UTC) - timedelta(days=1))
        key = support.private_key()
        file.write_bytes(support.certificate("localhost", key) + support.pem_of(key))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
    waits = threading.Event()

    def step(client: socket.socket) -> None:
        client.recv(65536)
        waits.set()
        client.recv(65536)

    told: list[str] = []

    def ask() -> None:
        try:
            one.ask("/", {}, 60)
        except SourceFailed as error:
            told.append(error.message)

    with serving(step, context=context) as port:
        one = SourceConnection("It", f"{scheme}://localhost:{port}")
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        assert waits.wait(PATIENCE), told
        assert stays(lambda: not told)
        one.end()
        until(lambda: told)
        thread.join(PATIENCE)
        with pytest.raises(SourceFailed):
            one.ask("/", {}, 1)
        one.close()
