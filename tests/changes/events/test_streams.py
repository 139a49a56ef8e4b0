"""Streams of a running server with several workers."""

import os
import signal
import ssl

import pytest

from tests.changes.events.sse import EventSource
from tests.harness.server import ApiServer, free_port
from tests.harness.waiting import until
from tests.server import certificates

TEXT = "global\n  daemon\n\ndefaults\n  mode http\n\nbackend be1\n  server s1 10.0.0.1:80\n"
BACKENDS = "/v3/services/haproxy/configuration/backends"

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    file = folder / "haproxy.cfg"
    file.write_text(TEXT)
    tls = {"tls_certificate": certificates.make("server").write(folder / "server.pem"), "tls_port": free_port()}
    settings = {
        "dataplane": {"workers": 2, "threads": 2, "event_streams": 20},
        "dataplaneapi": {"scheme": ["http", "https"], "tls": {**tls, "tls_host": "127.0.0.1"}},
    }
    with ApiServer(file, folder / "run", settings) as server:
        server.tls_port = tls["tls_port"]
        yield server


def add_backend(server, name):
    client = server.client("v3")
    answer = client.call("POST", BACKENDS, {"name": name}, version=client.version())
    assert answer.status in (201, 202), answer.body


def test_every_stream_gets_the_events_of_all_workers_and_none_holds_a_thread(server):
    streams = [EventSource(server.port) for _ in range(12)]
    try:
        assert {one.answer.status for one in streams} == {200}
        assert {one.answer.headers["Content-Type"] for one in streams} == {"text/event-stream"}
        add_backend(server, "be2")
        found = [one.until("reload", status="succeeded") for one in streams]
    finally:
        for one in streams:
            one.__exit__()
    kinds = [[event["event"] for event in events] for events in found]
    assert kinds == [kinds[0]] * 12
    assert kinds[0][0] == "version"
    version = found[0][0]["data"]
    assert (version["origin"], version["user"]) == ("api", "admin")


def test_a_client_that_comes_again_misses_nothing(server):
    with EventSource(server.port) as stream:
        add_backend(server, "be3")
        last = int(stream.until("version")[-1]["id"])
    add_backend(server, "be4")
    with EventSource(server.port, last=last) as stream:
        first = next(iter(stream))
        assert int(first["id"]) == last + 1
        stream.until("version")
    with EventSource(server.port, f"?after={last}&kinds=version&follow=false") as stream:
        assert [one["event"] for one in stream] == ["version"]


def test_a_stream_over_tls(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(server.folder.parent / "server.pem")
    with EventSource(server.tls_port, context=context) as stream:
        add_backend(server, "over_tls")
        assert stream.until("version")


def test_new_settings_end_the_streams_and_clients_come_again(server):
    with EventSource(server.port) as stream:
        add_backend(server, "before")
        last = int(stream.until("version")[-1]["id"])
        os.kill(server.process.pid, signal.SIGHUP)
        rest = list(stream)
    until(lambda: server.client().call("GET", "/v3/info").status == 200)
    add_backend(server, "after")
    with EventSource(server.port, last=last) as stream:
        assert int(next(iter(stream))["id"]) == last + 1
        assert stream.until("version")
    assert all(one["event"] != "gap" for one in rest)


def test_an_edit_by_hand_is_an_event(server):
    with EventSource(server.port, "?kinds=version") as stream:
        text = server.configuration.read_text()
        server.configuration.write_text(text + "\nbackend by_hand\n")
        assert stream.until("version", origin="external")


@pytest.mark.parametrize("query", ["?kinds=nothing", "?after=-1", "?after=x", "?after=99999999999999999999"])
def test_what_cannot_be_is_refused(server, query):
    with EventSource(server.port, query) as stream:
        assert stream.answer.status == 400


def test_nobody_follows_without_credentials(server):
    client = server.client()
    client.authorization = ""
    assert client.call("GET", "/dataplane/v1/events").status == 401


def test_sigterm_ends_the_streams(tmp_path):
    file = tmp_path / "haproxy.cfg"
    file.write_text(TEXT)
    with ApiServer(file, tmp_path / "run", {"dataplaneapi": {"graceful_timeout": "50s"}}) as server:
        with EventSource(server.port) as stream:
            os.kill(server.process.pid, signal.SIGTERM)
            list(stream)
        assert server.process.wait(30) == 0
