"""The HAProxy of the dialogue `runtime` of version 3: what its file names, and where it listens."""

from pathlib import Path

from tests.dialogues.contents import CRL, PEM, contents
from tests.harness.server import free_port

LISTENED = ("127.0.0.1:18651", "127.0.0.1:18652", "127.0.0.1:18653")
FILES = {
    "ssl/site.pem": PEM,
    "ssl/site2.pem": PEM,
    "ssl/crl.pem": CRL,
    "ssl/list.txt": "@DIR@/ssl/site.pem [alpn h2] a.org *.b.org\n",
    "general/acl.lst": "10.0.0.1\n10.0.0.2\n",
    "maps/m.map": "k1 v1\nk2 v2\n",
}


def places() -> dict[str, str]:
    """Where the recorded HAProxy listened, with ours."""
    return {address: f"127.0.0.1:{free_port()}" for address in LISTENED}


def write_files(folder: Path, golden: Path) -> None:
    """Write what the configuration names."""
    known = {**contents(golden), "@DIR@": str(folder)}
    for name, text in FILES.items():
        for place, meant in known.items():
            text = text.replace(place, meant)
        (folder / name).write_text(text, "utf-8")
    (folder / "ssl/ca.pem").write_bytes((golden / "files/ca.pem").read_bytes())
