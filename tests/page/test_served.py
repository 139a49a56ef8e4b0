"""The page's log-in at a running server of several workers, on a plain and on a TLS listener."""

import http.client
import json
import ssl

import pytest

from tests.harness.server import PASSWORD, USER, ApiServer, free_port
from tests.harness.waiting import PATIENCE
from tests.server import certificates

SESSION = "/dataplane/v1/session"
BACKENDS = "/v3/services/haproxy/configuration/backends"
PAGE = {"X-Requested-With": "dataplane-page"}

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    file = folder / "haproxy.cfg"
    file.write_text("global\n  daemon\n\nbackend be1\n")
    tls = {"tls_certificate": certificates.make("server").write(folder / "server.pem"), "tls_port": free_port()}
    wanted = '%r %s %{Cookie}i %{Authorization}i %{Set-Cookie}o %u'
    settings = {
        "dataplane": {"workers": 3, "audit_file": str(folder / "audit.log")},
        "dataplaneapi": {"scheme": ["http", "https"], "tls": {**tls, "tls_host": "127.0.0.1"}},
        "log_targets": [{"log_to": "file", "log_file": str(folder / "log"), "log_level": "debug", "log_types": ["app", "access"],
                         "apache_common_log_format": wanted}],
    }  # fmt: skip
    with ApiServer(file, folder / "run", settings) as server:
        server.tls_port, server.files = tls["tls_port"], folder
        yield server


class Browser:
    """Connections of their own for each request, so that any worker answers."""

    def __init__(self, server, tls=False):
        self.server, self.tls = server, tls
        self.cookie = ""

    def open(self, method, path, body=None, **headers):
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection("127.0.0.1", self.server.tls_port, timeout=PATIENCE, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        sent = {**PAGE, **headers, **({"Cookie": self.cookie} if self.cookie else {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        if given := answer.headers["Set-Cookie"]:
            self.cookie, self.attributes = given.partition(";")[0], given
        return connection, answer

    def call(self, *request, **headers):
        connection, answer = self.open(*request, **headers)
        answer.body = answer.read()
        connection.close()
        return answer

    def log_in(self, password=PASSWORD):
        return self.call("POST", SESSION, {"user": USER, "password": password})


def test_a_log_out_holds_in_all_workers_at_once(served):
    one, other = Browser(served), Browser(served)
    assert (one.log_in().status, other.log_in().status) == (200, 200)
    token = one.cookie
    for _ in range(12):
        assert one.call("GET", BACKENDS).status == 200
    assert one.call("DELETE", SESSION).status == 204
    assert one.cookie == "dataplane_session="
    one.cookie = token
    assert {one.call("GET", BACKENDS).status for _ in range(12)} == {401}
    assert other.call("GET", BACKENDS).status == 200


def test_a_log_out_everywhere(served):
    browsers = [Browser(served) for _ in range(4)]
    for browser in browsers:
        browser.log_in()
        assert browser.call("GET", BACKENDS).status == 200
    assert browsers[0].call("DELETE", f"{SESSION}?everywhere=true").status == 204
    assert {browser.call("GET", BACKENDS).status for browser in browsers[1:] * 3} == {401}


@pytest.mark.parametrize("path", ["events", "live"])
def test_a_stream_ends_with_the_session(served, path):
    browser = Browser(served)
    browser.log_in()
    connection, stream = browser.open("GET", f"/dataplane/v1/{path}", Accept="text/event-stream")
    assert stream.status == 200
    assert stream.readline()
    token = browser.cookie
    browser.call("DELETE", SESSION)
    while stream.readline():  # to its end
        pass
    connection.close()
    browser.cookie = token
    again = browser.call("GET", f"/dataplane/v1/{path}", Accept="text/event-stream")
    assert (again.status, again.headers["WWW-Authenticate"]) == (401, 'Session realm="API"')


def test_a_stream_of_a_password_goes_on(served):
    """Another session that ends is none of its business."""
    from tests.changes.events.sse import EventSource

    browser = Browser(served)
    browser.log_in()
    with EventSource(served.port) as stream:
        browser.call("DELETE", SESSION)
        client = served.client("v3")
        assert client.call("POST", BACKENDS, {"name": "be2"}, version=client.version()).status in (201, 202)
        assert stream.until("version")


def test_over_tls_the_cookie_is_for_tls(served):
    plain, secure = Browser(served), Browser(served, tls=True)
    plain.log_in(), secure.log_in()
    assert secure.attributes.endswith("; Path=/; HttpOnly; SameSite=Strict; Secure")
    assert plain.attributes.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert json.loads(secure.call("GET", SESSION).body)["method"] == "session"
    assert secure.call("POST", SESSION, {}, Origin=f"https://127.0.0.1:{served.tls_port}").status == 400
    assert secure.call("POST", SESSION, {}, Origin=f"http://127.0.0.1:{served.tls_port}").status == 403


def test_a_change_by_the_page_stands_in_the_history_under_the_user(served):
    browser = Browser(served)
    browser.log_in()
    version = int(browser.call("GET", BACKENDS).headers["Configuration-Version"])
    made = browser.call("POST", f"{BACKENDS}?version={version}", {"name": "by-page"}, Origin=served.url)
    assert made.status in (201, 202)
    foreign = browser.call("POST", f"{BACKENDS}?version={version + 1}", {"name": "x"}, Origin="https://evil.example")
    assert foreign.status == 403
    (newest,) = json.loads(browser.call("GET", "/dataplane/v1/history?limit=1").body)
    assert '"admin"' in json.dumps(newest), newest
    assert '"session"' in json.dumps(newest), newest


def test_no_log_has_a_token_or_a_password(served):
    browser = Browser(served)
    browser.log_in(), browser.log_in("Wr0ngPassword")
    browser.call("GET", BACKENDS)
    browser.call("PUT", f"{BACKENDS}/none", {"name": "none"}, Origin="https://evil.example")
    browser.call("DELETE", SESSION + "?everywhere=true")
    files = [served.files / "log", served.files / "audit.log", served.log]
    text = "".join(file.read_text() for file in files)
    assert SESSION in text
    assert "dataplane_session" not in text
    for secret in (browser.cookie.partition("=")[2] or "-" * 99, PASSWORD, "Wr0ngPassword"):
        assert secret not in text
    state = b"".join(file.read_bytes() for file in (served.folder / "state").rglob("*") if file.is_file())
    assert PASSWORD.encode() not in state
