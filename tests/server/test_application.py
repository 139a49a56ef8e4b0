"""The real application below the real server: what only the two together can get wrong."""

import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import sqlite3
from pathlib import Path

import pytest

from tests.auth.test_authenticator import HASHES
from tests.harness.server import TRANSACTIONS, ApiServer, Client, free_port
from tests.harness.waiting import until
from tests.server import certificates
from tests.server.conftest import UnixConnection

pytestmark = pytest.mark.server

BACKENDS = "/v2/services/haproxy/configuration/backends"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    configuration = folder / "haproxy.cfg"
    configuration.write_text("global\n")
    with ApiServer(configuration, folder / "run", {"dataplane": {"body_limit": "64KiB"}}) as server:
        yield server


class Unasked(ApiServer):
    """A server that nobody asks for anything while it starts; it is up once it has reloaded."""

    def _answers(self):
        return (self.folder / "reloaded").exists()


def test_a_commit_that_was_killed_is_made_good_at_the_start(tmp_path):
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text("global\n")
    marker = tmp_path / "run" / "reloaded"
    tree = {
        "dataplaneapi": {"disable_inotify": True},
        "haproxy": {"reload": {"reload_cmd": f"touch {marker}", "reload_delay": "10ms"}},
        "dataplane": {"workers": 2},
    }
    failing = {"DATAPLANE_FAILPOINT": "replaced"}
    with ApiServer(configuration, tmp_path / "run", tree, environ=failing) as server:
        client, path = server.client(), f"{BACKENDS}?version=1"
        headers = {**client.headers, "Content-Type": "application/json"}
        client.connection.request("POST", path, b'{"name": "b"}', headers)
        with pytest.raises(OSError):
            client.connection.getresponse()
        server.kill()
    assert "_version=2" in configuration.read_text()
    assert not marker.exists()
    with Unasked(configuration, tmp_path / "run", tree) as server:
        assert server.client().version() == 2
        told = "was written by a process that ended since"
        until(lambda: server.log.read_text().count(told) == 1)


def forget_uptime(state):
    """Have the state say what it says after a restart of the machine; true if transactions end with it."""
    with contextlib.closing(sqlite3.connect(state / "state.sqlite")) as connection, connection:
        changed = "UPDATE transactions SET boot = 'a former one' WHERE boot != ''"
        return connection.execute(changed).rowcount > 0


def test_an_open_transaction_survives_each_end_of_the_server_but_not_a_power_cut(tmp_path):
    configuration, state = tmp_path / "haproxy.cfg", tmp_path / "run" / "state"
    configuration.write_text("global\n")
    server = ApiServer(configuration, tmp_path / "run", {"dataplane": {"workers": 2}})

    def edit(name):
        return server.client().call("POST", BACKENDS, {"name": name}, transaction_id=identifier)

    server.start()
    identifier = server.client().call("POST", TRANSACTIONS, version=1).json["id"]
    assert edit("one").status == 202
    server.kill()
    server.start()
    assert edit("two").status == 202
    server.stop()
    assert not forget_uptime(state)
    server.start()
    found = server.client().call("GET", BACKENDS, transaction_id=identifier)
    assert [backend["name"] for backend in found.data] == ["one", "two"]
    assert edit("three").status == 202
    server.kill()
    assert forget_uptime(state)
    with server:
        path = f"{TRANSACTIONS}/{identifier}"
        answers = [edit("four"), server.client().call("PUT", path)]
        assert [answer.status for answer in answers] == [406, 406]
        for answer in answers:
            assert "the machine was restarted while it was open" in answer.json["message"]
        assert server.client().call("GET", path).json["status"] == "failed"
        assert server.client().call("DELETE", path).status == 204
        assert server.client().version() == 1


def send(api, body, framing, end=True, path=BACKENDS + "?version=1"):
    """Send a body as it is; return status and decoded answer."""
    authorization = api.client().authorization
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n"
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
    assert "broke off before its end, or is not framed" in answer["message"]


def test_a_stranger_is_refused_before_the_body_is_read(api):
    head = f"POST {BACKENDS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), 20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 401"


def test_a_stranger_is_refused_instead_of_being_asked_for_the_body(api):
    head = f"POST {BACKENDS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n"
    for authorization in ("", f"Authorization: {basic('admin', 'wrong')}\r\n"):
        with socket.create_connection(("127.0.0.1", api.port), 60) as connection:
            connection.sendall((head + authorization + "\r\n").encode())
            assert connection.recv(12) == b"HTTP/1.1 401"


