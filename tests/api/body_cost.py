"""What a body costs: peak memory and processor time of a request in a process of its own."""

import base64
import gc
import json
import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from falcon import testing

from dataplane_core.api.body_amounts import MOST_PARTS

MEGA = 1 << 20
USER = "Basic " + base64.b64encode(b"admin:pw").decode()
TEXT = "global\n\ndefaults\n  mode http\n\nbackend be\n  server s1 192.0.2.1:80\n"
SERVERS = "/v2/services/haproxy/configuration/servers?backend=be&version=1"
PLACES = {
    "an object": ("POST", SERVERS),
    "an object of version 1": ("POST", SERVERS.replace("/v2", "/v1")),
    "an object of version 3": ("POST", "/v3/services/haproxy/configuration/backends/be/servers?version=1"),
    "a list": ("PUT", "/v3/services/haproxy/configuration/backends/be/acls?version=1"),
    "a whole section": ("PUT", "/v3/services/haproxy/configuration/backends/be?full_section=true&version=1"),
    "a site": ("POST", "/v2/services/haproxy/sites?version=1"),
    "a desired state": ("POST", "/dataplane/v1/apply"),
    "a plan": ("POST", "/dataplane/v1/plan"),
    "a text in JSON": ("POST", "/v3/services/haproxy/configuration/raw?version=1"),
}


def filled(item: bytes, size: int, begin: bytes = b"[", end: bytes = b"]") -> bytes:
    return begin + b",".join([item] * (size // (len(item) + 1) - 1)) + end


def many_names(size: int) -> bytes:
    return b"{" + b",".join(b'"k%07d":1' % number for number in range(size // 13)) + b"}"


BODIES: dict[str, Callable[[], bytes]] = {
    "lists": lambda: filled(b"[]", 30 * MEGA),
    "objects": lambda: filled(b"{}", 30 * MEGA),
    "strings": lambda: filled(b'"a"', 30 * MEGA),
    "names": lambda: many_names(30 * MEGA),
    "one name": lambda: filled(b'"name":1', 30 * MEGA, b"{", b"}"),
    "lists in a property": lambda: filled(b"[]", 30 * MEGA, b'{"name":"a","weight":[', b"]}"),
    "lists in one another": lambda: b"[" * (30 * MEGA),
    "objects in one another": lambda: b'{"a":' * (6 * MEGA),
    "a long string": lambda: b'"' + b"a" * (30 * MEGA) + b'"',
    "a long number": lambda: b"9" * (30 * MEGA),
    "a long fraction": lambda: b"0." + b"9" * (30 * MEGA),
    "spaces": lambda: b" " * (30 * MEGA) + b"1",
    "no number": lambda: filled(b"NaN", 30 * MEGA),
    "surrogates": lambda: filled(b'"\\udc80"', 30 * MEGA),
    "escapes": lambda: b'"' + b'\\"' * (15 * MEGA),
}
SMALLER: dict[str, Callable[[], bytes]] = {
    "lists, as many as there may be": lambda: filled(b"[]", MOST_PARTS * 3 // 2 - 9),
    "objects, as many as there may be": lambda: filled(b'{"a":1}', MOST_PARTS * 2 - 9),
    "names, as many as there may be": lambda: many_names(MOST_PARTS * 13 // 2 - 90),
    "objects with a name": lambda: filled(b'{"name":"a"}', MOST_PARTS * 13 // 3 - 90),
}


@lru_cache(2)  # some hundred megabytes are all of them: each is made when it is sent
def made(name: str) -> bytes:
    """Return one of the bodies."""
    return (BODIES | SMALLER)[name]()


class Cost(NamedTuple):
    """What came of a request."""

    status: int
    message: str
    answer: int  # bytes
    size: int  # bytes of the body
    peak: int  # bytes of memory, at most, beside what was there before
    seconds: float  # of the processor

    @property
    def factor(self) -> float:
        """Peak memory in sizes of the body."""
        return self.peak / self.size


def cost(app: Callable[..., object], method: str, target: str, body: bytes, kind: str, user: str) -> Cost:
    """Ask the application in a child, whose memory is its own."""
    path, _, query = target.partition("?")
    headers = {"Content-Type": kind, "Authorization": user}
    environ = testing.create_environ(path, query, method=method, headers=headers, body=body, host="localhost")
    environ["RAW_URI"] = target
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            _tell(writer, app, environ, len(body))
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        found = told.read()
    os.waitpid(child, 0)
    return Cost(*json.loads(found))


def _tell(writer: int, app: Callable[..., object], environ: dict[str, object], size: int) -> None:
    gc.collect()
    gc.freeze()
    Path("/proc/self/clear_refs").write_text("5")
    before, begun = _peak(), time.process_time()
    status: list[str] = []
    answer = b"".join(app(environ, lambda given, headers, exc=None: status.append(given)))  # type: ignore[arg-type]
    seconds = time.process_time() - begun
    message = answer[:300].decode("utf-8", "replace")
    told = [int(status[-1][:3]), message, len(answer), size, _peak() - before, round(seconds, 2)]
    os.write(writer, json.dumps(told).encode())
    os._exit(0)


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) << 10
