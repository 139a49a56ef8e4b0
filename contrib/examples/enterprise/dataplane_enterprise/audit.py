"""Tell who asked for a change, and who was not let in: a line of JSON in a file, or to syslog."""

import json
import os
import socket
from dataclasses import asdict
from datetime import UTC, datetime

from dataplane_core.plugin import Answered
from dataplane_enterprise.settings import EnterpriseSettings

_PRIORITY = 10 * 8 + 5  # authpriv.notice
_LONGEST = 8000
"""Bytes of a line: what a datagram to syslog can hold everywhere."""


def record(answered: Answered) -> str:
    """Return what is told of a request, on one line."""
    said = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "method": answered.method,
        "path": answered.path,
        "query": answered.query,
        "status": answered.status,
        "message": answered.message,
        "trial": answered.is_trial,
        "author": asdict(answered.author),
    }
    return json.dumps(said)


def tell(settings: EnterpriseSettings, answered: Answered) -> None:
    """Write of a request where the settings say; raises OSError, which the server logs."""
    if settings.audit == "file":
        _append(settings.audit_file, record(answered) + "\n")
    elif settings.audit == "syslog":
        _send(settings.syslog_address, f"<{_PRIORITY}>dataplane-enterprise: {record(answered)}")


def _append(path: str, line: str) -> None:
    """Append a line and bring it to the disk; opened each time, so that the file can be rotated."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _send(address: str, line: str) -> None:
    host, colon, port = address.rpartition(":")
    data = line.encode()[:_LONGEST]
    if colon and port.isdigit():
        target: tuple[str, int] | str = (host.strip("[]"), int(port))
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
    else:
        target, family = address, socket.AF_UNIX
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        out.settimeout(1.0)
        out.sendto(data, target)
