"""Texts of a configuration that are legal, and large, of several kinds; and where they can be sent."""

import json
from collections.abc import Callable
from typing import NamedTuple

HEAD = "global\n\ndefaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n\n"
BACKEND = HEAD + "backend be\n"
LONG = "x" * 1900


def lines(head: str, form: str, number: int) -> str:
    return head + "".join([form.format(at) for at in range(number)])


Make = Callable[[int], str]
KINDS: dict[str, Make] = {
    "backends": lambda number: lines(HEAD, "backend b{}\n", number),
    "backends of one name": lambda number: lines(HEAD, "backend b\n", number),
    "servers in one backend": lambda number: lines(BACKEND, "  server s{} 192.0.2.1:80 weight 10\n", number),
    "servers of one name": lambda number: lines(BACKEND, "  server s 192.0.2.1:80 weight 10\n", number),
    "comments": lambda number: lines(BACKEND, "  # remark {}\n", number),
    "unknown lines": lambda number: lines(BACKEND, "  future-word {} a b\n", number),
    "very long lines": lambda number: lines(BACKEND, f"  acl a{{}} hdr(host) {LONG}\n", number // 20),
    ".if around backends": lambda number: lines(HEAD, ".if defined(A)\nbackend b{}\n.endif\n", number // 3),
    ".if around lines": lambda number: lines(BACKEND, ".if defined(A)\n  server s{} 192.0.2.1:80\n.endif\n", number // 3),
}  # fmt: skip
"""Texts by their number of lines."""


class Place(NamedTuple):
    """Where a text is sent, as what, and how it is made the body of a request."""

    method: str
    target: str
    kind: str = "text/plain"
    body: Callable[[str], bytes] = str.encode


def _whole_backend(text: str) -> bytes:
    names = [line.split()[1] for line in text.splitlines() if line.startswith("  server")]
    servers = {name: {"name": name, "address": "192.0.2.1", "port": 80} for name in names}
    return json.dumps({"name": "be", "servers": servers}).encode()


_CONFIGURATION = "/v3/services/haproxy/configuration"
PLACES = {
    "raw": Place("POST", f"{_CONFIGURATION}/raw?version=1"),
    "only_validate": Place("POST", f"{_CONFIGURATION}/raw?only_validate=true"),
    "apply": Place("POST", "/dataplane/v1/apply"),
    "plan": Place("POST", "/dataplane/v1/plan"),
    "diff": Place("POST", "/dataplane/v1/diff"),
}
WHOLE_SECTION = Place("PUT", f"{_CONFIGURATION}/backends/be?full_section=true&version=1",
                      "application/json", _whole_backend)  # fmt: skip


def places_of(kind: str) -> dict[str, Place]:
    """Where texts of a kind can be sent: servers also as the objects of a whole section."""
    return PLACES | ({"full_section": WHOLE_SECTION} if kind == "servers in one backend" else {})
