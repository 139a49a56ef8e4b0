"""Certificates, CA files and revocation lists that a running HAProxy has loaded, through v3."""

import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from falcon import testing

from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS
from tests.harness.waiting import until
from tests.runtime.support import Live, live
from tests.storage.support import bundle, certificate, form, private_key, revocations

pytestmark = pytest.mark.haproxy

RUNTIME = "/v3/services/haproxy/runtime"
TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe
  bind unix@{folder}/fe.sock ssl crt {folder}/site.pem ca-file {folder}/ca.pem crl-file {folder}/crl.pem verify optional
  bind unix@{folder}/list.sock ssl crt-list {folder}/list.txt
"""  # fmt: skip
AUTHORITY = private_key()
KINDS = ("ssl_certs", "ssl_ca_files", "ssl_crl_files")


class Ssl(Live):
    """The application on v3, with a HAProxy that has loaded its files."""

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> testing.Result:
        return self.call(method, f"{RUNTIME}/{path}", body, **query)

    def upload(self, method: str, path: str, name: str, content: bytes) -> testing.Result:
        """Send a file in a form."""
        media = "multipart/form-data; boundary=BB"
        return self.send(method, f"{RUNTIME}/{path}", form(name, content), media)

    def loaded(self, name: str) -> str:
        """The name, as a part of a path, of a file that the configuration names."""
        return quote(f"{self.folder}/{name}", safe="")

    def served(self, listener: str, name: str = "x") -> str:
        """The common name of the certificate that a client is shown."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(5)
            plain.connect(str(self.folder / f"{listener}.sock"))
            with context.wrap_socket(plain, server_hostname=name) as connection:
                found = x509.load_der_x509_certificate(connection.getpeercert(True) or b"")
        return str(list(found.subject)[-1].value)


