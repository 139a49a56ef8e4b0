"""Keep scratch processes warm: a few, by the text and the files that they have read."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

from dataplane_core.plugin import (
    DataplaneError,
    Document,
    NamedFiles,
    Registry,
    Services,
    haproxy_program,
)
from dataplane_plugins.changes.simulation.facts import Backend, read_backends
from dataplane_plugins.changes.simulation.folders import sweep
from dataplane_plugins.changes.simulation.process import ScratchProcess
from dataplane_plugins.changes.simulation.rewriting import Rewriting
from dataplane_plugins.changes.simulation.scratch_text import Subject

_MOST = 2
_IDLE_SECONDS = 60.0
_LONGEST_WAIT = 60.0
_LONGEST_LINE = 4000  # characters, which may have four bytes: HAProxy takes 16 KiB
_TABLE = "# table: "


class ScratchBusy(DataplaneError):
    """Others have simulated for too long."""

    status = 503


@dataclass(slots=True, eq=False)
class Warm:
    """A scratch process with what is known of it; one request at a time goes through it.

    `document` is the one that its text was made of: its sections are those of the rules.
    """

    process: ScratchProcess
    document: Document
    files: NamedFiles
    state: object
    backends: dict[str, Backend]
    tables: tuple[str, ...]
    used: float = 0.0
    number: int = 0
    changed: bool = False
    entries: tuple[str, ...] = ()
    state_of: object = None

    def forget(self) -> None:
        """Have the stick tables as at the start, so that no request meets what others have left.

        They are empty then, or hold the `entries` of another process, whose state is `state_of`.
        """
        self.send((*(f"clear table {name}" for name in self.tables), *self.entries))

    def send(self, commands: Iterable[str]) -> None:
        """Send runtime commands, many in one line."""
        line = ""
        for command in commands:
            if len(line) + len(command) > _LONGEST_LINE:
                self.process.command(line)
                line = ""
            line = f"{line};{command}" if line else command
        if line:
            self.process.command(line)

    def is_fresh(self, *, looks: bool) -> bool:
        """Tell whether the process runs, and is as it was when it started.

        Whether its files are the same is found out if one `looks`.
        """
        is_same = self.process.runs and not self.changed
        return is_same and not (looks and self.files.state() != self.state)


class Pool:
    """The scratch processes of this process, at most so many; those not used for long end."""

    def __init__(self, program: Callable[[], str], registry: Registry, config_file: Path) -> None:
        self._program = program
        self._registry = registry
        self._config_file = config_file
        self._warm: dict[str, Warm] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @contextmanager
    def process(self, subject: Subject, variant: str = "", *, looks: bool = True) -> Iterator[Warm]:
        """Give a process for a configuration alone; raises `ScratchFailed` and `ScratchBusy`.

        One `variant` of it never meets the state of another. Whether files have changed is found
        out if one `looks`.
        """
        key = f"{subject.digest} {variant}"
        if not self._lock.acquire(timeout=_LONGEST_WAIT):
            raise ScratchBusy("others are simulating: try again later")
        try:
            warm = self._warm.pop(key, None)
            if warm is not None and not warm.is_fresh(looks=looks):
                warm.process.close()
                warm = None
            while warm is None and len(self._warm) >= _MOST:
                self._warm.pop(next(iter(self._warm))).process.close()
            if warm is None:
                warm = self._start(subject)
            try:
                yield warm
            finally:
                warm.used = time.monotonic()
                self._warm[key] = warm
                self._watch()
        finally:
            self._lock.release()

    def _start(self, subject: Subject) -> Warm:
        files = NamedFiles(self._config_file, subject.document.text())
        state = files.state()
        scratch = Rewriting(self._registry, subject, str(self._config_file.parent)).done()
        process = ScratchProcess(self._program(), scratch)
        with ExitStack() as unless_known:
            unless_known.callback(process.close)
            backends = dict(read_backends(process.command("show stat")))
            found = process.command("show table").splitlines()
            unless_known.pop_all()
        names = [line[len(_TABLE) :].split(",")[0] for line in found if line.startswith(_TABLE)]
        return Warm(process, subject.document, files, state, backends, tuple(names))

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(_IDLE_SECONDS / 2, self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            self._timer = None
            longest = time.monotonic() - _IDLE_SECONDS
            for key in [key for key, one in self._warm.items() if one.used < longest]:
                self._warm.pop(key).process.close()
            if self._warm:
                self._watch()

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            while self._warm:
                with suppress(OSError):
                    self._warm.popitem()[1].process.close()


_POOLS: WeakKeyDictionary[Services, Pool] = WeakKeyDictionary()


def pool_of(services: Services) -> Pool:
    """Return the pool of a server; the first one removes what a killed server has left."""
    known = _POOLS.get(services)
    if known is not None:
        return known
    sweep()
    settings = services.settings
    program = partial(haproxy_program, settings)
    pool = Pool(program, services.registry, Path(settings.haproxy.config_file))
    return _POOLS.setdefault(services, pool)


def close_pools() -> None:
    """End all scratch processes of this process."""
    for pool in list(_POOLS.values()):
        pool.close()
