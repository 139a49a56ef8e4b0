"""What pages of other sites may ask for, by which names browsers may come, and that programs notice nothing."""

import itertools
import socket

import pytest
from falcon import testing

from dataplane_core.api import cross_site
from tests.api.support import OWN, TRANSACTIONS, Api

HOST = "10.0.0.1:5555"
MINE, OTHER, NAMED = f"http://{HOST}", "https://evil.example", "https://ui.example"
ORIGINS = [None, MINE, OTHER, "null", NAMED]
SITES = [None, "same-origin", "none", "same-site", "cross-site"]
WITHOUT = {"basic": {}, "cookie": {}, "nobody": {}}
METHODS = ["GET", "POST", "PUT", "DELETE"]
SESSION = f"{OWN}/session"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cross_site")
    return Api(folder, plugins=["page.session"], dataplane__cors_origins=(NAMED,), dataplane__allowed_hosts=("lb.example", "*.sub.example"))


@pytest.fixture(scope="module")
def cookie(api):
    begun = api.call("POST", SESSION, {"user": "admin", "password": "pw"}, user=None, headers={"Host": "localhost"})
    return begun.headers["set-cookie"].partition(";")[0]


def ask(api, cookie, method, path, kind, **headers):
    sent = {name.replace("_", "-"): value for name, value in {"Host": HOST, **headers}.items() if value is not None}
    if kind == "cookie":
        sent["Cookie"] = cookie
    more = {} if kind == "basic" else {"user": None}
    return api.call(method, path, headers=sent, **more)


def is_let_in(kind, method, origin, site):
    """The rule, as it is written down."""
    if method == "GET" or origin == NAMED:
        return True
    if origin not in (None, MINE) or site not in (None, "same-origin", "none"):
        return False
    return not (kind == "cookie" and origin is None and site is None)


@pytest.mark.parametrize(("origin", "site"), [*itertools.product(ORIGINS, SITES)])
@pytest.mark.parametrize("kind", WITHOUT)
def test_the_matrix(api, cookie, kind, origin, site):
    for method in METHODS:
        path = f"/v3/services/haproxy/configuration/backends{'/none' if method in ('PUT', 'DELETE') else ''}"
        answer = ask(api, cookie, method, path, kind, Origin=origin, Sec_Fetch_Site=site)
        if not is_let_in(kind, method, origin, site):
            assert answer.status_code == 403, (method, answer.text)
            assert answer.json["code"] == 403
            assert "www-authenticate" not in answer.headers
            continue
        expected = {401} if kind == "nobody" else {200} if method == "GET" else {400, 404, 415, 422}
        assert answer.status_code in expected, (method, answer.text)


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_it_holds_in_every_version(api, version):
    for path in ("services/haproxy/transactions", "services/haproxy/configuration/raw"):
        for headers in ({"Origin": OTHER}, {"Sec-Fetch-Site": "cross-site"}):
            answer = api.call("POST", f"/{version}/{path}", raw="", headers={"Host": HOST, **headers}, version=1)
            assert answer.status_code == 403
            assert "dataplane.cors_origins" in answer.json["message"]


def test_nothing_of_the_body_is_read_before(api):
    """A body over the limit, or one that is broken, is not looked at."""
    read = []

    class Body:
        def read(self, *given):
            read.append(given)
            return b""

    started = []
    headers = {"Host": HOST, "Origin": OTHER, "Content-Length": "100", "Authorization": "Basic YWRtaW46cHc="}
    environ = testing.create_environ(TRANSACTIONS, method="POST", query_string="version=1", headers=headers)
    environ["wsgi.input"] = Body()
    list(api.app(environ, lambda status, headers, *_: started.append(status)))
    assert started == ["403 Forbidden"]
    assert read == []


def test_a_page_may_say_that_it_is_one_where_the_browser_does_not(api, cookie):
    """A header that no other site's page can set takes the place of the two."""
    path = f"{TRANSACTIONS}?version={api.version}"
    for headers, status in (({}, 403), ({"X_Requested_With": "dataplane-page"}, 201)):
        assert ask(api, cookie, "POST", path, "cookie", **headers).status_code == status


