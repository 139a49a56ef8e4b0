"""One tree of the sources walks requests in one process: `python walk.py CONFIGURATION SETTINGS < requests`.

PYTHONPATH names the tree, which may be of any revision: nothing but `create_app` and `load` is
used of it. For each line of standard input, the name of a trip and `count` or `time`, one line of
JSON comes back. Only the last request of a trip is counted or timed, in the thread that serves it.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from falcon import testing

SERVICES = "/v2/services/haproxy"
CONFIGURATION = f"{SERVICES}/configuration"
HEADERS = {"Authorization": "Basic cGxhaW46c2VjcmV0", "Content-Type": "application/json"}
"""The user `plain` with the password `secret`."""
PACKAGES = ("dataplane_core", "dataplane_plugins")
STORE = "dataplane_core.store."
HOOKS = f"{os.sep}pluggy{os.sep}"
Call = tuple[str, str]
"""Modules of the caller and of the called."""


class Calls:
    """Counts calls of our code, the modules they enter, who calls whom, and what the store enters."""

    def __init__(self, tree: Path) -> None:
        self.top = f"{tree}{os.sep}"
        self.total = 0
        self.modules: set[str] = set()
        self.pairs: Counter[Call] = Counter()
        self.below_store: Counter[str] = Counter()
        """Calls into each package of the core that the store is waiting for, but those of its hooks."""
        self._known: dict[str, str] = {}

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and (module := self._module(frame.f_code.co_filename)):
            self.total += 1
            self.modules.add(module)
            callers = list(self._callers(frame.f_back))
            if callers:
                self.pairs[callers[0], module] += 1
            if any(caller.startswith(STORE) for caller in callers):
                self.below_store[module.split(".")[1]] += 1

    def _module(self, file: str) -> str:
        """The dotted name of a module of ours; nothing for the file of a library."""
        if file not in self._known:
            name = file.removeprefix(self.top)
            ours = name != file and name.startswith(PACKAGES)
            self._known[file] = name[:-3].replace(os.sep, ".") if ours else ""
        return self._known[file]

    def _callers(self, frame: FrameType | None) -> Iterator[str]:
        """The modules of ours that wait for a call, the nearest first; nobody waits for a hook."""
        while frame is not None and HOOKS not in frame.f_code.co_filename:
            if module := self._module(frame.f_code.co_filename):
                yield module
            frame = frame.f_back


class Walker:
    """The application of one tree, asked without a network."""

    def __init__(self, application: Callable[..., Iterable[bytes]], tree: Path) -> None:
        self.application, self.tree = application, tree
        self.measure: str = ""
        self.number = 0
        self.result: dict[str, Any] = {}

    def walk(self, trip: str, measure: str) -> dict[str, Any]:
        """Prepare a trip, measure its request, and clean up."""
        self.number += 1
        self.measure = measure
        TRIPS[trip](self)
        return self.result

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """The JSON that a request is answered with; an error if it is refused."""
        return self._send(self._environ(method, path, body, query), method)

    def measured(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Ask, and keep what it took."""
        environ = self._environ(method, path, body, query)
        if self.measure == "time":
            began = time.perf_counter(), time.thread_time()
            answer = self._send(environ, method)
            wall, spent = time.perf_counter() - began[0], time.thread_time() - began[1]
            self.result = {"wall": wall * 1000, "cpu": spent * 1000}
            return answer
        calls = Calls(self.tree)
        sys.setprofile(calls)
        try:
            answer = self._send(environ, method)
        finally:
            sys.setprofile(None)
        pairs = [[*pair, count] for pair, count in calls.pairs.items()]
        counts = {"calls": calls.total, "files": len(calls.modules)}
        self.result = {**counts, "pairs": pairs, "below_store": calls.below_store}
        return answer

    def version(self) -> int:
        return int(self.ask("GET", f"{CONFIGURATION}/version"))

    def begin(self) -> str:
        return str(self.ask("POST", f"{SERVICES}/transactions", version=self.version())["id"])

    def in_transaction(self, method: str, path: str, body: object, **query: object) -> None:
        """Measure an edit in a transaction of its own, which is given up."""
        identifier = self.begin()
        self.measured(method, path, body, transaction_id=identifier, **query)
        self.ask("DELETE", f"{SERVICES}/transactions/{identifier}")

    def _environ(
        self, method: str, path: str, body: object, query: dict[str, Any]
    ) -> dict[str, Any]:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        content = "" if body is None else json.dumps(body)
        headers = HEADERS if content else {"Authorization": HEADERS["Authorization"]}
        return testing.create_environ(
            path,
            method=method,
            query_string=words,
            headers=headers,
            body=content,
            host="localhost",
            remote_addr="127.0.0.1",
        )

    def _send(self, environ: dict[str, Any], method: str) -> Any:
        told: list[str] = []
        parts = self.application(environ, lambda status, headers, error=None: told.append(status))
        body = b"".join(parts)
        if not told[0].startswith("2"):
            raise RuntimeError(f"{method} {environ['PATH_INFO']}: {told[0]} {body[:500]!r}")
        return json.loads(body) if body else None


