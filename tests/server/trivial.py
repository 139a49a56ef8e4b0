"""A server of one small application, for tests of everything below the real one."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dataplane_core.haproxy.subprocesses import run_command
from dataplane_core.server.starting import serve
from dataplane_core.server.state import ServedApplication
from dataplane_core.settings import Settings, load

BIG = 8 << 20
"""Bytes of an answer that no buffer of a connection takes."""


def signals_of_a_child() -> list[int]:
    """The signals that a program which is run begins with ignored, and blocked, as bits."""
    told = run_command(["cat", "/proc/self/status"], 5.0, "a test").output
    fields = dict(line.split(":\t", 1) for line in told.splitlines())
    return [int(fields[name], 16) for name in ("SigIgn", "SigBlk")]


def linger(mark: Path) -> None:
    mark.touch()
    time.sleep(1.0)


def fail_as_told(name: str) -> None:
    if name == "broken":
        raise OSError(28, "No space left on device", "/state")
    if name == "unforeseen":
        raise ValueError(name)
    if name == "unreadable":
        raise ImportError("cannot import name 'cookies' from 'http'")


def helped(name: str, marks: Path) -> None:
    (marks / f"helped-by-{os.getpid()}-of-{os.getppid()}").touch()
    fail_as_told("unforeseen" if name == "helpless" else "")
    time.sleep(60.0 if name == "slow to help" else 0.0)


def build(settings: Settings) -> ServedApplication:
    fail_as_told(settings.name)
    built_by = signals_of_a_child()
    started = threading.Event()
    marks = Path(settings.state_dir)
    if settings.name == "slow to fork":
        os.register_at_fork(after_in_child=partial(linger, marks / "forked"))
    if settings.name == "slow to start":
        linger(marks / "building")

    callers: list[Callable[[], bool]] = []

    def application(environ, start_response):  # type: ignore[no-untyped-def]
        path = environ["PATH_INFO"]
        if path == "/slow":
            (marks / "slow").touch()
            time.sleep(1.0)
        body = environ["wsgi.input"].read() if path == "/echo" else b""
        certificate = environ.get("dataplane.certificate")
        facts = {
            "name": settings.name,
            "pid": os.getpid(),
            "parent": os.getppid(),
            "uid": os.getuid(),
            "groups": sorted(os.getgroups()),
            "listener": environ.get("dataplane.listener"),
            "scheme": environ["wsgi.url_scheme"],
            "certificate": certificate and len(certificate),
            "started": started.is_set(),
            "length": len(body),
        }
        if path == "/child":
            facts["children"] = [built_by, signals_of_a_child()]
        if path == "/call":
            facts["called"] = callers[0]()
        if path == "/crash":
            raise ValueError("hidden")
        if path == "/die":
            os._exit(9)
        start_response("200 OK", [("Content-Type", "application/json")])
        answer = json.dumps(facts).encode()
        return [b" " * BIG, answer] if path == "/big" else [answer]

    def stop() -> None:
        (marks / f"stopped-{os.getpid()}").touch()

    help_workers = partial(helped, settings.name, marks)
    return ServedApplication(application, started.set, stop, help=help_workers, helped_by=callers.append)


if __name__ == "__main__":
    serve(lambda: load(sys.argv[1:], os.environ), build)
