"""Whether HAProxy runs, where no command of the settings tells."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dataplane_core.haproxy.control import Control, status_by_sockets
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.testing import FakeRuntime
from tests.haproxy.support import configured
from tests.harness.haproxy import HaproxyProcess
from tests.harness.waiting import until

WORKER = "7 master 1 [failed: 0] 0d00h00m16s 2.8\n9 worker 0 0d00h00m16s 2.8\n"
MASTER_ALONE = "7 master 1 [failed: 1] 0d00h00m16s 2.8\n"


def runtime(folder: Path, *sockets: Path, **given: object) -> Runtime:
    lines = [("stats", "socket", str(path), "process", str(at)) for at, path in enumerate(sockets, 1)]
    return Runtime(configured(folder, **given), lambda: lines)


def test_without_anything_to_ask_nothing_is_known(tmp_path: Path) -> None:
    assert status_by_sockets(runtime(tmp_path)) == "unknown"


def test_what_refuses_or_is_gone_is_down(tmp_path: Path) -> None:
    dead = tmp_path / "dead"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(dead))
    gone = tmp_path / "gone"
    assert status_by_sockets(runtime(tmp_path, gone)) == "down"
    assert status_by_sockets(runtime(tmp_path, dead, gone)) == "down"
    assert status_by_sockets(runtime(tmp_path, master_runtime=str(gone))) == "down"


@pytest.mark.parametrize("told", ["Name: HAProxy\n", "Permission denied\n"])
def test_one_answer_of_any_kind_is_enough(tmp_path: Path, told: str) -> None:
    with FakeRuntime(tmp_path / "one", {"show info": told}) as fake:
        asked = runtime(tmp_path, tmp_path / "gone", fake.path, master_runtime=str(tmp_path / "m"))
        assert status_by_sockets(asked) == "up"


@pytest.mark.parametrize(("rows", "status"), [(WORKER, "up"), (MASTER_ALONE, "down")])
def test_a_master_without_workers_serves_nobody(tmp_path: Path, rows: str, status: str) -> None:
    replies = {"show proc": rows, "@1 show info": "Can't find the target PID matching the prefix"}
    if status == "up":
        replies["@1 show info"] = "Name: HAProxy"
    with FakeRuntime(tmp_path / "m", replies) as fake:
        assert status_by_sockets(runtime(tmp_path, master_runtime=str(fake.path))) == status


def test_who_hangs_is_down(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "h", hangs=True) as fake:
        assert status_by_sockets(runtime(tmp_path, fake.path)) == "down"


def test_a_socket_that_may_not_be_used_tells_nothing(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    code = (
        "import os, pathlib; from tests.haproxy.test_status import *\n"
        "os.setgid(65534); os.setuid(65534)\n"
        f"print(status_by_sockets(runtime(pathlib.Path('/'), pathlib.Path({str(tmp_path)!r}) / 's')))"
    )
    tmp_path.chmod(0o700)
    with FakeRuntime(tmp_path / "s", {"show info": ""}):
        said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said == "unknown\n"


@pytest.mark.haproxy
def test_of_a_real_haproxy_without_any_command(own_haproxy: HaproxyProcess) -> None:
    socket_path = own_haproxy.folder / "worker.sock"
    for given in ({}, {"master_runtime": str(own_haproxy.master)}, {"reload__status_cmd": "/no/x"}):
        settings = configured(own_haproxy.folder, **given)
        asked = Control(settings, runtime(own_haproxy.folder, socket_path, **given))
        assert asked.status() == "up"
    assert own_haproxy.process is not None
    own_haproxy.process.kill()
    until(lambda: asked.status() == "down")
    assert Control(configured(own_haproxy.folder), runtime(own_haproxy.folder, socket_path)).status() == "down"
