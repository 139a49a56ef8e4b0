"""The real application below the real server: what only the two together can get wrong."""

import json
import socket

import pytest

from tests.harness.server import ApiServer

pytestmark = pytest.mark.server

BACKENDS = "/v2/services/haproxy/configuration/backends"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    configuration = folder / "haproxy.cfg"
    configuration.write_text("global\n")
    with ApiServer(configuration, folder / "run", {"dataplane": {"body_limit": "64KiB"}}) as server:
        yield server


def send(api, body, framing, end=True, path=BACKENDS + "?version=1"):
    """Send a body as it is; return status and decoded answer."""
    authorization = api.client().headers["Authorization"]
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json\r\nConnection: close\r\n{framing}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port), 20) as connection:
        connection.sendall(head.encode() + body)
        if end:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    status, _, content = received.partition(b"\r\n\r\n")
    return int(status.split()[1]), json.loads(content)


def chunked(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def test_bodies_in_chunks(api):
    parts = (b'{"na', b'me": "in_chunks"}')
    status, answer = send(api, chunked(*parts), "Transfer-Encoding: chunked")
    assert (status, answer["name"]) == (202, "in_chunks")


@pytest.mark.parametrize("framing", ["Transfer-Encoding: chunked", "Content-Length: 70000"])
def test_bodies_over_the_limit(api, framing):
    body = b" " * 70000
    status, answer = send(api, chunked(body) if "chunked" in framing else body, framing)
    assert (status, answer["code"]) == (413, 413)


@pytest.mark.parametrize(
    ("body", "framing"),
    [
        (b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        (b"5\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        (b"5\r\n{}", "Transfer-Encoding: chunked"),
        (b"{}", "Content-Length: 100"),
    ],
)
def test_bodies_that_break_off_or_are_badly_framed_are_the_clients_fault(api, body, framing):
    status, answer = send(api, body, framing)
    assert (status, answer["code"]) == (400, 400), answer


def test_a_stranger_is_refused_before_the_body_is_read(api):
    head = f"POST {BACKENDS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), 20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 401"


def test_the_log_holds_no_password(api):
    assert "adminpwd" not in api.log.read_text()
    assert "Traceback" not in api.log.read_text()
