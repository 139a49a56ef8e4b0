"""Files brought to a running HAProxy: the same worker serves the new content, nothing reloads."""

import os
import signal
import socket
import ssl

import pytest
from cryptography import x509

from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime_client import RuntimeClient
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS, HaproxyProcess, show_info
from tests.harness.waiting import ends, until
from tests.storage.support import Storage, bundle, certificate, pem_of, private_key, revocations

pytestmark = pytest.mark.haproxy

TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe
  bind unix@{folder}/fe.sock ssl crt {folder}/ssl/site.pem ca-file {folder}/general/ca.pem crl-file {folder}/general/crl.pem verify optional
  bind unix@{folder}/all.sock ssl crt {folder}/ssl
  acl known src -f {folder}/general/known.acl
  http-request set-header x %[path,map({folder}/maps/m.map)]
  http-request set-header y %[path,map_str_int({folder}/maps/n.map)]
  acl both path -M -f {folder}/maps/both.map
  http-request set-header z %[path,map({folder}/maps/both.map)]
  errorfile 503 {folder}/general/503.http
"""
PAGE = b"HTTP/1.0 503 Gone\r\n\r\nbusy\n"


class Live(Storage):
    """The application with a HAProxy that serves its files."""

    @property
    def worker(self):
        return RuntimeClient(SocketAddress(path=str(self.folder / "worker.sock")))

    def tell(self, text):
        return self.worker.command(text).strip()

    @property
    def pid(self):
        return int(show_info(self.worker)["Pid"])

    def handshake(self, name, listener="fe"):
        """The common name of the certificate that HAProxy shows to a client."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(5)
            plain.connect(str(self.folder / f"{listener}.sock"))
            with context.wrap_socket(plain, server_hostname=name) as connection:
                found = x509.load_der_x509_certificate(connection.getpeercert(True))
        return list(found.subject)[-1].value

    def entries(self, kind, name):
        lines = self.tell(f"show {kind} {self.folder / name}").splitlines()
        return [line.split(" ", 1)[1] for line in lines]

    def put(self, path, content, **query):
        return self.send("PUT", path, content, **query)

    def reason(self, answer):
        assert answer.status_code == 202, answer.text
        return self.services.reloads.record(answer.headers["reload-id"]).reason


