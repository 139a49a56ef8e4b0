"""The HAProxy of the dialogue `runtime`: its file, what the file names, and its first traffic."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until

TEXT = """\
# _version=1
global
  stats socket @DIR@/h.sock level admin
  stats timeout 2m

defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
peers pl
  peer vm 127.0.0.1:18999

frontend fe
  default_backend be
  bind 127.0.0.1:18080
  acl a1 src -f @DIR@/a.acl
  http-request set-header X %[path,map(@DIR@/maps/m.map)] if a1
  http-request track-sc0 src table st

backend be
  balance roundrobin
  default-server check inter 500ms
  server s1 127.0.0.1:18081 weight 10
  server s2 127.0.0.1:18082 disabled

backend st
  stick-table type ip size 1k expire 10m store gpc0,http_req_cnt,http_req_rate(10s)
"""
"""The lines of what the story asks for stand where they stood: descriptions name their numbers."""
FILES = {"a.acl": "10.0.0.1\n10.0.0.2\n", "maps/m.map": "k1 v1\nk2 v2\n"}
REQUESTS = 3
"""What the recorded HAProxy had been asked by 127.0.0.1."""


def places(folder: Path) -> dict[str, str]:
    """Names that belonged to the recorded machine, with ours."""
    return {
        "@DIR@/h.cfg": f"{folder}/haproxy.cfg",
        "peer vm ": f"peer {socket.gethostname()} ",
        "127.0.0.1:18080": f"127.0.0.1:{free_port()}",
        "127.0.0.1:18999": f"127.0.0.1:{free_port()}",
    }


@contextmanager
def balancer(program: str, folder: Path, address: str) -> Iterator[None]:
    """HAProxy on the file in `folder`, once it has answered its first requests at `address`."""
    with HaproxyProcess(program, folder / "haproxy.cfg", folder):
        until((folder / "h.sock").exists)
        until(lambda: _listens(address))
        for _ in range(REQUESTS):
            _ask(address)
        yield


def _listens(address: str) -> bool:
    with socket.socket() as probe:
        host, _, port = address.rpartition(":")
        return probe.connect_ex((host, int(port))) == 0


def _ask(address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()
