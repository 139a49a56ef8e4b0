"""Uploads, and certificates of the tests' own."""

import base64
import ipaddress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from falcon import testing

from dataplane_core.app import create_app
from dataplane_core.settings import Settings, UserSettings

STORAGE = "/v2/services/haproxy/storage"
FOLDERS = {"maps": "maps", "ssl_certificates": "ssl", "general": "general"}
START = datetime(2026, 11, 1, tzinfo=UTC)


def form(filename: str, content: bytes, field: str = "file_upload") -> bytes:
    """A multipart body with the boundary `BB`."""
    head = f'--BB\r\nContent-Disposition: form-data; name="{field}"; filename="{filename}"\r\n\r\n'
    return head.encode("utf-8", "surrogateescape") + content + b"\r\n--BB--\r\n"


def settings_of(folder: Path, **given: Any) -> Settings:
    """Settings whose folders all lie in `folder`."""
    return Settings.default().replace(
        **{
            "haproxy.config_file": str(folder / "haproxy.cfg"),
            "haproxy.reload.validate_cmd": "true",
            "haproxy.reload.reload_cmd": "true",
            "haproxy.reload.restart_cmd": "true",
            "dataplane.state_dir": str(folder / "state"),
            "dataplaneapi.user": (UserSettings("admin", "pw", True),),
            "dataplaneapi.resources.maps_dir": str(folder / "maps"),
            "dataplaneapi.resources.ssl_certs_dir": str(folder / "ssl"),
            "dataplaneapi.resources.general_storage_dir": str(folder / "general"),
            **{name.replace("__", "."): value for name, value in given.items()},
        }
    )


class Storage:
    """The application on files in `folder`, called without a network."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        for name in FOLDERS.values():
            (folder / name).mkdir(exist_ok=True)
        config = folder / "haproxy.cfg"
        if not config.exists():
            config.write_text("# _version=30\nglobal\n  maxconn 10\n")
        self.app = create_app(settings_of(folder, **settings))
        self.services = self.app.services
        self.client = testing.TestClient(self.app)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        media: str = "",
        accept: str = "*/*",
        **query: Any,
    ) -> testing.Result:
        """Ask for a path below `STORAGE`, or a whole one."""
        token = base64.b64encode(b"admin:pw").decode()
        headers = {"Authorization": f"Basic {token}", "Accept": accept}
        if body is not None:
            headers["Content-Type"] = media or "text/plain"
        where = path if path.startswith("/") else f"{STORAGE}/{path}"
        asked = {name: str(value) for name, value in query.items()} or None
        return self.client.simulate_request(method, where, headers=headers, body=body, params=asked)

    def upload(self, kind: str, filename: str, content: bytes, **query: Any) -> testing.Result:
        """Upload a file."""
        body = form(filename, content)
        return self.send("POST", kind, body, "multipart/form-data; boundary=BB", **query)

    def names(self, kind: str) -> list[str]:
        """The names that a list shows."""
        return [one["storage_name"] for one in self.send("GET", kind).json]

    def files(self, kind: str) -> list[str]:
        """Everything that lies in the folder of a kind."""
        return sorted(path.name for path in (self.folder / FOLDERS[kind]).iterdir())


def private_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: Any, password: bytes | None = None) -> bytes:
    """A private key as text."""
    how = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, how)


def certificate(name: str, key: Any, serial: int = 0xABC123) -> bytes:
    """A certificate signed by its own key, with names and addresses."""
    parts = [(NameOID.COUNTRY_NAME, "FR"), (NameOID.COMMON_NAME, name)]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    address = ipaddress.ip_address("192.0.2.1")
    names = [x509.DNSName(name), x509.DNSName(f"*.{name}"), x509.IPAddress(address)]
    public = key.public_key()
    builder = (
        x509.CertificateBuilder(subject, subject, public, serial, START, START + timedelta(90))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@cache
def bundle(name: str = "first.example.com") -> bytes:
    """A certificate with its key."""
    key = private_key()
    return certificate(name, key) + pem_of(key)


def revocations(key: Any, *serials: int) -> bytes:
    """A revocation list of the certificate `ca.example.com`."""
    parts = [(NameOID.COUNTRY_NAME, "FR"), (NameOID.COMMON_NAME, "ca.example.com")]
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    builder = x509.CertificateRevocationListBuilder(name, START, START + timedelta(90))
    for serial in serials:
        one = x509.RevokedCertificateBuilder(serial, START).build()
        builder = builder.add_revoked_certificate(one)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
