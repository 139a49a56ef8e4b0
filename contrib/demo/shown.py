"""What the page has to show: a second way, a server that fails, a certificate near its end."""

import datetime
from pathlib import Path

from files import Session

DAYS = 5
NAME = "shop.pem"
HOST = "shop.example"
SECTIONS = """
# What follows is here for the page to have something to show.
frontend secure
  bind unix@{sockets}/secure.sock ssl crt {certificate}
  http-request deny deny_status 403 if {{ path_beg /private }}
  use_backend api if {{ path_beg /api }}
  default_backend web

backend api
  balance leastconn
  option httpchk GET /health
  server api1 127.0.0.1:{first} check weight 20
  server api2 127.0.0.1:{second} check weight 20
  # nothing listens there
  server api3 127.0.0.1:9 check
"""
RULE = "  use_backend api if { path_beg /api }\n  default_backend web"


def add_sections(text: str, session: Session, certificate: Path) -> str:
    """Return the sample configuration with more to look at."""
    first, second = session.server_ports
    more = SECTIONS.format(
        sockets=session.sockets, certificate=certificate, first=first, second=second
    )
    return text.replace("  default_backend web", RULE, 1).rstrip("\n") + "\n" + more


def write_certificate(target: Path) -> None:
    """Write a certificate of our own, with its key, that ends in a few days."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=85))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    as_pem = serialization.Encoding.PEM
    private = key.private_bytes(
        as_pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    target.touch(mode=0o600)
    target.write_bytes(certificate.public_bytes(as_pem) + private)
