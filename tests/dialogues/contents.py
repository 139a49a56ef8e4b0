"""Files of which the dialogues name only the kind."""

from functools import cache
from pathlib import Path

PEM, CRL, SPOE = "(PEM)", "(CRL)", "(SPOE)"
SPOE_FILE = """\
[my-engine]
spoe-agent my-agent
    messages check-ip
    groups mygrp
    option var-prefix spoe
    timeout hello 2s
    timeout idle 2m
    timeout processing 10ms
    use-backend be1

spoe-message check-ip
    args ip=src

spoe-group mygrp
    messages check-ip
"""


def content(path: str) -> str:
    """The kind of file that is uploaded to a path."""
    return SPOE if "/spoe/" in path else CRL if "/ssl_crl_files" in path else PEM


@cache
def contents(golden: Path) -> dict[str, str]:
    """A file of each kind: a certificate with its key, a revocation list and a SPOE file."""
    folder = golden / "files"
    pem, revoked = (folder / "site.pem", folder / "crl.pem")
    return {PEM: pem.read_text("utf-8"), CRL: revoked.read_text("utf-8"), SPOE: SPOE_FILE}
