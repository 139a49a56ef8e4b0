"""Keep scratch processes warm: a few, by the text and the files that they have read."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

from dataplane_core.plugin import (
    Document,
    ForeignFiles,
    NamedFiles,
    Registry,
    Secrets,
    Services,
    dataclass,
    haproxy_program,
    storage_folders,
)
from dataplane_plugins.changes.simulation.admission import Admission, ScratchBusy
from dataplane_plugins.changes.simulation.facts import Backend, read_backends
from dataplane_plugins.changes.simulation.folders import sweep
from dataplane_plugins.changes.simulation.isolation import isolating
from dataplane_plugins.changes.simulation.prelude import refuse_compiled
from dataplane_plugins.changes.simulation.process import SCRATCH_NAME, ScratchFailed, ScratchProcess
from dataplane_plugins.changes.simulation.rewriting import Rewriting
from dataplane_plugins.changes.simulation.scratch_text import Subject

_MOST = 2
_IDLE_SECONDS = 60.0
_LONGEST_WAIT = 60.0
_RESERVE = 64  # bytes of a buffer that a command leaves
_SHARE = 4  # of a buffer, that commands in one line fill
_TABLE = "# table: "


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
        """Send runtime commands, many in one line; raises `ScratchFailed`.

        Up to 3.0 each command has to go into HAProxy's buffer, from then on the line has to.
        """
        buffer = self.process.scratch.buffer
        line: list[str] = []
        size = 0
        for command in commands:
            needs = len(command.encode("utf-8", "surrogateescape")) + 1
            if needs + _RESERVE > buffer:
                what = " ".join(command.split(" ")[:2])
                raise ScratchFailed(f"{what}: its entry does not go into tune.bufsize ({buffer})")
            if line and size + needs > buffer // _SHARE:
                self.process.command(";".join(line))
                line, size = [], 0
            line.append(command)
            size += needs
        if line:
            self.process.command(";".join(line))

    def is_fresh(self, *, looks: bool) -> bool:
        """Tell whether the process runs, and is as it was when it started.

        Whether its files are the same is found out if one `looks`.
        """
        is_same = self.process.runs and not self.changed
        return is_same and not (looks and self.files.state() != self.state)


class Pool:
    """The scratch processes of this process, at most so many; those not used for long end.

    Whoever asks for several requests holds a place of `admission`, of which there are `calls`.
    What files outside of the folders `stored` hold is not told.
    """

    def __init__(
        self,
        program: Callable[[], str],
        registry: Registry,
        config_file: Path,
        calls: int = 1,
        stored: Iterable[str] = (),
    ) -> None:
        self._foreign = ForeignFiles(SCRATCH_NAME, stored)
        self._secrets = Secrets(registry)
        self.admission = Admission(calls)
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
        out if one `looks`. Another program than that of a process has a process of its own.
        """
        program = self._program()
        key = f"{subject.digest} {variant} {_identity(program)}"
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
                warm = self._start(subject, program)
            try:
                yield warm
            finally:
                warm.used = time.monotonic()
                self._warm[key] = warm
                self._watch()
        finally:
            self._lock.release()

    def _start(self, subject: Subject, program: str) -> Warm:
        files = NamedFiles(self._config_file, subject.document.text())
        state = files.state()
        if not isolating():
            refuse_compiled(path for path, *_ in state)
        scratch = Rewriting(self._registry, subject, str(self._config_file.parent)).done()
        process = ScratchProcess(program, scratch, self._foreign, self._secrets)
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


def _identity(program: str) -> str:
    """Return what is otherwise once HAProxy was installed anew."""
    try:
        found = os.stat(program)
    except OSError:  # whoever starts it is told
        return ""
    return f"{found.st_dev} {found.st_ino} {found.st_mtime_ns}"


_POOLS: WeakKeyDictionary[Services, dict[str, Pool]] = WeakKeyDictionary()


def pool_of(services: Services) -> Pool:
    """Return the pool of a server for those who ask; a quarter of its threads may wait for it."""
    return _pool(services, "questions", 4)


def gate_pool_of(services: Services) -> Pool:
    """Return the pool of a server for its changes, which never wait for those who only ask."""
    return _pool(services, "changes", 2)


def _pool(services: Services, purpose: str, part: int) -> Pool:
    """Return a pool of a server; the first one removes what a killed server has left."""
    pools = _POOLS.setdefault(services, {})
    if purpose not in pools:
        if not pools:
            sweep()
        settings = services.settings
        calls = max(1, settings.dataplane.threads // part)
        program = partial(haproxy_program, settings)
        file, stored = Path(settings.haproxy.config_file), storage_folders(settings)
        pool = Pool(program, services.registry, file, calls, stored)
        return pools.setdefault(purpose, pool)
    return pools[purpose]


def close_pools() -> None:
    """End all scratch processes of this process."""
    for pools in list(_POOLS.values()):
        for pool in list(pools.values()):
            pool.close()