@pytest.fixture(scope="module", params=["2.8", "3.2"])
def haproxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ssl]:
    folder = tmp_path_factory.mktemp("ssl")
    files = {
        "site.pem": bundle("site.example.com"),
        "ca.pem": certificate("ca.example.com", AUTHORITY),
        "crl.pem": revocations(AUTHORITY, 5, 0x4D),
        "list.txt": f"{folder}/site.pem [alpn h2 verify none] a.org !b.org\n".encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with live(one_haproxy(request.param), folder, TEXT, kind=Ssl) as running:
        until((folder / "list.sock").exists)
        pid = running.pid
        yield running
        assert running.pid == pid


def test_lists(haproxy: Ssl) -> None:
    folder = haproxy.folder
    assert haproxy.ask("GET", "ssl_certs").json == [
        {"description": "site.pem", "storage_name": f"{folder}/site.pem"}
    ]
    authorities = haproxy.ask("GET", "ssl_ca_files").json
    assert {"count": "1 certificate(s)", "storage_name": f"{folder}/ca.pem"} in authorities
    assert haproxy.ask("GET", "ssl_crl_files").json == [
        {"description": "crl.pem", "storage_name": f"{folder}/crl.pem"}
    ]
    assert haproxy.ask("GET", "ssl_crt_lists").json == [{"file": f"{folder}/list.txt"}]


def test_what_a_certificate_says(haproxy: Ssl) -> None:
    found = haproxy.ask("GET", f"ssl_certs/{haproxy.loaded('site.pem')}").json
    assert len(found.pop("sha1_finger_print")) == 40
    assert found == {
        "algorithm": "EC256",
        "issuers": "/C=FR/CN=site.example.com",
        "not_after": "2027-01-30T00:00:00.000Z",
        "not_before": "2026-11-01T00:00:00.000Z",
        "serial": "ABC123",
        "status": "Used",
        "storage_name": f"{haproxy.folder}/site.pem",
        "subject": "/C=FR/CN=site.example.com",
        "subject_alternative_names": "DNS:site.example.com, DNS:*.site.example.com",
    }


def test_what_an_authority_says(haproxy: Ssl) -> None:
    path = f"ssl_ca_files/{haproxy.loaded('ca.pem')}"
    shown = {"count": "1 certificate(s)", "storage_name": f"{haproxy.folder}/ca.pem"}
    assert haproxy.ask("GET", path).json == shown
    found = haproxy.ask("GET", f"{path}/entries/1").json
    assert (found["subject"], found["status"]) == ("/C=FR/CN=ca.example.com", "Used")
    for index, status in (("0", 404), ("2", 404), ("x", 400)):
        assert haproxy.ask("GET", f"{path}/entries/{index}").status_code == status


def test_what_is_revoked(haproxy: Ssl) -> None:
    path = f"ssl_crl_files/{haproxy.loaded('crl.pem')}"
    [found] = haproxy.ask("GET", path).json
    assert found == {
        "issuer": "/C=FR/CN=ca.example.com",
        "last_update": "2026-11-01",
        "next_update": "2027-01-30",
        "revoked_certificates": [
            {"serial_number": "05", "revocation_date": "2026-11-01"},
            {"serial_number": "4D", "revocation_date": "2026-11-01"},
        ],
        "signature_algorithm": "ecdsa-with-SHA256",
        "status": "Used",
        "storage_name": f"{haproxy.folder}/crl.pem",
        "version": "2",
    }
    assert haproxy.ask("GET", path, index=1).json == [found]
    assert haproxy.ask("GET", path, index=2).json == []


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ssl_certs", bundle("new.example.com")),
        ("ssl_ca_files", certificate("ca.example.com", AUTHORITY)),
        ("ssl_crl_files", revocations(AUTHORITY, 7)),
    ],
    ids=KINDS,
)
def test_come_change_and_go(haproxy: Ssl, kind: str, content: bytes) -> None:
    replaced = 201 if kind == "ssl_ca_files" else 200
    assert haproxy.upload("PUT", f"{kind}/new.pem", "new.pem", content).status_code == 404
    for expected in (201, 409):
        assert haproxy.upload("POST", kind, "new.pem", content).status_code == expected
    assert "new.pem" in [one["storage_name"] for one in haproxy.ask("GET", kind).json]
    assert haproxy.ask("GET", f"{kind}/new.pem").status_code == 200
    answer = haproxy.upload("PUT", f"{kind}/new.pem", "any", content)
    assert (answer.status_code, answer.text) == (replaced, "")
    for expected in (204, 404):
        assert haproxy.ask("DELETE", f"{kind}/new.pem").status_code == expected
    assert haproxy.ask("GET", f"{kind}/new.pem").status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_loaded_is_not_there(haproxy: Ssl, kind: str) -> None:
    cut = bundle().replace(b"MII", b"AAA")
    for content in (b"x", b"", cut):
        answer = haproxy.upload("POST", kind, "bad.pem", content)
        assert answer.status_code in (400, 422), answer.text
    assert "bad.pem" not in haproxy.ask("GET", kind).text
    for name in ("", "@x", "a;b", "*a", "a#b"):
        assert haproxy.upload("POST", kind, name, bundle()).status_code == 422


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_use_stays(haproxy: Ssl, kind: str) -> None:
    name = {"ssl_certs": "site.pem", "ssl_ca_files": "ca.pem", "ssl_crl_files": "crl.pem"}[kind]
    answer = haproxy.ask("DELETE", f"{kind}/{haproxy.loaded(name)}")
    assert answer.status_code == 400 and "in use" in answer.json["message"]
    assert haproxy.ask("DELETE", f"{kind}/{name}").status_code == 404  # another name


def test_another_certificate_is_served(haproxy: Ssl) -> None:
    path = f"ssl_certs/{haproxy.loaded('site.pem')}"
    assert haproxy.upload("PUT", path, "x", bundle("other.example.com")).status_code == 200
    assert haproxy.served("fe") == haproxy.served("list") == "other.example.com"
    assert haproxy.upload("PUT", path, "x", bundle("site.example.com")).status_code == 200
    assert haproxy.served("fe") == "site.example.com"


