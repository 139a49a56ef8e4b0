"""Logging in and out over HTTP, and what the page is told of rights."""

import os
from urllib.parse import quote

import pytest
from falcon import testing

from dataplane_core import impl
from dataplane_core.auth import Identity
from dataplane_core.auth.sessions import ROTATION
from dataplane_core.errors import Unauthorized
from dataplane_core.settings import UserSettings
from tests.api.support import CONFIGURATION, OWN, TRANSACTIONS, Api
from tests.harness.memory import Remembering

SESSION, RIGHTS = f"{OWN}/session", f"{OWN}/rights"
PAGE = {"X-Requested-With": "dataplane-page", "Host": "localhost"}
USERS = (UserSettings("admin", "pw", True), UserSettings("eve", "other", True))


@pytest.fixture
def make(tmp_path):
    def made(plugins=(), **settings):
        more = {"dataplaneapi__user": USERS, **settings}
        return Api(tmp_path, plugins=["page.session", "changes.apply", *plugins], **more)

    return made


@pytest.fixture
def api(make):
    return make()


def log_in(api, user="admin", password="pw", headers=None, **more):
    body = {"user": user, "password": password}
    return api.call("POST", SESSION, body, user=None, headers={**PAGE, **(headers or {})}, **more)


def cookie_of(answer):
    return answer.headers["set-cookie"].partition(";")[0]


def with_cookie(cookie, **more):
    return {"headers": {**PAGE, "Cookie": cookie, **more}, "user": None}


def test_whoever_logs_in_is_known_by_the_cookie(api):
    answer = log_in(api)
    assert answer.status_code == 200
    assert (answer.json["user"], answer.json["method"], answer.json["idle_seconds"]) == ("admin", "session", 1800)
    assert answer.json["expires"].endswith("Z")
    assert answer.headers["cache-control"] == "no-store"
    asked = api.call("GET", SESSION, **with_cookie(cookie_of(answer)))
    assert asked.json == {**answer.json, "rights": {"change": True, "reason": ""}}
    assert "set-cookie" not in asked.headers


def test_the_cookie_opens_all_interfaces(api):
    cookie = cookie_of(log_in(api))
    for path in ("backends", "/v3/services/haproxy/configuration/backends", "/v1/info", f"{OWN}/session"):
        assert api.call("GET", path, **with_cookie(cookie)).status_code in (200, 404)
    made = api.call("POST", f"{TRANSACTIONS}?version={api.version}", **with_cookie(cookie))
    assert made.status_code == 201
    assert api.call("GET", "backends", **with_cookie("dataplane_session=" + "x" * 43)).status_code == 401


def test_a_wrong_password_is_refused_as_with_each_request(api):
    for user, password in (("admin", "wrong"), ("nobody", "pw")):
        answer = log_in(api, user, password)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Session realm="API"')
        assert "set-cookie" not in answer.headers
        basic = api.call("GET", "backends", user=f"{user}:{password}")
        assert basic.json == answer.json


@pytest.mark.parametrize(
    "body", [None, [], "x", 1, {}, {"user": "admin"}, {"user": "admin", "password": None}, {"user": 1, "password": "pw"},
             {"user": "", "password": "pw"}, {"user": ["admin"], "password": {"a": 1}}],
)  # fmt: skip
def test_a_log_in_that_is_none(api, body):
    answer = api.call("POST", SESSION, body, raw="null" if body is None else None, user=None, headers=PAGE)
    assert answer.status_code in (400, 422)
    assert "admin" not in answer.json["message"]


@pytest.mark.parametrize("raw", ["", "{", '{"user": "\\ud800", "password": "x"}', '{"user": "a\\u0000", "password": "\\u0000"}', "[" * 9000])
def test_a_log_in_of_odd_bytes(api, raw):
    assert api.call("POST", SESSION, raw=raw, user=None, headers=PAGE).status_code in (400, 401, 422)


def test_a_stranger_sends_no_long_body(api):
    answer = api.call("POST", SESSION, {"user": "a" * 20_000, "password": "x"}, user=None, headers=PAGE)
    assert answer.status_code == 413
    form = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
    assert api.call("POST", SESSION, raw="user=admin&password=pw", user=None, headers=form).status_code == 415