@pytest.fixture(scope="module", params=["2.6", "2.8", "3.2"])
def live(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("storage")
    (folder / "haproxy.cfg").write_text(TEXT.format(folder=folder))
    storage = Live(folder)
    authority = private_key()
    files = {
        "ssl/site.pem": bundle("site.example.com"),
        "general/ca.pem": certificate("ca.example.com", authority),
        "general/crl.pem": revocations(authority, 5),
        "general/known.acl": b"192.0.2.1\n",
        "general/503.http": PAGE,
        "maps/m.map": b"/a one\n",
        "maps/n.map": b"/a 1\n",
        "maps/both.map": b"/a 1\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with HaproxyProcess(one_haproxy(request.param), folder / "haproxy.cfg", folder):
        until((folder / "worker.sock").exists)
        until((folder / "fe.sock").exists)
        pid = storage.pid
        yield storage
        assert storage.pid == pid


def test_a_new_certificate_is_served(live):
    assert live.handshake("x") == "site.example.com"
    answer = live.put("ssl_certificates/site.pem", bundle("renewed.example.com"))
    assert answer.status_code == 200, answer.text
    assert "reload-id" not in answer.headers
    assert answer.json["issuers"] == "renewed.example.com"
    assert live.handshake("x") == live.handshake("x", "all") == "renewed.example.com"
    assert (live.folder / "ssl/site.pem").read_bytes() == bundle("renewed.example.com")
    live.put("ssl_certificates/site.pem", bundle("site.example.com"))
    assert live.handshake("x") == "site.example.com"


def test_a_refused_certificate_changes_nothing(live):
    before = (live.folder / "ssl/site.pem").read_bytes()
    wrong = certificate("other.example.com", private_key()) + pem_of(private_key())
    answer = live.put("ssl_certificates/site.pem", wrong)
    assert answer.status_code == 422 and "does not belong" in answer.json["message"]
    assert (live.folder / "ssl/site.pem").read_bytes() == before
    assert live.handshake("x") == "site.example.com"


def test_a_certificate_comes_and_goes_in_a_loaded_folder(live):
    answer = live.upload("ssl_certificates", "new.pem", bundle("new.example.com"))
    assert answer.status_code == 201, answer.text
    assert "reload-id" not in answer.headers
    assert live.handshake("new.example.com", "all") == "new.example.com"
    assert live.handshake("new.example.com", "fe") == "site.example.com"
    answer = live.send("DELETE", "ssl_certificates/new.pem")
    assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
    assert live.handshake("new.example.com", "all") == "site.example.com"
    assert "new.pem" not in live.tell("show ssl cert")


def test_a_certificate_without_its_key_needs_a_reload(live):
    only = certificate("alone.example.com", private_key())
    answer = live.upload("ssl_certificates", "alone.pem", only)
    assert "no certificate with its key" in live.reason(answer)
    live.send("DELETE", "ssl_certificates/alone.pem")


@pytest.mark.parametrize(
    "path",
    ["ssl_certificates/site.pem", "general/ca.pem", "general/crl.pem", "general/known.acl",
     "general/503.http", "maps/m.map", "maps/both.map"],
)  # fmt: skip
def test_a_file_in_use_stays(live, path):
    before = live.send("GET", path).content
    answer = live.send("DELETE", path)
    assert answer.status_code == 409
    place = live.folder / path.replace("ssl_certificates", "ssl")
    begin = f"rejecting attempt to delete file {place} referenced in haproxy conf at line "
    assert answer.json["message"].startswith(begin)
    line = int(answer.json["message"].removeprefix(begin).partition(":")[0])
    assert str(place) in live.services.config.snapshot().text.splitlines()[line - 1]
    assert "section frontend fe" in answer.json["message"]
    assert live.send("GET", path).content == before


def test_authorities_and_revocations(live):
    authority = private_key()
    for name, content, command in (
        ("ca.pem", certificate("ca.example.com", authority, 0xDDD111), "show ssl ca-file"),
        ("crl.pem", revocations(authority, 0xEEE222), "show ssl crl-file"),
    ):
        answer = live.put(f"general/{name}", content)
        assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
        shown = live.tell(f"{command} {live.folder}/general/{name}")
        assert "DDD111" in shown or "EEE222" in shown


def test_maps_that_are_loaded(live):
    answer = live.put("maps/m.map", b"# new\n/b  two words \n\n/c three\n")
    assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
    assert live.entries("map", "maps/m.map") == ["/b two words", "/c three"]
    assert (live.folder / "maps/m.map").read_bytes().startswith(b"# new\n")
    [one] = [one for one in live.send("GET", "maps").json if one["storage_name"] == "m.map"]
    assert one["description"].startswith(f"pattern loaded from file '{live.folder}/maps/m.map'")
    assert one["file"] == f"{live.folder}/maps/m.map"
    assert one["id"].isdigit()


def test_a_map_that_haproxy_refuses_stays(live):
    answer = live.put("maps/n.map", b"/a 2\n/b many\n")
    assert answer.status_code == 400 and "HAProxy says" in answer.json["message"]
    assert (live.folder / "maps/n.map").read_bytes() == b"/a 1\n"
    assert live.entries("map", "maps/n.map") == ["/a 1"]


def test_lists_of_patterns(live):
    answer = live.put("general/known.acl", b"# ours\n  198.51.100.0/24\r\n192.0.2.7\n")
    assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
    assert live.entries("acl", "general/known.acl") == ["198.51.100.0/24", "192.0.2.7"]


def test_a_file_that_is_map_and_list(live):
    answer = live.put("maps/both.map", b"/b 2\n")
    assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
    assert live.entries("map", "maps/both.map") == ["/b 2"]


def test_what_only_a_start_reads(live):
    answer = live.put("general/503.http", PAGE)
    assert "read at start" in live.reason(answer)
    assert str(live.folder / "general/503.http") in live.reason(answer)


def test_what_is_loaded_nowhere(live):
    live.upload("maps", "unused", b"a b\n")
    answer = live.put("maps/unused.map", b"a c\n")
    assert "has not loaded it" in live.reason(answer)


def test_skipping_leaves_haproxy_alone(live):
    before = live.entries("map", "maps/m.map")
    assert live.put("maps/m.map", b"/z last\n", skip_reload=True).status_code == 204
    assert live.entries("map", "maps/m.map") == before


def test_a_stopped_worker(live):
    pid = live.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with ends():
            answer = live.put("maps/m.map", b"/a one\n")
        assert "did not answer" in live.reason(answer)
        assert live.send("GET", "maps").status_code == 200
    finally:
        os.kill(pid, signal.SIGCONT)
