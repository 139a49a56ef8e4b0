"""What release 2.2 announced: an uploaded map routes, an uploaded certificate is served."""

import socket
import ssl
import time

import pytest
from cryptography import x509

from tests.haproxy.support import until
from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import CONFIGURATION, ApiServer
from tests.harness.sites import sites
from tests.storage.support import STORAGE, bundle, form

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

TEXT = """\
# _version=1
global
  stats socket {folder}/worker.sock mode 600 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend fe
  bind unix@{folder}/fe.sock
backend be_app
  server s1 127.0.0.1:{app}
backend be_static
  server s1 127.0.0.1:{static}
"""
MULTIPART = {"Content-Type": "multipart/form-data; boundary=BB"}


class Announced:
    """A client of a server that governs a running HAProxy."""

    def __init__(self, server, folder):
        self.client, self.folder = server.client(), folder

    def upload(self, kind, name, content, **query):
        text = form(name, content).decode()
        return self.client.call("POST", f"{STORAGE}/{kind}", text=text, headers=MULTIPART, **query)

    def change(self, path, body, **query):
        answer = self.client.call(
            "POST", f"{CONFIGURATION}/{path}", body, version=self.client.version(),
            force_reload="true", **query,
        )  # fmt: skip
        assert answer.status == 201, answer.body

    def fetch(self, host, tls=False):
        """The body that comes for a host, and the common name that a listener shows."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.folder / ("tls.sock" if tls else "fe.sock")))
            shown = None
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                connection = context.wrap_socket(connection, server_hostname=host)
                found = x509.load_der_x509_certificate(connection.getpeercert(True))
                shown = list(found.subject)[-1].value
            connection.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            told = b"".join(iter(lambda: connection.recv(65536), b""))
            connection.close()
        return told.rpartition(b"\r\n\r\n")[2].decode(), shown


@pytest.fixture
def announced(haproxy_program, tmp_path):
    with sites("app", "static") as (app, static):
        text = TEXT.format(folder=tmp_path, app=app.port, static=static.port)
        (tmp_path / "haproxy.cfg").write_text(text)
        with HaproxyProcess(haproxy_program, tmp_path / "haproxy.cfg", tmp_path) as process:
            until((tmp_path / "worker.sock").exists)
            governed = {
                "haproxy_bin": haproxy_program,
                "master_runtime": str(process.master),
                "reload": {"reload_cmd": "", "validate_cmd": ""},
            }
            with ApiServer(tmp_path / "haproxy.cfg", tmp_path, {"haproxy": governed}) as server:
                yield Announced(server, tmp_path)


def test_a_map_is_uploaded_used_and_replaced(announced):
    answer = announced.upload("maps", "hosts.map", b"static.example.com be_static\n")
    assert answer.status == 201
    assert answer.json["description"] == "managed but not loaded map file (no runtime ID)"
    path = answer.json["file"]
    rule = {"index": 0, "name": f"%[req.hdr(host),lower,map({path},be_app)]"}
    announced.change("backend_switching_rules", rule, frontend="fe")
    assert announced.fetch("static.example.com")[0] == "static"
    assert announced.fetch("other.example.com")[0] == "app"
    [one] = announced.client.call("GET", f"{STORAGE}/maps").json
    assert one["description"].startswith(f"pattern loaded from file '{path}' used by map at file '")
    assert (one["file"], one["storage_name"], one["id"].isdigit()) == (path, "hosts.map", True)
    text = "other.example.com be_static\n"
    answer = announced.client.call("PUT", f"{STORAGE}/maps/hosts.map", text=text)
    assert (answer.status, answer.headers["Reload-ID"]) == (204, None)
    assert announced.fetch("static.example.com")[0] == "app"
    assert announced.fetch("other.example.com")[0] == "static"


def test_a_certificate_is_uploaded_used_and_replaced(announced):
    answer = announced.upload("ssl_certificates", "cert.pem", bundle("old.example.com"))
    assert answer.status == 201
    told = {name: answer.json[name] for name in ("description", "file", "storage_name")}
    path = f"{announced.folder}/ssl_certs/cert.pem"
    assert told == {"description": "managed SSL file", "file": path, "storage_name": "cert.pem"}
    bind = {"name": "tls", "address": f"unix@{announced.folder}/tls.sock", "ssl": True,
            "ssl_certificate": path}  # fmt: skip
    announced.change("binds", bind, frontend="fe")
    announced.change("backend_switching_rules", {"index": 0, "name": "be_app"}, frontend="fe")
    assert announced.fetch("x", tls=True) == ("app", "old.example.com")
    for name, query in (("new.example.com", {}), ("next.example.com", {"force_reload": "true"})):
        answer = announced.client.call(
            "PUT", f"{STORAGE}/ssl_certificates/cert.pem", text=bundle(name).decode(), **query
        )
        assert (answer.status, answer.headers["Reload-ID"]) == (200, None), answer.body
        end = time.monotonic() + 5
        while announced.fetch("x", tls=True)[1] != name:  # the former worker may still answer
            assert time.monotonic() < end