def test_a_browser_that_has_a_cookie_gets_another_one(api):
    planted = cookie_of(log_in(api, "eve", "other"))
    cookie = cookie_of(log_in(api, headers={"Cookie": planted}))
    assert cookie != planted
    assert api.call("GET", SESSION, **with_cookie(planted)).status_code == 401
    assert api.call("GET", SESSION, **with_cookie(cookie)).json["user"] == "admin"


def test_two_cookies_of_the_name_are_none(api):
    mine, planted = cookie_of(log_in(api)), cookie_of(log_in(api, "eve", "other"))
    assert api.call("GET", SESSION, **with_cookie(f"{planted}; {mine}")).status_code == 401


def test_logging_out(api):
    here, there = cookie_of(log_in(api)), cookie_of(log_in(api))
    answer = api.call("DELETE", SESSION, **with_cookie(here))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["set-cookie"] == "dataplane_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
    assert api.call("GET", SESSION, **with_cookie(here)).status_code == 401
    assert api.call("DELETE", SESSION, **with_cookie(here)).status_code == 401
    assert api.call("GET", SESSION, **with_cookie(there)).status_code == 200


@pytest.mark.parametrize("by", ["cookie", "basic"])
def test_logging_out_everywhere(api, by):
    cookies = [cookie_of(log_in(api)) for _ in range(3)]
    of_eve = cookie_of(log_in(api, "eve", "other"))
    who = with_cookie(cookies[0]) if by == "cookie" else {}
    assert api.call("DELETE", SESSION, everywhere="true", **who).status_code == 204
    assert [api.call("GET", SESSION, **with_cookie(one)).status_code for one in cookies] == [401] * 3
    assert api.call("GET", SESSION, **with_cookie(of_eve)).status_code == 200


def test_basic_authentication_has_no_session_to_end(api):
    assert api.call("GET", SESSION).json == {"user": "admin", "method": "basic", "rights": {"change": True, "reason": ""}}
    assert api.call("DELETE", SESSION).status_code == 400


def test_the_page_is_its_session_whatever_password_the_browser_adds(api):
    cookie = cookie_of(log_in(api, "eve", "other"))
    both = {"headers": {**PAGE, "Cookie": cookie}}
    assert api.call("GET", SESSION, **both).json["user"] == "eve"
    program = {"headers": {"Cookie": cookie, "Host": "localhost"}}
    assert api.call("GET", SESSION, **program).json["user"] == "admin"
    gone = {"headers": {**PAGE, "Cookie": "dataplane_session=" + "x" * 43}}
    assert api.call("GET", SESSION, **gone).json["method"] == "basic"


def test_the_cookie_is_replaced_with_any_answer(api):
    clock = api.app.services.sessions
    now = clock._clock()
    cookie = cookie_of(log_in(api))
    clock._clock = lambda: now + ROTATION + 1
    for method, path in (("GET", "backends"), ("GET", "backends/none"), ("GET", f"{OWN}/none"), ("PATCH", RIGHTS)):
        answer = api.call(method, path, **with_cookie(cookie))
        new = cookie_of(answer)
        assert new != cookie
        assert "HttpOnly; SameSite=Strict" in answer.headers["set-cookie"]
    assert "set-cookie" not in api.call("GET", "backends", **with_cookie(new)).headers
    clock._clock = lambda: now + ROTATION + 120
    assert api.call("GET", "backends", **with_cookie(cookie)).status_code == 401
    assert api.call("GET", "backends", **with_cookie(new)).status_code == 200


@pytest.mark.parametrize(
    ("listener", "settings", "is_secure"),
    [("http", {}, False), ("https", {}, True), ("unix", {}, False), ("http", {"dataplane__behind_tls": True}, True)],
)
def test_the_cookies_attributes(make, listener, settings, is_secure):
    api = make(**settings)
    headers = {"Host": "localhost", "Content-Type": "application/json"}
    answer = testing.TestClient(api.app).simulate_post(
        SESSION, json={"user": "admin", "password": "pw"}, headers=headers, extras={"dataplane.listener": listener}
    )
    attributes = answer.headers["set-cookie"].split("; ")[1:]
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Strict", *(["Secure"] if is_secure else [])]


