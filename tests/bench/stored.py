"""Stored files: the list of many certificates, what one says, and maps of many entries."""

import statistics
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.bench.files import SMALL
from tests.bench.run import Run
from tests.bench.tables import Effort, Row, Table, timed
from tests.harness.server import Client

STORAGE = "/v2/services/haproxy/storage"
CERTIFICATES = 1_000
ENTRIES = 100_000
_MULTIPART = {"Content-Type": "multipart/form-data; boundary=BB"}


def stored(run: Run) -> list[Table]:
    """Milliseconds of single calls; lists must not cost more than the number of files does."""
    effort, server = run.effort, run.server(SMALL)
    client = server.client()
    write_certificates(server.folder / "ssl_certs", 1)
    few = median(effort, lambda: ask(client, "GET", "ssl_certificates", 200))
    write_certificates(server.folder / "ssl_certs", CERTIFICATES)
    many = median(effort, lambda: ask(client, "GET", "ssl_certificates", 200))
    one = median(effort, lambda: ask(client, "GET", "ssl_certificates/c0.pem", 200))
    text = "".join(f"key{number} value{number}\n" for number in range(ENTRIES))
    upload, replace = maps(effort, client, text)
    heads = ["call", "ms", "times that of a list of one"]
    table = Table("Stored files", heads, limit=f"list of {CERTIFICATES} ≤ 50 times a list of one")
    for name, spent, limited in (
        ("list of 1 certificate", few, False),
        (f"list of {CERTIFICATES} certificates", many, True),
        ("what one certificate says", one, False),
        (f"upload of a map of {ENTRIES} entries", upload, False),
        ("its replacement, on the disk", replace, False),
    ):
        cells = [name, f"{spent:.2f}", f"{spent / few:.1f}"]
        table.rows.append(Row(cells, spent <= 50 * few if limited else None))
    return [table]


def maps(effort: Effort, client: Client, text: str) -> tuple[float, float]:
    """Milliseconds of the upload and of the replacement of a map."""
    head = '--BB\r\nContent-Disposition: form-data; name="file_upload"; filename="big"\r\n\r\n'
    body = f"{head}{text}\r\n--BB--\r\n"
    path = "maps/big.map?skip_reload=true"
    uploads, replacements = [], []
    for _ in range(max(3, effort.calls // 5)):
        uploads.append(timed(lambda: ask(client, "POST", "maps", 201, body, _MULTIPART)))
        replacements.append(timed(lambda: ask(client, "PUT", path, 204, text)))
        ask(client, "DELETE", "maps/big.map", 204)
    return statistics.median(uploads), statistics.median(replacements)


def ask(
    client: Client,
    method: str,
    path: str,
    status: int,
    text: str | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    """Call, and insist on the status."""
    answer = client.call(method, f"{STORAGE}/{path}", text=text, headers=headers)
    assert answer.status == status, answer.body[:300]


def median(effort: Effort, action: object) -> float:
    assert callable(action)
    return statistics.median(timed(action) for _ in range(effort.calls))


def write_certificates(folder: Path, number: int) -> None:
    """Fill a folder with certificates that share a key."""
    key = ec.generate_private_key(ec.SECP256R1())
    folder.mkdir(exist_ok=True)
    start = datetime.now(UTC)
    for count in range(number):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"c{count}.example.com")])
        built = x509.CertificateBuilder(
            name, name, key.public_key(), count + 1, start, start + timedelta(90)
        ).sign(key, hashes.SHA256())
        (folder / f"c{count}.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
