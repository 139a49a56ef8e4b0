"""What is answered from memory is what the application would have answered: status, headers and bytes."""

import http.client
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from dataplane_core.testing.places import objects, served
from dataplane_core.text import Document
from tests.harness.server import TRANSACTIONS, ApiServer, free_port
from tests.laws.support import Everything, odd
from tests.server import certificates
from tests.server.conftest import UnixConnection
from tests.server.raw import exchange, statuses
from tests.server.ways import Asked, Emulated, Served, Ways

VERSIONS = ("v1", "v2", "v3")
SERVICES = "/v2/services/haproxy"
CONFIGURATION = f"{SERVICES}/configuration"
ORIGIN = "https://page.example"
SETTINGS = {"dataplane": {"cors_origins": [ORIGIN]}}
TEXT = """\
global
  maxconn 100

defaults
  mode http

backend a/b
  server s1 127.0.0.1:80

backend be
  server s1 127.0.0.1:80 weight 5
"""

Open = Callable[..., Ways]


@pytest.fixture(params=["emulated", pytest.param("served", marks=pytest.mark.server)])
def open_ways(request, tmp_path) -> Iterator[Open]:
    """Serve a text in both ways."""
    opened: list[Emulated | Served] = []

    def make(text: str, settings: dict[str, object] | None = None) -> Emulated | Served:
        configuration = tmp_path / "haproxy.cfg"
        configuration.write_text(text)
        rest(configuration)
        server = ApiServer(configuration, tmp_path / "run", {**SETTINGS, **(settings or {})})
        opened.append(Emulated(server) if request.param == "emulated" else Served(server.start()))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def rest(file: Path) -> None:
    """Make a file so old that its times tell every further edit."""
    status = os.stat(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))


def compare(ways: Ways, requests: Iterable[Asked]) -> None:
    """Ask each several times; the third answer at the latest may come from memory."""
    for asked in requests:
        answers = [ways.remembered(asked) for _ in range(3)]
        assert answers == [ways.straight(asked)] * 3, asked


def every_get(folder: Path) -> tuple[str, list[str]]:
    """A text with all that there can be, and the targets of every GET of every version on it."""
    folder.mkdir()
    api = Everything(folder, "global\n")
    text = odd(api.registry)
    document = Document.parse(text, api.registry.language)
    targets = []
    for name in VERSIONS:
        one = served(api, name)
        found = list(objects(one, document))
        lists = {re.sub(r"/[^/?]+(\?|$)", r"\1", target) for target in found}
        templates = [one.version.prefix + route.template for route in one.routes if "GET" in route.operations]
        targets += [*found, *sorted(lists), *(re.sub(r"\{\w+\}", "x", template) for template in templates)]
    return text, list(dict.fromkeys(targets))


def test_every_get_of_every_version(open_ways, tmp_path):
    text, targets = every_get(tmp_path / "everything")
    ways = open_ways(text)
    compare(ways, map(Asked, targets))
    if isinstance(ways, Emulated):
        assert ways.memory.repeated > len(targets)  # two of three, for more than half of all


TARGETS = (
    f"{CONFIGURATION}/version", f"{CONFIGURATION}/backends", f"{CONFIGURATION}/servers/s1?backend=be",
    f"{CONFIGURATION}/servers?backend=none", f"{CONFIGURATION}/raw", f"{SERVICES}/sites", TRANSACTIONS,
    "/v2/specification", "/v2/info", "/v2/docs", "/v2/docs/none", "/v2", "/v2/none", "/", "/none",
    "/v1/services/haproxy/configuration/backends/be", "/v1/specification", "/v1/none",
    "/v3/services/haproxy/configuration/version", "/v3/services/haproxy/configuration/backends/be/servers",
    "/v3/services/haproxy/configuration/backends/be?full_section=maybe", "/v3/specification_openapiv3",
)  # fmt: skip
WRITTEN_OTHERWISE = (
    f"{CONFIGURATION}//version", f"{CONFIGURATION}/version/", f"//{CONFIGURATION[1:]}/version",
    f"http://other.example{CONFIGURATION}/version", f"{CONFIGURATION}/%76ersion", f"{CONFIGURATION}/Version",
    f"{CONFIGURATION}/backends/a%2Fb", f"{CONFIGURATION}/backends/a%2fb", f"{CONFIGURATION}/backends/a/b",
    f"{CONFIGURATION}/backends/./be", f"{CONFIGURATION}/backends/be%00", f"{CONFIGURATION}/backends/%FF",
    f"{CONFIGURATION}/version?", f"{CONFIGURATION}/version?x", f"{CONFIGURATION}/version?x=1&x=2",
    f"{CONFIGURATION}/servers/s1?backend=be&backend=none", f"{CONFIGURATION}/servers/s1?backend=none&backend=be",
    f"{CONFIGURATION}/servers/s1?parent_name=be&parent_type=backend", f"{CONFIGURATION}/servers/s1?backend=b%65",
    f"{CONFIGURATION}/servers/s1?backend=", f"{CONFIGURATION}/servers/s1",
    "/v2/specification?transaction_id=none", "/v2/services//haproxy/", "/v2/", "/v3/",
)  # fmt: skip
HEADERS = (
    ("Accept", "text/html"), ("Accept", "*/*"), ("Accept", "application/json;q=0"), ("Accept", "text/html, */*"),
    ("Origin", ORIGIN), ("Origin", "https://other.example"), ("X-Request-ID", "one"),
    ("X-Request-ID", "two words"), ("If-None-Match", "*"), ("Host", "other.example"),
    ("X-Forwarded-Host", "outside.example"), ("Forwarded", "host=outside.example;proto=https"),
    ("User-Agent", "curl/8"), ("Content-Type", "text/plain"), ("Accept-Encoding", "gzip"),
    ("Range", "bytes=0-1"), ("Cookie", "a=b"), ("Connection", "keep-alive"),
)  # fmt: skip
USERS = (None, "admin:wrong", "nobody:adminpwd", "", "admin", ":", "admin:adminpwd ")