def test_with_client_certificates_nobody_logs_in(make, monkeypatch):
    api = make(dataplaneapi__tls__tls_ca="/ca.pem")
    monkeypatch.setattr("dataplane_core.auth.authenticator.certificate_names", lambda der: (der.decode(), ()))
    client = testing.TestClient(api.app)
    by = {"extras": {"dataplane.listener": "https", "dataplane.certificate": b"carol"}}
    assert client.simulate_get(SESSION, **by).json == {"user": "carol", "method": "certificate", "rights": {"change": True, "reason": ""}}
    body = {"user": "admin", "password": "pw"}
    refused = client.simulate_post(SESSION, json=body, headers={"Host": "localhost"}, **by)
    assert (refused.status_code, "certificates" in refused.json["message"]) == (400, True)
    cookie = cookie_of(log_in(api))  # on the plain listener
    assert client.simulate_get(SESSION, headers={"Cookie": cookie, "Host": "localhost"}, **by).json["user"] == "carol"
    by["extras"]["dataplane.certificate"] = None
    assert client.simulate_get(SESSION, headers={"Cookie": cookie, "Host": "localhost"}, **by).status_code == 401


def test_the_challenge_is_one_that_browsers_leave_to_the_page(api):
    stream = {"Accept": "text/event-stream", "Cookie": "dataplane_session=" + "x" * 43, "Host": "localhost"}
    for headers, challenge in (
        (PAGE, 'Session realm="API"'), (stream, 'Session realm="API"'), ({}, 'Basic realm="API"'),
        ({"Accept": "text/event-stream"}, 'Session realm="API"'), ({"X-Requested-With": "XMLHttpRequest"}, 'Basic realm="API"'), ({**stream, "Accept": "text/html"}, 'Basic realm="API"'),
    ):  # fmt: skip
        for path in ("backends", "/v3/info", SESSION, f"{OWN}/none"):
            answer = api.call("GET", path, user=None, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)


class Authorizes:
    """A plugin by which eve may only read."""

    asked: list[object]

    def __init__(self):
        self.asked = []

    @impl
    def dataplane_authorize(self, identity, operation):
        self.asked.append((identity.name, operation.method, operation.path, operation.operation, operation.version, dict(operation.query)))
        return "eve only reads" if identity.name == "eve" and operation.method != "GET" else None


def test_rights_are_what_plugins_say(make):
    plugin = Authorizes()
    api = make(plugins=[plugin])
    admin, eve = cookie_of(log_in(api)), cookie_of(log_in(api, "eve", "other"))
    assert api.call("GET", SESSION, **with_cookie(admin)).json["rights"] == {"change": True, "reason": ""}
    assert api.call("GET", SESSION, **with_cookie(eve)).json["rights"] == {"change": False, "reason": "eve only reads"}
    assert plugin.asked[-1] == ("eve", "POST", f"{OWN}/apply", "apply", "dataplane", {})
    assert api.call("DELETE", SESSION, **with_cookie(eve)).status_code == 204
    assert api.call("GET", SESSION, **with_cookie(eve)).status_code == 401


def test_rights_of_any_operation(make):
    plugin = Authorizes()
    api = make(plugins=[plugin])
    of_eve = with_cookie(cookie_of(log_in(api, "eve", "other")))

    def right(method, path):
        return api.call("GET", f"{RIGHTS}?method={method}&path={quote(path)}", **of_eve)

    path = "/v3/services//haproxy/configuration/backends/a%2Fb/?version=3"
    answer = right("DELETE", path)
    assert answer.json == {"allowed": False, "reason": "eve only reads"}
    normal = "/v3/services/haproxy/configuration/backends/a/b"
    assert plugin.asked[-1] == ("eve", "DELETE", normal, "deleteBackend", "v3", {"version": "3"})
    assert right("GET", "/v3/info").json == {"allowed": True, "reason": ""}
    assert right("POST", SESSION).json == {"allowed": True, "reason": ""}  # open
    for method, path, status in (("GET", "/v9/x", 404), ("DELETE", "/v3/info", 404), ("PATCH", "/v3/info", 400), ("GET", "", 400), ("GET", "é\x00", 404)):
        assert right(method, path).status_code == status


def test_a_plugin_may_still_refuse_or_know_somebody_else(make):
    class Decides:
        @impl
        def dataplane_authenticate(self, req):
            return Identity("robot", "token") if req.get_header("X-Robot") else None

    api = make(plugins=[Decides()])
    cookie = cookie_of(log_in(api))
    assert api.call("GET", SESSION, **with_cookie(cookie)).json["method"] == "session"
    shown = api.call("GET", SESSION, **with_cookie(cookie, **{"X-Robot": "1"})).json
    assert (shown["user"], shown["method"], "expires" in shown) == ("robot", "token", False)


