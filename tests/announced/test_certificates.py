"""What release 2.2 announced of certificates: uploaded, named by a bind, served, replaced."""

import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from tests.announced.support import Balancer
from tests.harness.server import ApiServer
from tests.storage.support import bundle

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

STORED = "storage/ssl_certificates"


def shown(lb: Balancer) -> tuple[str, str]:
    """The common name that visitors are shown, and the body that they get."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(5)
        plain.connect(str(lb.folder / "tls.sock"))
        with context.wrap_socket(plain, server_hostname="shop.example.com") as connection:
            found = x509.load_der_x509_certificate(connection.getpeercert(True) or b"")
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            told = b"".join(iter(lambda: connection.recv(65536), b""))
    return str(list(found.subject)[-1].value), told.rpartition(b"\r\n\r\n")[2].decode()


def replace(lb: Balancer, name: str, query: str = "") -> None:
    """Send another certificate as `curl -d "$(cat cert.pem)"` does, without the last line's end."""
    text, path = bundle(name).decode().rstrip("\n"), f"{lb.services}/{STORED}/cert.pem{query}"
    answer = lb.client.call("PUT", path, text=text)
    assert (answer.status, answer.headers["Reload-ID"]) == (200, None), answer.body
    assert shown(lb) == (name, "be_main")


def test_a_certificate_is_uploaded_named_by_a_bind_and_replaced(lb: Balancer) -> None:
    answer = lb.upload(STORED, "cert.pem", bundle("first.example.com").decode())
    assert answer.status == 201, answer.body
    path = f"{lb.folder}/ssl/cert.pem"
    told = {"description": "managed SSL file", "file": path, "storage_name": "cert.pem"}
    assert answer.json.items() >= told.items()
    bind = {"name": "tls", "address": f"unix@{lb.folder}/tls.sock", "ssl": True,
            "ssl_certificate": path}  # fmt: skip
    lb.change("POST", "binds", bind, frontend="fe_main")
    assert shown(lb) == ("first.example.com", "be_main")

    pid = lb.pid
    replace(lb, "second.example.com")
    assert lb.pid == pid
    replace(lb, "third.example.com", "?force_reload=true")
    assert lb.pid != pid


def test_certificates_are_viewed_and_deleted(lb: Balancer) -> None:
    for name in ("a.pem", "b.pem"):
        assert lb.upload(STORED, name, bundle(f"{name[0]}.example.com").decode()).status == 201
    assert [one["storage_name"] for one in lb.get(STORED)] == ["a.pem", "b.pem"]
    subject = {"v2": "/C=FR/CN=b.example.com", "v3": "b.example.com"}[lb.spoken]
    assert lb.get(f"{STORED}/b.pem")["subject"] == subject
    assert lb.call("DELETE", f"{STORED}/b.pem", force_reload="true").status == 204
    assert [one["storage_name"] for one in lb.get(STORED)] == ["a.pem"]
    assert not (lb.folder / "ssl" / "b.pem").exists()


def test_the_folders_of_the_flags_are_made_at_start(tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("global\n")
    api = ApiServer(tmp_path / "haproxy.cfg", tmp_path)
    folders = [tmp_path / "new" / "certs", tmp_path / "new" / "maps"]
    api.command += [f"--ssl-certs-dir={folders[0]}", f"--maps-dir={folders[1]}"]
    with api:
        assert all(folder.is_dir() for folder in folders)