def variations() -> Iterator[Asked]:
    for target in (*TARGETS, *WRITTEN_OTHERWISE):
        yield Asked(target)
        for header in HEADERS:
            yield Asked(target, headers=(header,))
        for user in USERS:
            yield Asked(target, user=user)
        yield Asked(target, user=None, headers=(("Authorization", "bearer x"),))
        for method in ("HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"):
            yield Asked(target, method)
            yield Asked(target, method, None)


def test_requests_that_differ_in_anything(open_ways):
    compare(open_ways(TEXT), variations())


def test_transactions_and_edits_by_hand(open_ways, tmp_path):
    ways, file = open_ways(TEXT), tmp_path / "haproxy.cfg"

    def all_of(identifier: str = "") -> list[Asked]:
        query = f"transaction_id={quote(identifier)}" if identifier else ""
        targets = (target for target in TARGETS if not target.startswith(TRANSACTIONS))
        return [Asked(target + ("&" if "?" in target else "?") * bool(query) + query) for target in targets]

    compare(ways, all_of())
    begun = ways.straight(Asked(f"{TRANSACTIONS}?version=1", "POST"))
    assert begun[0] == 201
    identifier = re.search(rb'"id":"([^"]+)"', begun[2])[1].decode()
    for _ in range(2):
        compare(ways, [*all_of(), *all_of(identifier), *all_of("none")])
        ways.straight(Asked(f"{CONFIGURATION}/backends/be?transaction_id={quote(identifier)}", "DELETE"))
    for size in (1, 2, 2):  # the last has the length of the one before it
        file.write_text(TEXT + f"\nbackend {'x' * size}\n".swapcase())
        compare(ways, [*all_of(), *all_of(identifier)])
    compare(ways, all_of())
    assert ways.straight(Asked(f"{TRANSACTIONS}/{quote(identifier)}", "DELETE"))[0] == 204
    compare(ways, [*all_of(), *all_of(identifier)])
    os.replace(file, tmp_path / "elsewhere")
    compare(ways, all_of())
    file.write_text(TEXT)
    compare(ways, all_of())


USERLIST = "\nuserlist api\n  user admin insecure-password {}\n  user eve insecure-password other\n"


@pytest.mark.parametrize("own_file", [False, True])
def test_passwords_that_change(open_ways, tmp_path, own_file):
    place = tmp_path / ("users" if own_file else "haproxy.cfg")
    start = "" if own_file else TEXT
    userlist = {"userlist": "api", **({"userlist_file": str(place)} if own_file else {})}
    if own_file:
        place.write_text(USERLIST.format("adminpwd"))
    ways = open_ways(TEXT if own_file else TEXT + USERLIST.format("adminpwd"),
                     {"dataplaneapi": {"user": [], "userlist": userlist}})  # fmt: skip
    users = ("admin:adminpwd", "admin:next", "eve:other", None)
    requests = [Asked(target, user=user) for target in TARGETS[:3] for user in users]
    compare(ways, requests)
    for text in (USERLIST.format("next"), USERLIST.format("adminpwd"), "", USERLIST.format("next")):
        place.write_text(start + text)
        compare(ways, requests)
        wanted = 200 if "next" in text else 401
        assert ways.remembered(Asked(TARGETS[0], user="admin:next"))[0] == wanted


def test_credentials_that_are_never_remembered(open_ways):
    ways = open_ways(TEXT, {"dataplane": {"credential_ttl": 0}})
    compare(ways, [Asked(target, user=user) for target in TARGETS[:9] for user in ("admin:adminpwd", "admin:x")])


GUARD = """
from pathlib import Path

from dataplane_core.plugin import impl


@impl
def dataplane_authorize(identity, operation):
    return "not now" if Path({!r}).exists() else None
"""