def test_who_logs_in_and_out_is_told_to_plugins(make):
    told = []

    class Listens:
        @impl
        def dataplane_answered(self, answered):
            told.append((answered.method, answered.status, answered.author.name, answered.author.method))

    api = make(plugins=[Listens()])
    cookie = cookie_of(log_in(api))
    log_in(api, password="wrong")
    api.call("DELETE", SESSION, **with_cookie(cookie))
    assert told == [("POST", 200, "admin", "session"), ("POST", 401, "", ""), ("DELETE", 204, "admin", "session")]


def test_answers_are_given_again_while_the_session_is_there(make):
    api = make()
    api.memory = Remembering(api.app)
    api.client = testing.TestClient(api.memory)
    cookie, other = cookie_of(log_in(api)), cookie_of(log_in(api, "eve", "other"))
    status = os.stat(api.file)
    os.utime(api.file, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))

    def repeated(which):
        before = api.memory.repeated
        answers = [api.call("GET", f"{CONFIGURATION}/backends", **with_cookie(which)) for _ in range(3)]
        return answers[-1].status_code, api.memory.repeated - before

    assert repeated(cookie)[1] >= 1
    assert repeated(other)[1] >= 1
    assert repeated(cookie) == (200, 3)
    api.app.services.sessions.end(api.app.services.sessions.admit(cookie.partition("=")[2]))
    assert repeated(cookie) == (401, 0)
    assert repeated(other)[0] == 200


def test_a_change_that_is_planned_is_tried_by_the_session(make):
    api = make(plugins=["changes.plans"])
    cookie = cookie_of(log_in(api))
    operations = [{"method": "POST", "path": "/v3/services/haproxy/configuration/backends", "body": {"name": name}} for name in "ab"]
    answer = api.call("POST", f"{OWN}/plan", {"operations": operations}, **with_cookie(cookie))
    assert [one["status"] for one in answer.json["operations"]] == [202, 202]


def test_no_cache_keeps_answers_to_a_cookie_for_others(api):
    cookie = cookie_of(log_in(api))
    for path, status in (("backends", 200), ("backends/none", 404), (f"{OWN}/none", 404), (f"{CONFIGURATION}/raw", 200)):
        answer = api.call("GET", path, **with_cookie(cookie))
        assert answer.status_code == status
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not {"cache-control", "x-content-type-options"} & {*api.call("GET", path).headers}
    assert api.call("GET", SESSION, **with_cookie(cookie)).headers["cache-control"] == "no-store"


def test_what_a_page_has_tried_is_tried_by_its_user(make):
    """A browser that knows a password, too, sends it beside the session."""

    class Notes:
        asked: list[str] = []

        @impl
        def dataplane_authorize(self, identity, operation):
            self.asked.append(f"{identity.name} {operation.operation}")

    plugin = Notes()
    api = make([plugin, "changes.plans"])
    cookie = cookie_of(log_in(api))
    operations = [{"method": "POST", "path": "/v3/services/haproxy/configuration/backends", "body": {"name": "a"}}]
    plugin.asked.clear()
    answer = api.call(
        "POST", f"{OWN}/plan", {"operations": operations}, user="eve:other", headers={**PAGE, "Cookie": cookie}
    )
    assert answer.status_code == 200, answer.json
    assert len(plugin.asked) == 2 and all(one.startswith("admin ") for one in plugin.asked)


def test_a_plugin_that_refuses_requests_refuses_log_ins(make):
    """Whoever is locked out must not learn at the log-in which password is right."""

    class Lock:
        locked = False

        @impl
        def dataplane_authenticate(self, req):
            if self.locked:
                raise Unauthorized("locked out")

    plugin = Lock()
    api = make([plugin])
    assert log_in(api).status_code == 200
    plugin.locked = True
    answers = [log_in(api, password=password) for password in ("pw", "wrong")]
    assert {(one.status_code, one.text) for one in answers} == {(401, '{"code":401,"message":"locked out"}')}
    assert not any("set-cookie" in one.headers for one in answers)