@pytest.mark.parametrize(
    ("host", "origin", "scheme", "is_own"),
    [
        ("10.0.0.1", "http://10.0.0.1", "http", True),
        ("10.0.0.1:80", "http://10.0.0.1", "http", True),
        ("10.0.0.1", "http://10.0.0.1:80", "http", True),
        ("10.0.0.1:5555", "http://10.0.0.1", "http", False),
        ("10.0.0.1:5555", "http://10.0.0.1:5556", "http", False),
        ("localhost:5555", "http://LocalHost:5555", "http", True),
        ("[::1]:5555", "http://[::1]:5555", "http", True),
        ("lb.example", "https://lb.example", "http", True),  # a proxy speaks TLS
        ("10.0.0.1", "https://10.0.0.1:443", "https", True),
        ("10.0.0.1", "http://10.0.0.1", "https", False),
        ("127.0.0.1:5555", "https://lb.example", "http", True),  # a proxy has rewritten Host
        ("127.0.0.1:5555", "https://lb.example:8443", "http", False),
        ("127.0.0.1:5555", "https://x.sub.example", "http", False),  # a star is for Host alone
        ("10.0.0.1", "10.0.0.1", "http", False),
        ("10.0.0.1", "file://", "http", False),
        ("10.0.0.1", "http://", "http", False),
        ("", "http://", "http", False),
        ("10.0.0.1", "chrome-extension://10.0.0.1", "http", False),
        ("10.0.0.1", "http://10.0.0.1.evil.example", "http", False),
        ("10.0.0.1", "http://user@10.0.0.1", "http", False),
    ],
)
def test_which_origin_is_the_own_one(api, host, origin, scheme, is_own):
    sites = api.app._frame.sites
    environ = {"HTTP_HOST": host, "HTTP_ORIGIN": origin, "wsgi.url_scheme": scheme}
    assert sites._is_own(origin, environ) is is_own


KNOWN = [
    "10.0.0.1:5555", "10.0.0.1", "[::1]:5555", "[2001:db8::1]", "localhost", "LOCALHOST:5555", "localhost.:1", "a.localhost",
    "lb.example", "LB.example:80", "lb.example.", "x.sub.example", "a.b.sub.example:5",
]  # fmt: skip
UNKNOWN = [
    "evil.example", "evil.example:5555", "10.0.0.1.evil.example", "localhost.evil.example", "xlocalhost", "lb.example.evil.example",
    "xlb.example", "sub.example", "x.sub.example.evil.example", "127.1", "0x7f000001", "[::1].evil.example", "",
]  # fmt: skip


@pytest.mark.parametrize("host", KNOWN)
def test_names_by_which_a_browser_may_come(api, cookie, host):
    answer = ask(api, cookie, "GET", "/v3/services/haproxy/configuration/backends", "basic", Host=host, Sec_Fetch_Site="same-origin")
    assert answer.status_code == 200


@pytest.mark.parametrize("host", UNKNOWN)
@pytest.mark.parametrize("kind", ["basic", "cookie"])
def test_other_names_are_refused(api, cookie, kind, host):
    path = "/v3/services/haproxy/configuration/backends"
    signs = {"Sec_Fetch_Site": "same-origin"} if kind == "basic" else {}
    for method in ("GET", "POST"):
        answer = ask(api, cookie, method, path, kind, Host=host, **signs, X_Requested_With="dataplane-page")
        assert answer.status_code == 403, host
        assert "dataplane.allowed_hosts" in answer.json["message"]
    # over plain HTTP, a page at that name has its browser say no more than a program does
    by_program = 200 if host in ("", "xlocalhost", "0x7f000001") else 403
    assert ask(api, cookie, "GET", path, "basic", Host=host).status_code == by_program


def test_a_program_need_not_name_the_server(api):
    """HTTP/1.0 has no `Host`, and whoever comes by the Unix socket no name for it; no browser does either."""
    signed = {"Authorization": "Basic YWRtaW46cHc="}
    ask_so = api.client.simulate_get
    assert ask_so("/v3/info", headers=signed, http_version="1.0").status_code == 200
    assert ask_so("/v3/info", headers={**signed, "Host": "x.example"}, extras={"dataplane.listener": "unix"}).status_code == 200
    assert ask_so("/v3/info", headers={**signed, "Host": "x.example"}, extras={"dataplane.listener": "http"}).status_code == 403


def test_a_program_may_use_the_name_of_a_service(api):
    """Clients in a network of containers come by a single word, which no page of the Internet can have."""
    def status(host, **signs):
        return api.call("GET", "/v2/info", headers={"Host": host, **signs}).status_code

    for host in ("haproxy-api", "haproxy-api:5555"):
        assert status(host) == 200
        assert status(host, **{"Sec-Fetch-Site": "none"}) == 403
        assert status(host) == 200
    assert [status(host) for host in ("haproxy-api.example", "a.b", ".example:5555")] == [403, 403, 403]


