"""One entry of a map at run time, added and read, against a bare client on a kept socket."""

import json
import socket
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime_client import RuntimeClient
from tests.bench.load import PATIENCE, Connection, request
from tests.bench.run import Run
from tests.bench.running import ENTRIES, SERVICES, haproxy_with_map
from tests.bench.tables import Row, Table, in_turn, medians, ratio, timed

LIMIT = 1.5
PROMPT = b"\n> "
USER = "admin:adminpwd"
HTTP = f"{SERVICES}/runtime/maps_entries"


class Bare:
    """A Runtime API socket that is kept: the prompt says where an answer ends."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.command("prompt")

    def command(self, command: str) -> bytes:
        self.socket.sendall(command.encode() + b"\n")
        told = b""
        while not told.endswith(PROMPT):
            part = self.socket.recv(1 << 16)
            assert part, "HAProxy closed the connection"
            told += part
        return told


def entries(run: Run) -> list[Table]:
    """The whole request over a kept connection, and the part that speaks to HAProxy."""
    heads = ["one entry", "by", "ms", "bare client (ms)", "ratio", "limit"]
    table = Table(
        f"One entry of a map of {ENTRIES}",
        heads,
        limit=f"the whole request ≤ {LIMIT} times the bare client",
    )
    with haproxy_with_map(run) as (folder, server):
        rows = [
            {"key": f"/path/{number}", "value": f"be_{number % 50}"} for number in range(ENTRIES)
        ]
        made = server.client().call("PUT", f"{SERVICES}/runtime/maps/big.map", rows)
        assert made.status == 201, made.body[:300]
        path = folder / "worker.sock"
        own = RuntimeClient(SocketAddress(path=str(path)))
        shown = own.command("show map").splitlines()
        name = "#" + next(line for line in shown if "big.map" in line).split(" ")[0]
        _measure(run, table, _Ways(server.port, own, Bare(path), name))
    return [table]


class _Ways:
    """Three ways to add an entry, and to read one."""

    def __init__(self, port: int, own: RuntimeClient, bare: Bare, name: str) -> None:
        self.http, self.own, self.bare, self.name = Connection(port), own, bare, name
        self._new = count()

    def http_add(self) -> None:
        body = json.dumps({"key": f"/new/{next(self._new)}", "value": "more"}).encode()
        told = self.http.exchange(request(f"{HTTP}?map=big.map", USER, "POST", body))
        assert told.startswith(b"HTTP/1.1 201"), told

    def http_read(self) -> None:
        told = self.http.exchange(request(f"{HTTP}/%2Fpath%2F70000?map=big.map", USER))
        assert told.startswith(b"HTTP/1.1 200"), told

    def http_alone(self) -> None:
        told = self.http.exchange(request(f"{SERVICES}/configuration/version", USER))
        assert told.startswith(b"HTTP/1.1 200"), told

    def own_add(self) -> None:
        self.own.command(f"add map {self.name} /new/{next(self._new)} more")

    def own_read(self) -> None:
        assert "found=yes" in self.own.command(f"get map {self.name} /path/70000")

    def bare_add(self) -> None:
        self.bare.command(f"add map {self.name} /new/{next(self._new)} more")

    def bare_read(self) -> None:
        assert b"found=yes" in self.bare.command(f"get map {self.name} /path/70000")


def _measure(run: Run, table: Table, ways: _Ways) -> None:
    calls = run.effort.calls * 10
    sides: dict[str, tuple[Callable[[], None], ...]] = {
        "added": (ways.http_add, ways.own_add, ways.http_alone, ways.bare_add),
        "read": (ways.http_read, ways.own_read, ways.http_alone, ways.bare_read),
    }
    for what, ways_of in sides.items():
        for side in ways_of:
            side()
        rounds = in_turn(calls, *(partial(timed, side) for side in ways_of))
        spent = medians(rounds)
        said = ("the whole request", "our client of the Runtime API alone", "a GET of the version")
        for place, name in enumerate(said):
            reached = ratio([[one[place], one[-1]] for one in rounds])
            cells = [what, name, f"{spent[place]:.3f}", f"{spent[-1]:.3f}", f"{reached:.1f}"]
            limited = place == 0
            limit = f"≤ {LIMIT}" if limited else ""
            table.rows.append(Row([*cells, limit], reached <= LIMIT if limited else None))
