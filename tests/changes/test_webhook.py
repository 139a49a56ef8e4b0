"""The webhook: signed, in order, at least once, and never in the way of anybody."""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading

import pytest

from dataplane_core.settings import Settings, SettingsError
from dataplane_core.store.journal.events import EventTable
from dataplane_core.store.journal.reloads import ReloadTable
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.versions import VersionTable
from dataplane_plugins.changes import webhook
from dataplane_plugins.changes.webhook import sender as module
from dataplane_plugins.changes.webhook.progress import Progress, read_progress, save_progress
from dataplane_plugins.changes.webhook.sender import Sender
from tests.harness.waiting import until
from tests.server import certificates

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()


class Operator:
    """The operator's server: it keeps what it is sent, and answers as it is told."""

    def __init__(self, context=None):
        operator, self.received, self.answers, self.lock = self, [], [], threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with operator.lock:
                    status = operator.answers.pop(0) if operator.answers else 204
                    operator.received.append((status, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def taken(self):
        """The numbers of the events that were answered with success."""
        with self.lock:
            return [json.loads(body)["data"]["number"] for status, _, body in self.received if status < 300]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Parts:
    """What a sender needs of the services."""

    def __init__(self, folder, **given):
        self.settings = Settings.default().replace(
            **{"dataplane.webhook_secret": SECRET, **{f"dataplane.{key}": value for key, value in given.items()}}
        )
        self.state = State(folder / "state")
        VersionTable(self.state)
        ReloadTable(self.state, 0, 1)
        self.events = EventTable(self.state)

    def tell(self, *numbers):
        self.events.record_all(("drift", {"number": number}) for number in numbers)


@pytest.fixture
def sending(tmp_path, monkeypatch):
    """Run a sender for a URL until the end of the test, or of `stop`."""
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(module, "_LONGEST_WAIT", 0.02)
    monkeypatch.setattr(module, "_TICK", 0.01)
    running = []

    def begin(url, **given):
        parts, stop = Parts(tmp_path, webhook_url=url, **given), threading.Event()
        thread = threading.Thread(target=Sender(parts).run, args=(stop,), daemon=True)
        thread.start()
        until(lambda: read_progress(parts.state).position is not None)

        def end():
            stop.set()
            thread.join()

        running.append((end, parts))
        parts.end = end
        return parts

    yield begin
    for end, parts in running:
        end()
        parts.state.shutdown()


def test_each_event_is_sent_and_its_signature_holds(sending):
    with Operator() as operator:
        parts = sending(f"http://127.0.0.1:{operator.port}/hook?a=b")
        parts.tell(1, 2, 3)
        until(lambda: operator.taken == [1, 2, 3])
        _, headers, body = operator.received[0]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = hmac.new(b"0123456789abcdef", signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
        message = json.loads(body)
        assert (message["type"], message["id"]) == ("drift", 1)
        assert message["timestamp"].endswith("Z")
        assert len({one[1]["webhook-id"] for one in operator.received}) == 3


def test_what_was_before_the_webhook_is_not_sent(sending, tmp_path):
    before = Parts(tmp_path)
    before.tell(1)
    with Operator() as operator:
        parts = sending(f"http://127.0.0.1:{operator.port}")
        parts.tell(2)
        until(lambda: operator.taken == [2])
    before.state.shutdown()


def test_a_receiver_that_fails_is_asked_again_in_order(sending, caplog):
    with Operator() as operator:
        operator.answers = [500, 503, 429, 302, 204, 502]
        parts = sending(f"http://127.0.0.1:{operator.port}/secret-path")
        parts.tell(1, 2)
        until(lambda: operator.taken == [1, 2])
        assert [status for status, _, _ in operator.received] == [500, 503, 429, 302, 204, 502, 204]
        ids = [headers["webhook-id"] for _, headers, _ in operator.received]
        assert len(set(ids)) == 2
    assert "127.0.0.1 answers with 500" in caplog.text
    assert "is sent events again" in caplog.text
    assert "secret-path" not in caplog.text
    assert SECRET not in caplog.text


def test_an_event_that_is_refused_is_left_out_after_some_times(sending, caplog):
    with Operator() as operator:
        operator.answers = [400] * module._MOST_REFUSALS
        parts = sending(f"http://127.0.0.1:{operator.port}")
        parts.tell(1, 2)
        until(lambda: operator.taken == [2])
    assert "is not sent event 1" in caplog.text


def test_only_the_kinds_that_are_wanted(sending):
    with Operator() as operator:
        parts = sending(f"http://127.0.0.1:{operator.port}", webhook_events=("reload",))
        parts.tell(1)
        parts.events.record("reload", {"number": 2})
        until(lambda: operator.taken == [2])
        until(lambda: read_progress(parts.state).position == 2)


def test_the_next_server_goes_on_from_what_was_sent(sending):
    with Operator() as operator:
        first = sending(f"http://127.0.0.1:{operator.port}")
        first.tell(1)
        until(lambda: operator.taken == [1])
        first.end()
        first.tell(2, 3)
        sending(f"http://127.0.0.1:{operator.port}")
        until(lambda: operator.taken == [1, 2, 3])


def test_the_status_tells_what_waits_and_why(sending):
    with Operator() as gone:
        url = f"http://127.0.0.1:{gone.port}"
    parts = sending(url)
    parts.tell(1)
    until(lambda: read_progress(parts.state).failure)
    fact = next(webhook.dataplane_status(parts))
    assert fact.doubtful
    assert fact.text.startswith("1 events wait; 127.0.0.1 cannot be reached")


def test_the_server_is_verified(sending, tmp_path):
    authority = certificates.make("authority")
    ca = authority.write(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.make("operator", authority).write(tmp_path / "operator.pem"))
    with Operator(context) as operator:
        url = f"https://127.0.0.1:{operator.port}"
        parts = sending(url)
        parts.tell(1)
        until(lambda: "not trusted" in read_progress(parts.state).failure)
        assert operator.received == []
        parts.end()
        sending(url, webhook_ca=ca)
        until(lambda: operator.taken == [1])


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"webhook_url": "ftp://x"}, "webhook_url"),
        ({"webhook_url": "https://"}, "webhook_url"),
        ({"webhook_url": "https://u:p@host/"}, "webhook_url"),
        ({"webhook_url": "https://host:99999/"}, "webhook_url"),
        ({"webhook_url": "https://host/", "webhook_secret": ""}, "webhook_secret"),
        ({"webhook_url": "https://host/", "webhook_secret": "whsec_?"}, "webhook_secret"),
        ({"webhook_url": "https://host/", "webhook_ca": "/nowhere"}, "webhook_ca"),
    ],
)
def test_settings_that_cannot_be_used_stop_the_start(given, key):
    settings = Settings.default().replace(
        **{"dataplane.webhook_secret": SECRET, **{f"dataplane.{name}": value for name, value in given.items()}}
    )
    with pytest.raises(SettingsError) as refused:
        webhook.dataplane_settings(settings)
    assert key in str(refused.value)
    assert "u:p" not in str(refused.value)


def test_without_a_webhook_its_place_is_forgotten(tmp_path):
    parts = Parts(tmp_path)
    save_progress(parts.state, Progress(7))
    webhook.dataplane_routes(parts)
    assert read_progress(parts.state).position is None
    assert list(webhook.dataplane_status(parts)) == []
    parts.state.shutdown()
