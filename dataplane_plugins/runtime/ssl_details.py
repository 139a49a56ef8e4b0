"""What HAProxy says of a certificate, a CA file or a revocation list, as clients see it.

Management guide, section 9.3: `show ssl cert FILE`, `show ssl ca-file FILE`, `show ssl crl-file
FILE`. A CA file holds several certificates, a file of revocations several lists: each begins with
a line of its own, behind what is said of the file.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from dataplane_core.plugin import RuntimeFailed

FACTS = {
    "Status": "status",
    "Serial": "serial",
    "Subject Alternative Name": "subject_alternative_names",
    "Algorithm": "algorithm",
    "SHA1 FingerPrint": "sha1_finger_print",
    "Subject": "subject",
    "Issuer": "issuers",
    "Chain Subject": "chain_subject",
    "Chain Issuer": "chain_issuer",
}
"""HAProxy's words for facts of a certificate, and those of the interface."""
_TIMES = {"notBefore": "not_before", "notAfter": "not_after"}
_LIST_FACTS = {"Signature Algorithm": "signature_algorithm", "Issuer": "issuer"}
_DATES = {"Last Update": "last_update", "Next Update": "next_update"}


def certificate_details(name: str, lines: Iterable[str]) -> dict[str, Any]:
    """Return what HAProxy says of a certificate; the first of a chain counts."""
    found: dict[str, Any] = {"storage_name": name}
    for word, value in _said(lines):
        if word in _TIMES:
            found.setdefault(_TIMES[word], _time(value).strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        elif word in FACTS and value:
            found.setdefault(FACTS[word], value.rstrip(", "))
    return found


def ca_file_certificates(name: str, lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the certificates of a CA file, in HAProxy's order."""
    head, parts = _parts(lines, "Certificate #")
    return [certificate_details(name, [*head, *part]) for part in parts]


def revocation_lists(name: str, lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the lists in a file of revocations, in HAProxy's order."""
    head, parts = _parts(lines, "Certificate Revocation List #")
    status = dict(_said(head)).get("Status", "")
    return [{"storage_name": name, "status": status, **_revocations(part)} for part in parts]


def _revocations(lines: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    revoked: list[dict[str, str]] = []
    for word, value in _said(lines):
        if word in _LIST_FACTS:
            found[_LIST_FACTS[word]] = value
        elif word in _DATES and value != "NONE":
            found[_DATES[word]] = _date(value)
        elif word.startswith("Version "):
            found["version"] = word.removeprefix("Version ")
        elif word == "Serial Number":
            revoked.append({"serial_number": value})
        elif word == "Revocation Date" and revoked:
            revoked[-1]["revocation_date"] = _date(value)
    return found | ({"revoked_certificates": revoked} if revoked else {})


def _parts(lines: Iterable[str], start: str) -> tuple[list[str], list[list[str]]]:
    """Return the lines in front of the first that starts with `start`, and those behind each."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.startswith(start):
            parts.append([])
        else:
            parts[-1].append(line)
    return parts[0], parts[1:]


def _said(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        word, _, value = line.strip().partition(":")
        yield word, value.strip()


def _time(text: str) -> datetime:
    """Return a moment as OpenSSL writes it: `Nov  1 00:00:00 2026 GMT`."""
    try:
        return datetime.strptime(text, "%b %d %H:%M:%S %Y %Z")
    except ValueError:
        raise RuntimeFailed("a time in what HAProxy says of a file cannot be read") from None


def _date(text: str) -> str:
    return _time(text).strftime("%Y-%m-%d")
