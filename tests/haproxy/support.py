"""Small pieces that the tests of HAProxy's side share."""

import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from dataplane_core.haproxy.reload import ReloadQueue, ReloadRecord
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.settings import Settings
from dataplane_core.store.journal.reloads import ReloadTable
from dataplane_core.store.journal.state import State
from tests.harness.haproxy import DEFAULTS
from tests.harness.waiting import until

VERSIONS = ("2.6", "2.8", "3.0", "3.2")

CONFIGURATION = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe
  bind {folder}/fe.sock
  http-request set-header x %[path,map({folder}/words.map)]
  default_backend be
backend be
  server s1 127.0.0.1:9 weight 10 agent-check agent-port 9 agent-inter 60s
  server s2 127.0.0.1:9
  server s3 127.0.0.1:9 weight 10
"""


def configured(folder: Path, **given: object) -> Settings:
    """Settings on `folder`/haproxy.cfg; `reload__reload_cmd` stands for `haproxy.reload.reload_cmd`."""
    values: dict[str, object] = {"haproxy.config_file": str(folder / "haproxy.cfg")}
    for name, value in given.items():
        values["haproxy." + name.replace("__", ".")] = value
    return Settings.default().replace(**values)


def script(path: Path, body: str) -> Path:
    """An executable shell script."""
    path.write_text("#!/bin/sh\n" + body + "\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def alive(pid: int) -> bool:
    """Whether a process has a thread that may run: the first can be gone before the others."""
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            stat = thread.read_text()
        except (ProcessLookupError, FileNotFoundError):
            continue
        if stat.rsplit(")", 1)[1].split()[0] not in "ZX":
            return True
    return False


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process none of whose threads runs: the signal takes a moment."""
    os.kill(pid, signal.SIGSTOP)
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    for thread in threads:
        until(lambda: thread.read_text().rpartition(") ")[2].startswith("T"))  # noqa: B023
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class FakeFiles:
    """What a reload loads: version 0, of which nothing can be put back."""

    def newest_version(self) -> int:
        return 0

    def accept(self, record: ReloadRecord) -> None:
        pass

    def put_back_files(self, record: ReloadRecord) -> list[str]:
        return []

    def put_back_text(self, record: ReloadRecord) -> int | None:
        return None


def queue_of(settings: Settings, state: State, told: Callable[..., object] | None = None) -> ReloadQueue:
    """A queue that tells `told` of each reload that is over."""
    reload = settings.haproxy.reload
    table = ReloadTable(state, reload.reload_delay, reload.reload_retention)
    hooks = SimpleNamespace(dataplane_reloaded=told or (lambda record: None))
    return ReloadQueue(settings, state, table, Runtime(settings), hooks, FakeFiles())


def loads(queue: ReloadQueue, **methods: Callable[..., object]) -> None:
    """Have the files of a queue answer otherwise."""
    vars(queue.files).update(methods)