def test_the_log_holds_no_password(api):
    assert "adminpwd" not in api.log.read_text()
    assert "Traceback" not in api.log.read_text()


def status(connection, **headers):
    with contextlib.closing(connection):
        connection.request("GET", BACKENDS, headers=headers)
        return connection.getresponse().status


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("with_authority", [False, True])
def test_who_is_asked_for_what_on_which_listener(tmp_path, trusting, with_authority):
    clients = certificates.make("clients")
    tls = {
        "tls_certificate": certificates.make("server").write(tmp_path / "server.pem"),
        "tls_port": free_port(),
    }
    if with_authority:
        tls["tls_ca"] = clients.write(tmp_path / "clients.pem")
    trusting.load_cert_chain(certificates.make("robot", clients).write(tmp_path / "robot.pem"))
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text("global\nuserlist controller\n  user eve insecure-password secret\n")
    changes = {
        "dataplaneapi": {
            "scheme": ["http", "https", "unix"],
            "socket_path": str(tmp_path / "api.sock"),
            "tls": tls,
        }
    }
    right, wrong = basic("admin", "adminpwd"), basic("eve", "secret")
    with ApiServer(configuration, tmp_path / "run", changes) as server:

        def tls_connection():
            return http.client.HTTPSConnection("127.0.0.1", tls["tls_port"], context=trusting)

        def plain_connections():
            yield http.client.HTTPConnection("127.0.0.1", server.port)
            yield UnixConnection(str(tmp_path / "api.sock"))

        assert status(tls_connection()) == (200 if with_authority else 401)
        assert status(tls_connection(), Authorization=right) == 200
        for expected, headers in ((401, {}), (401, {"Authorization": wrong}),
                                  (200, {"Authorization": right})):  # fmt: skip
            for connection in plain_connections():
                assert status(connection, **headers) == expected


def test_users_of_the_configuration_are_let_in_as_soon_as_they_are_there(tmp_path):
    configuration = tmp_path / "haproxy.cfg"
    userlist = "userlist api\n  user {} password {}\n"
    first = userlist.format("admin", HASHES["sha512"])
    configuration.write_text("global\n" + first)
    changes = {"dataplaneapi": {"user": [], "userlist": {"userlist": "api"}}}
    server = ApiServer(configuration, tmp_path / "run", changes)
    server.client = lambda: Client(server.port, "admin", "correct horse")
    with server:
        for scheme in ("md5", "sha256", "bcrypt", "yescrypt"):
            configuration.write_text(
                "global\n" + first + f"  user {scheme} password {HASHES[scheme]}\n"
            )
            client = Client(server.port, scheme, "correct horse")
            assert client.call("GET", BACKENDS).status == 200, scheme
        configuration.write_text("global\n")
        assert server.client().call("GET", BACKENDS).status == 401


def workers(master: int) -> set[str]:
    return set(Path(f"/proc/{master}/task/{master}/children").read_text("ascii").split())


def test_settings_that_were_read_again_leave_nothing_open(tmp_path):
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text("global\n")
    with ApiServer(configuration, tmp_path / "run", {}) as server:
        assert server.process is not None
        master = Path(f"/proc/{server.process.pid}/fd")
        counts = []
        tree = json.loads(server.settings.read_text())
        for number in range(3):
            server.settings.write_text(json.dumps({**tree, "name": f"name{number}"}))
            before = workers(server.process.pid)
            server.process.send_signal(signal.SIGHUP)
            until(lambda old=before: workers(server.process.pid).isdisjoint(old))
            counts.append(sum("/state/" in os.readlink(one) for one in master.iterdir()))
        assert counts == counts[:1] * 3


def test_versions_of_the_interface_are_chosen_again_at_a_sighup(tmp_path):
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text("global\n")
    with ApiServer(configuration, tmp_path / "run", {"dataplane": {"api_versions": ["v2"]}}) as server:
        assert server.process is not None
        api, tree = server.client(), json.loads(server.settings.read_text())

        def served() -> dict[str, bool]:
            return {name: api.call("GET", f"/{name}/info").status == 200 for name in ("v2", "v3")}

        def choose(names: list[str]) -> None:
            tree["dataplane"]["api_versions"] = names
            server.settings.write_text(json.dumps(tree))
            server.process.send_signal(signal.SIGHUP)

        assert served() == {"v2": True, "v3": False}
        choose(["v3"])
        until(lambda: served() == {"v2": False, "v3": True})
        choose(["v0"])
        until(lambda: "there is no version v0 of the API" in server.log.read_text())
        assert served() == {"v2": False, "v3": True}