def test_rights_that_a_plugin_takes_away(open_ways, tmp_path, monkeypatch):
    site, refusal = tmp_path / "site", tmp_path / "refuse"
    install(site, "guard", GUARD.format(str(refusal)))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    ways = open_ways(TEXT)
    requests = [Asked(target) for target in TARGETS]
    for status in (200, 403, 200):
        compare(ways, requests)
        assert ways.remembered(requests[0])[0] == status
        refusal.unlink() if refusal.exists() else refusal.touch()

COUNTED = """
from dataplane_core.plugin import Operation, Response, impl, to_json


class Counted:
    asked = 0

    def on_get(self, req, resp):
        self.asked += 1
        resp.data = to_json(self.asked)


@impl
def dataplane_routes(routes):
    answers = {"200": Response({"type": "integer"}, (), "The number.")}
    operation = Operation("getCounted", "Info", "Count.", responses=answers, repeatable=True)
    routes.add("/counted", Counted(), {"GET": operation})
"""


@pytest.mark.server
def test_the_application_is_not_asked_twice(open_ways, tmp_path, monkeypatch):
    """A responder that breaks its word, and answers otherwise each time, shows that it was asked."""
    site = tmp_path / "site"
    install(site, "counted", COUNTED)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    ways, asked = open_ways(TEXT), Asked("/v2/counted")
    assert [ways.remembered(asked)[2] for _ in range(5)] == [b"1"] * 5
    assert ways.straight(asked)[2] == b"2"
    (tmp_path / "haproxy.cfg").write_text(TEXT + "\n")
    assert ways.remembered(asked)[2] == b"3"



def install(site: Path, name: str, source: str) -> None:
    """Put a plugin of one module where Python finds it as it finds what pip has installed."""
    information = site / f"{name}-1.0.dist-info"
    information.mkdir(parents=True)
    (site / f"{name}.py").write_text(source)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[dataplane.plugins]\n{name} = {name}\n")


@pytest.mark.server
def test_listeners_and_certificates_are_told_apart(tmp_path, trusting):
    clients = certificates.make("clients")
    tls = {
        "tls_certificate": certificates.make("server").write(tmp_path / "server.pem"),
        "tls_port": free_port(),
        "tls_ca": clients.write(tmp_path / "clients.pem"),
    }
    trusting.load_cert_chain(certificates.make("robot", clients).write(tmp_path / "robot.pem"))
    socket = str(tmp_path / "api.sock")
    changes = {"dataplaneapi": {"scheme": ["http", "https", "unix"], "socket_path": socket, "tls": tls}}
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(TEXT)
    with ApiServer(configuration, tmp_path / "run", changes) as server, ExitStack() as stack:
        connections = {
            "https": http.client.HTTPSConnection("127.0.0.1", tls["tls_port"], context=trusting),
            "http": http.client.HTTPConnection("127.0.0.1", server.port),
            "unix": UnixConnection(socket),
        }
        for connection in connections.values():
            stack.callback(connection.close)
        for _ in range(3):
            for name, connection in connections.items():
                connection.request("GET", TARGETS[0], headers={"Host": "localhost"})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == (200 if name == "https" else 401), name


@pytest.mark.server
def test_requests_that_follow_each_other_on_one_connection(tmp_path):
    """What is answered from memory ends where the next request begins, however the bytes arrive."""
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(TEXT)
    rest(configuration)
    with ApiServer(configuration, tmp_path / "run") as server:
        head = f"Host: localhost\r\nAuthorization: {server.client().authorization}\r\n"
        hidden = f"GET /hidden HTTP/1.1\r\n{head}\r\n"
        known = f"GET {TARGETS[0]} HTTP/1.1\r\n{head}\r\n"
        with_body = known[:-2] + f"Content-Length: {len(hidden)}\r\n\r\n{hidden}"
        in_chunks = known[:-2] + f"Transfer-Encoding: chunked\r\n\r\n{len(hidden):x}\r\n{hidden}\r\n0\r\n\r\n"
        unknown = f"GET /none HTTP/1.1\r\n{head}\r\n"
        refused = known.replace("Basic", "Basik")
        head_only = known.replace("GET", "HEAD", 1)
        last = known[:-2] + "Connection: close\r\n\r\n"
        several = "".join((known, known, with_body, known, unknown, in_chunks, known, refused, last))
        wanted = [200, 200, 200, 200, 404, 200, 200, 401, 200]
        for _ in range(3):
            assert statuses(server, several.encode()) == wanted
        for at in range(1, len(several), 7):
            assert statuses(server, several[:at].encode(), several[at:].encode()) == wanted, several[:at]
        told = exchange(server, (head_only + last).encode())
        assert told.startswith(b"HTTP/1.1 405 ")
        assert told.partition(b"\r\n\r\n")[2].startswith(b"HTTP/1.1 200 ")
        old = known.replace("HTTP/1.1", "HTTP/1.0")
        for _ in range(3):
            assert statuses(server, (old + known).encode()) == [200]
            assert statuses(server, (last + known).encode()) == [200]