def test_a_further_authority(haproxy: Ssl) -> None:
    path = f"ssl_ca_files/{haproxy.loaded('ca.pem')}"
    other = certificate("other.example.com", private_key(), 0xDDD)
    answer = haproxy.upload("POST", f"{path}/entries", "other.pem", other)
    assert answer.status_code == 201
    assert answer.json["subject"] == "/C=FR/CN=other.example.com"
    assert haproxy.ask("GET", path).json["count"] == "2 certificate(s)"
    only = certificate("ca.example.com", AUTHORITY)
    assert haproxy.upload("PUT", path, "ca.pem", only).status_code == 201
    assert haproxy.ask("GET", path).json["count"] == "1 certificate(s)"
    answer = haproxy.upload("POST", "ssl_ca_files/none/entries", "ca.pem", only)
    assert answer.status_code == 404


def test_entries_of_a_list(haproxy: Ssl) -> None:
    name, path = f"{haproxy.folder}/list.txt", "ssl_crt_lists/entries"
    site = f"{haproxy.folder}/site.pem"
    first = {
        "file": site,
        "line_number": 1,
        "sni_filter": ["a.org", "!b.org"],
        "ssl_bind_config": "alpn h2 verify none",
    }
    assert haproxy.ask("GET", path, name=name).json == [first]
    haproxy.upload("POST", "ssl_certs", "new.pem", bundle("new.example.com"))
    entry = {"file": "new.pem", "sni_filter": ["new.org"], "ssl_bind_config": "alpn h2"}
    answer = haproxy.ask("POST", path, entry, name=name)
    assert (answer.status_code, answer.text) == (201, "")
    assert haproxy.ask("GET", path, name=name).json == [first, {**entry, "line_number": 2}]
    assert haproxy.served("list", "new.org") == "new.example.com"
    assert haproxy.ask("DELETE", "ssl_certs/new.pem").status_code == 400
    for expected in (204, 404):
        answer = haproxy.ask("DELETE", path, name=name, cert_file="new.pem", line_number=2)
        assert answer.status_code == expected
    assert haproxy.served("list", "new.org") == "site.example.com"
    assert haproxy.ask("DELETE", "ssl_certs/new.pem").status_code == 204


def test_refused_entries_of_a_list(haproxy: Ssl) -> None:
    name, path = f"{haproxy.folder}/list.txt", "ssl_crt_lists/entries"
    site = f"{haproxy.folder}/site.pem"
    before = haproxy.ask("GET", path, name=name).json
    for body, status in (
        ({}, 400),
        ({"file": "none.pem"}, 400),
        ({"file": site, "ssl_bind_config": "nonsense on"}, 400),
        ({"file": site, "ssl_bind_config": "alpn h2]\nx [y"}, 422),
        ({"file": f"{site}\nshow info"}, 422),
        ({"file": site, "sni_filter": ["a.org b.org"]}, 422),
        ({"file": site, "sni_filter": ["[x]"]}, 422),
        ({"file": "# x"}, 422),
    ):
        answer = haproxy.ask("POST", path, body, name=name)
        assert answer.status_code == status, (body, answer.text)
    assert haproxy.ask("POST", path, {"file": site}, name="none").status_code == 404
    assert haproxy.ask("GET", path, name="none").status_code == 404
    assert haproxy.ask("GET", path).status_code == 400
    answer = haproxy.ask("DELETE", path, name=name, cert_file=site)
    assert answer.status_code == 400 and "default certificate" in answer.json["message"]
    assert haproxy.ask("DELETE", path, name=name).status_code == 400
    assert haproxy.ask("DELETE", path, name="none", cert_file=site).status_code == 404
    assert haproxy.ask("GET", path, name=name).json == before


def test_acme(haproxy: Ssl) -> None:
    knows = haproxy.tell("help acme").startswith("acme") or "acme status" in haproxy.tell("help")
    answer = haproxy.ask("GET", "acme")
    assert answer.json == [] if knows else answer.status_code == 404
    assert haproxy.ask("PUT", "acme").status_code == 400
    assert haproxy.ask("PUT", "acme", certificate="none.pem").status_code == 404
