"""Maps of many entries in a running HAProxy: upload, list, one more."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime_client import RuntimeClient
from tests.bench.run import Run
from tests.bench.tables import Effort, Row, Table, timed
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.server import ApiServer, Client
from tests.harness.waiting import until

ENTRIES = 100_000
SERVICES = "/v2/services/haproxy"
TEXT = (
    """\
global
  stats socket {folder}/worker.sock level admin
"""
    + DEFAULTS
    + """\
frontend fe
  bind unix@{folder}/fe.sock
  http-request set-header x %[path,map({folder}/maps/big.map)]
"""
)


@contextmanager
def haproxy_with_map(run: Run) -> Iterator[tuple[Path, ApiServer]]:
    """A running HAProxy with an empty map, and a server beside it; with the folder of its sockets."""
    folder = run.new_folder()
    (folder / "maps").mkdir(parents=True)
    (folder / "maps" / "big.map").touch()
    configuration = folder / "haproxy.cfg"
    configuration.write_text(TEXT.format(folder=folder), "utf-8")
    settings = {"dataplaneapi": {"resources": {"maps_dir": str(folder / "maps")}}}
    with (
        HaproxyProcess(run.haproxy, configuration, folder),
        ApiServer(configuration, folder / "server", settings) as server,
    ):
        until((folder / "worker.sock").exists)
        yield folder, server


def running(run: Run) -> list[Table]:
    """Operations on a map of `ENTRIES` entries; lists against HAProxy itself and JSON."""
    with haproxy_with_map(run) as (folder, server):
        return [_measured(run.effort, server.client(), RuntimeClient(_socket(folder)))]


def _socket(folder: Path) -> SocketAddress:
    return SocketAddress(path=str(folder / "worker.sock"))


def _measured(effort: Effort, client: Client, direct: RuntimeClient) -> Table:
    table = Table("Maps that run", ["what", "ms", "HAProxy and JSON (ms)"],
                  limit="a list in at most twice what `show map` and JSON take")  # fmt: skip
    maps, entries = (
        f"{SERVICES}/runtime/maps/big.map",
        f"{SERVICES}/runtime/maps_entries?map=big.map",
    )
    rows = [{"key": f"/path/{number}", "value": f"be_{number % 50}"} for number in range(ENTRIES)]
    upload = timed(lambda: _ask(client, "PUT", maps, 201, rows))
    again = timed(lambda: _ask(client, "PUT", maps, 201, rows))
    name = direct.command("show map").splitlines()[1].split(" ")[0]
    lists, plain = [], []
    for _ in range(max(5, effort.calls // 3)):
        lists.append(timed(lambda: _ask(client, "GET", entries, 200)))
        plain.append(
            timed(lambda: json.dumps(rows)) + timed(lambda: direct.dump(f"show map #{name}"))
        )
    one = timed(lambda: _ask(client, "POST", entries, 201, {"key": "one", "value": "more"}))
    shown, alone = median(lists), median(plain)
    table.rows = [
        Row([f"upload of {ENTRIES} entries", f"{upload:.0f}", ""]),
        Row([f"upload over {ENTRIES} entries", f"{again:.0f}", ""]),
        Row([f"list of {ENTRIES} entries", f"{shown:.0f}", f"{alone:.0f}"], shown <= 2 * alone),
        Row(["one more entry", f"{one:.1f}", ""]),
    ]
    return table


def _ask(client: Client, method: str, path: str, status: int, body: object = None) -> None:
    answer = client.call(method, path, body)
    assert answer.status == status, (path, answer.status, answer.body[:300])