def test_a_log_in_is_one_of_a_browser_whatever_it_sends(api):
    body = {"user": "admin", "password": "pw"}
    for host, status in (("evil.example", 403), ("localhost:1", 200)):
        assert api.call("POST", SESSION, body, user=None, headers={"Host": host}).status_code == status
    for headers in ({"Origin": OTHER}, {"Sec-Fetch-Site": "cross-site"}):
        answer = api.call("POST", SESSION, body, user=None, headers={"Host": "localhost", **headers})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_a_named_origin_comes_by_any_name(api):
    """Whoever names origins has said who may, and that by the name that these pages use."""
    for method in ("GET", "POST"):
        path = f"{TRANSACTIONS}?version={api.version}"
        answer = api.call(method, path, headers={"Host": "api.example", "Origin": NAMED, "Sec-Fetch-Site": "cross-site"})
        assert answer.status_code in (200, 201)


@pytest.mark.parametrize("origins", [("*",), ("https://x.example", "*")])
def test_a_star_is_every_origin(make_api, origins):
    api = make_api(dataplane__cors_origins=origins)
    answer = api.call("POST", f"{TRANSACTIONS}?version={api.version}", headers={"Origin": OTHER, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 201


def test_a_star_is_every_host(make_api):
    api = make_api(dataplane__allowed_hosts=("*",))
    assert api.call("GET", "/v2/info", headers={"Host": "any.example", "Sec-Fetch-Site": "none"}).status_code == 200


def test_names_of_the_machine_and_of_the_listeners_are_known(make_api, monkeypatch, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n10.9.8.7 box.corp.example box  # mine\n10.9.8.8 other.example\n")
    searched = tmp_path / "resolv.conf"
    searched.write_text("nameserver 10.0.0.2\nsearch lan.example . int.example\n\n")
    monkeypatch.setattr(cross_site, "_SEARCHED", str(searched))
    monkeypatch.setattr(cross_site, "_HOSTS", str(hosts))
    monkeypatch.setattr(socket, "gethostname", lambda: "box")
    api = make_api(dataplaneapi__host="api.example", dataplaneapi__tls__tls_host="tls.example")

    def status(host):
        return api.call("GET", "/v2/info", headers={"Host": host, "Sec-Fetch-Site": "none"}).status_code

    assert [status(host) for host in ("box", "Box.corp.example:5555", "api.example", "tls.example")] == [200] * 4
    assert [status(host) for host in ("box.lan.example", "box.int.example:5555")] == [200] * 2
    assert [status(host) for host in ("other.example", "corp.example", "lan.example")] == [403] * 3


def test_names_of_the_tls_certificate_are_known(make_api, tmp_path, make_certificate):
    file = make_certificate(tmp_path, "lb.corp.example", "*.apps.example")
    api = make_api(dataplaneapi__scheme=("https",), dataplaneapi__tls__tls_certificate=str(file))

    def status(host):
        return api.call("GET", "/v2/info", headers={"Host": host, "Sec-Fetch-Site": "none"}).status_code

    assert [status(host) for host in ("lb.corp.example", "x.apps.example", "evil.example")] == [200, 200, 403]


@pytest.fixture
def make_certificate():
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def make(folder, *names):
        key = ec.generate_private_key(ec.SECP256R1())
        nobody = x509.Name([])
        now = datetime.datetime(2026, 1, 1)
        made = (
            x509.CertificateBuilder()
            .subject_name(nobody).issuer_name(nobody).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9999))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        file = folder / "own.pem"
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return file

    return make


def test_a_certificate_that_cannot_be_read_has_no_names(make_api, tmp_path):
    api = make_api(dataplaneapi__scheme=("https",), dataplaneapi__tls__tls_certificate=str(tmp_path / "none"))
    assert api.call("GET", "/v2/info", headers={"Host": "evil.example", "Sec-Fetch-Site": "none"}).status_code == 403


def test_the_refusal_is_told_to_plugins(make_api):
    from dataplane_core import impl

    told = []

    class Listens:
        @impl
        def dataplane_answered(self, answered):
            told.append((answered.method, answered.status, answered.author.name, "cors_origins" in answered.message))

    api = make_api(plugins=[Listens()])
    api.call("POST", TRANSACTIONS, headers={"Origin": OTHER})
    assert told == [("POST", 403, "", True)]
