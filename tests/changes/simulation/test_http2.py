"""A request of HTTP/2 is simulated as one, and meets what a client of HTTP/2 meets."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from dataplane_plugins.changes.simulation.expectations import read_requests
from dataplane_plugins.changes.simulation.http2 import NoHttp2, Response
from dataplane_plugins.changes.simulation.requests import SimulatedRequest, tls_context
from tests.changes.simulation.configurations import ALL, HEAD, Case, front, requests
from tests.changes.simulation.reality import Met, Place, _met, placed, running
from tests.changes.simulation.support import SHOP, SimulatingApi
from tests.changes.simulation.test_reality import VERSIONS, Machine, addresses_of, disagreement
from tests.harness.fixtures import one_haproxy

VALUES: dict[str, list[Any]] = {
    "version": ["HTTP/2", "2", "HTTP/1.1"],
    "url": ["/", "/a", "/static/x.css", "/deny", "/old?a=b", "http://b.example/a"],
    "headers": [{"Host": "a.example"}, {"X-Long": "x" * 3000, "Host": "b.example"}],
}
RULES = """
http-request deny if HTTP_2.0 { path /deny }
http-request redirect location https://new.example%[pathq] if { fc_http_major 2 } { path /old }
http-response set-header X-Major %[fc_http_major]
use_backend two if { req.ver 2.0 } { hdr(host) b.example }
use_backend three if { path_end .css } { method POST }
default_backend one"""
TLS = "  bind 127.0.0.1:{P} name tls ssl crt {D}/site.pem alpn "
CASES = [
    Case("in plain text", HEAD + front(RULES) + ALL, requests(**VALUES)),
    Case("bodies", HEAD + front(RULES) + ALL,
         requests(version=["2"], method=["GET", "POST", "PUT"], url=["/a", "/x.css"], body=["", "a", "b" * 60_000])),
    Case("TLS", HEAD + front(RULES, bind=TLS + "h2,http/1.1\n") + ALL,
         requests(**VALUES, bind=["tls"])),
    Case("TLS with HTTP/1.1 alone", HEAD + front(RULES, bind=TLS + "http/1.1\n") + ALL,
         requests(**VALUES, bind=["tls"])),
]  # fmt: skip


@pytest.fixture(scope="module", params=VERSIONS)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(one_haproxy(request.param), tmp_path_factory.mktemp("http2")) as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_simulated_backend_is_the_one_that_is_reached(machine: Machine, case: Case) -> None:
    place = placed(case, machine.folder, machine.servers)
    values = list(case.requests)
    simulated = machine.simulated(place, values)
    with running(machine.program, place.text, machine.folder):
        reached = [sent(one, given, place) for one, given in zip(read_requests(values), values, strict=True)]
    addresses = addresses_of(place.text)
    found = [
        (given, wrong, met)
        for given, result, met in zip(values, simulated, reached, strict=True)
        if (wrong := disagreement(result, met, addresses) or other_fields(result, met))
    ]
    assert [(given["url"], wrong) for given, wrong, _ in found] == []


def other_fields(result: dict[str, Any], met: Met) -> str:
    """In what the version differs that rules have seen."""
    simulated = [one["value"] for one in result["response_headers"] or () if one["name"] == "x-major"]
    return "" if simulated == [value for name, value in met.headers if name == "x-major"] else f"version {simulated}"


def sent(request: SimulatedRequest, values: dict[str, Any], place: Place) -> Met:
    """Send a request in the version that it says, if the other side takes that."""
    is_http2, frames, head = request.is_http2, Response(), b""
    with socket.create_connection(("127.0.0.1", place.ports[0]), 2) as plain:
        connection = plain
        if values.get("bind") == "tls":
            offered = ("h2", "http/1.1") if is_http2 else ()
            connection = secured = tls_context(*offered).wrap_socket(plain, server_hostname="a.example")
            is_http2 = secured.selected_alpn_protocol() == "h2"
        scheme = "http" if connection is plain else "https"
        connection.sendall(request.to_send_as_http2(scheme) if is_http2 else request.to_send())
        with connection:
            while b"\r\n\r\n" not in head and (part := connection.recv(65536)):
                if is_http2:
                    frames.take(part)
                head = frames.head if is_http2 else head + part
    return _met(head)


def test_what_is_sent_otherwise_is_told(tmp_path: Any, haproxy_program: str) -> None:
    api = SimulatingApi(tmp_path, haproxy_program, SHOP)
    two, three, large, refused = api.ask(
        {"url": "/a.css", "version": "2"}, {"url": "/a.css", "version": "HTTP/3"},
        {"url": "/a.css", "version": "2", "method": "PUT", "body": "x" * 100_000},
        {"url": "/", "version": "2", "source": "198.51.100.1"},
    )["results"]  # fmt: skip
    assert two["remarks"] == refused["remarks"] == []
    assert (two["response_status"], refused["outcome"]) == (200, "refused")
    assert [one["text"] for one in three["remarks"]] == ["unknown: what rules find in the version of HTTP/3, sent as HTTP/1.1"]
    assert len(large["remarks"]) == 1 and large["backend"] == "static"
    api.close()


@pytest.mark.parametrize("block", [b"\xff\xff\xff\xff\xff", b"\0\x82ab", b"\0\x05a", b"\xc1", b"\x88\0"])
def test_what_haproxy_does_not_write_is_no_response(block: bytes) -> None:
    frame = len(block).to_bytes(3, "big") + b"\x01\x04" + b"\0\0\0\x01" + block
    with pytest.raises(NoHttp2):
        Response().take(frame)
