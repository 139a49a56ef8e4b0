"""What a body costs: peak memory and processor time of a request in a process of its own."""

import gc
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from falcon import testing

MEGA = 1 << 20


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
    environ = testing.create_environ(path, query, method=method, headers=headers, body=body)
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