def server(name: str) -> dict[str, object]:
    return {"name": name, "address": "192.0.2.1", "port": 80}


def first_get(walker: Walker) -> None:
    """A GET of what has just been changed: nothing of the answer is there yet."""
    change(walker)
    walker.measured("GET", f"{CONFIGURATION}/servers", backend="be0")


def same_get(walker: Walker) -> None:
    walker.ask("GET", f"{CONFIGURATION}/servers", backend="be0")
    walker.measured("GET", f"{CONFIGURATION}/servers", backend="be0")


def post(walker: Walker) -> None:
    walker.in_transaction("POST", f"{CONFIGURATION}/servers", server("new"), backend="be0")


def post_of_nine(walker: Walker) -> None:
    more = {"check": "enabled", "inter": 1000, "rise": 2, "fall": 3, "weight": 5, "maxconn": 9}
    walker.in_transaction(
        "POST", f"{CONFIGURATION}/servers", {**server("new"), **more}, backend="be0"
    )


def put_server(walker: Walker) -> None:
    body = walker.ask("GET", f"{CONFIGURATION}/servers/s1", backend="be0")["data"]
    body["weight"] = 11
    walker.in_transaction("PUT", f"{CONFIGURATION}/servers/s1", body, backend="be0")


def put_backend(walker: Walker) -> None:
    body = walker.ask("GET", f"{CONFIGURATION}/backends/be0")["data"]
    body["balance"] = {"algorithm": "leastconn"}
    walker.in_transaction("PUT", f"{CONFIGURATION}/backends/be0", body)


def change(walker: Walker) -> None:
    """Commit a server, and the next time that it is gone again: the file keeps its size."""
    identifier = walker.begin()
    query = {"backend": "be0", "transaction_id": identifier}
    servers = walker.ask("GET", f"{CONFIGURATION}/servers", backend="be0")["data"]
    if any(one["name"] == "more" for one in servers):
        walker.ask("DELETE", f"{CONFIGURATION}/servers/more", **query)
    else:
        walker.ask("POST", f"{CONFIGURATION}/servers", server("more"), **query)
    walker.measured("PUT", f"{SERVICES}/transactions/{identifier}")


def change_elsewhere(walker: Walker) -> None:
    """Commit a backend, and the next time that it is gone again; nothing of the servers is read."""
    walker.number += 1
    if walker.number % 2:
        walker.ask("POST", f"{CONFIGURATION}/backends", {"name": "more"}, version=walker.version())
    else:
        walker.ask("DELETE", f"{CONFIGURATION}/backends/more", version=walker.version())


def runtime_change(walker: Walker) -> None:
    state = {"admin_state": "maint" if walker.number % 2 else "ready"}
    walker.measured("PUT", f"{SERVICES}/runtime/servers/s1", state, backend="be0")


TRIPS: dict[str, Callable[[Walker], None]] = {
    "GET of servers": first_get,
    "the same again": same_get,
    "POST of a server in a transaction": post,
    "POST of nine properties": post_of_nine,
    "PUT of a server": put_server,
    "PUT of a backend": put_backend,
    "commit": change,
    "runtime change": runtime_change,
}


def main(configuration: str, settings: str) -> None:
    from dataplane_core import __file__ as core
    from dataplane_core.app import create_app
    from dataplane_core.settings import load

    arguments = ["-f", settings, "--config-file", configuration]
    walker = Walker(create_app(load(arguments, os.environ)), Path(core).parents[1])
    for line in sys.stdin:
        trip, measure = json.loads(line)
        print(json.dumps(walker.walk(trip, measure)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
