"""The Runtime API of the HAProxy that is governed: its processes, and all of them at once.

Through the master's socket (Management Guide, section 9.4) a command that begins with `@1` goes to
the current worker: the newest one, also while older ones still end, and the one that was kept when
a reload failed (tried with 2.6 to 3.2).
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from dataplane_core.errors import Invalid, RuntimeFailed, RuntimeUnreachable
from dataplane_core.haproxy.addresses import SocketAddress, StatsSocket, by_process, stats_sockets
from dataplane_core.haproxy.kept import KeptConnections
from dataplane_core.haproxy.runtime_client import RuntimeClient, uncounted
from dataplane_core.haproxy.runtime_protocol import is_success
from dataplane_core.haproxy.timeouts import Timeouts
from dataplane_core.settings import Settings
from dataplane_core.store.journal.counters import Counters
from dataplane_core.text.numbers import is_digits

log = logging.getLogger(__name__)

BUFFER = 16384
"""Bytes of HAProxy's `tune.bufsize` where the configuration sets none."""
_MARGIN = 1024  # bytes of the buffer that no command may fill
_SHORT = 256  # bytes of a command that fits whatever the configuration says
_BUFSIZE = "tune.bufsize"
_FEW = 8
"""Commands that are sent one by one, over a connection that is kept."""


class Runtime:
    """The Runtime API of the HAProxy that is governed.

    `lines` returns the raw tokens of the lines of `global` as they are now, in the same object if
    nothing changed. Sockets are looked up for each call: a changed path is found by itself, and
    nothing waits for a socket to appear.
    `master` is a client of the master's own socket, None where the settings name none; `deadline`
    is the setting `runtime_timeout`, in seconds. `counters` get the commands, by what became of
    them.
    """

    def __init__(
        self,
        settings: Settings,
        lines: Callable[[], Iterable[Sequence[str]]] = tuple,
        counters: Counters | None = None,
    ) -> None:
        self._lines = lines
        path = settings.haproxy.master_runtime
        self._count = uncounted if counters is None else partial(counters.add, "runtime_calls")
        self._timeouts = timeouts = Timeouts()
        master = SocketAddress(path=path)
        self.master = (
            RuntimeClient(master, timeouts=timeouts, count=self._count) if path else None
        )
        self.deadline = settings.dataplane.runtime_timeout
        self._workers = settings.dataplane.workers
        self._kept: dict[SocketAddress, KeptConnections] = {}
        self._known: tuple[object, list[RuntimeClient]] = (None, [])

    def sockets(self) -> list[RuntimeClient]:
        """Return a client for each HAProxy process; none where no socket is known.

        A process is reached over the sockets that the configuration names, and by way of the master
        where these fail or where there are none. With several processes (`nbproc`, HAProxy up to
        2.4) nothing tells which of them the master reaches, so there it is no substitute.
        """
        lines = self._lines()
        known, clients = self._known
        if lines is not known:
            clients = self._clients(by_process(stats_sockets(lines)))
            self._known = lines, clients
        return list(clients)

    def _clients(self, groups: Sequence[Sequence[StatsSocket]]) -> list[RuntimeClient]:
        timeouts, worker = self._timeouts, None
        if self.master is not None:
            worker = RuntimeClient(
                *self.master.addresses, prefix="@1 ", timeouts=timeouts, count=self._count
            )
        if not groups:
            return [worker] if worker else []
        substitute = worker if len(groups) == 1 else None
        clients = []
        for group in groups:
            addresses, kept = (one.address for one in group), self._connections(group[0])
            client = RuntimeClient(
                *addresses, timeouts=timeouts, substitute=substitute, kept=kept, count=self._count
            )
            clients.append(client)
        return clients

    def _connections(self, one: StatsSocket) -> KeptConnections | None:
        """Return the connections that are kept to a socket; None where none are.

        The workers of this server together leave half of what HAProxy serves at once to others. A
        socket that is no file does not show that it is still the same.
        """
        most = one.connections // 2 // self._workers
        if not most or not one.address.path.startswith("/"):
            return None
        known = self._kept.get(one.address)
        if known is None or known.most != most:
            known = self._kept[one.address] = KeptConnections(one.address, most)
        return known

    def processes(self) -> list[RuntimeClient]:
        """Return what `sockets` does; raises `RuntimeUnreachable` when no socket is known."""
        clients = self.sockets()
        if not clients:
            raise RuntimeUnreachable(
                "no runtime socket is known: the configuration has no `stats socket` line, and "
                "haproxy.master_runtime is not set"
            )
        return clients

    def memory(self) -> dict[Any, Any]:
        """Return where to note what the first process told and does not change while it runs.

        Where no connection to it is kept the notes are lost at once.
        """
        kept = self.processes()[0].kept
        return {} if kept is None else kept.memory

    @property
    def line_limit(self) -> int:
        """The most bytes that HAProxy takes in one line: `tune.bufsize`, less its own share."""
        given = [words[1] for words in self._lines() if len(words) > 1 and words[0] == _BUFSIZE]
        size = int(given[-1]) if given and is_digits(given[-1]) else BUFFER
        return max(_SHORT, size - _MARGIN)

    def execute(self, text: str, deadline: float | None = None) -> list[str]:
        """Return the answer of every process to one command, within `deadline` seconds for all.

        Raises as `RuntimeClient.command`, and `Invalid` for a command that is longer than a line.
        """
        end = time.monotonic() + (self.deadline if deadline is None else deadline)
        clients = self.processes()
        size = len(text.encode("utf-8", "surrogateescape"))
        if size > _SHORT and size > self.line_limit:
            raise Invalid(f"HAProxy's buffer of {self.line_limit + _MARGIN} bytes is too small "
                          "for this command; tune.bufsize sets it")  # fmt: skip
        return [client.command(text, max(0.01, end - time.monotonic())) for client in clients]

    def apply(self, commands: Iterable[str]) -> bool:
        """Carry out commands on every process; return True when each process says that it did.

        All commands together take no longer than `self.deadline`. Without commands nothing is left
        to do, and True means that every process can be reached. On any doubt the answer is False:
        the reload that follows makes good what was done half.
        """
        end = time.monotonic() + self.deadline
        try:
            wanted = list(commands)
            if not wanted:
                self.execute("show info")
            ask = self._one_by_one if len(wanted) <= _FEW else self._at_once
            refusal = next(filter(None, ask(wanted, end)), "")
            if refusal:
                log.info("HAProxy did not take a change while running: %s", refusal)
                return False
        except (RuntimeFailed, Invalid) as error:
            log.info("the change needs a reload: %s", error.message)
            return False
        return True

    def _one_by_one(self, commands: Sequence[str], end: float) -> Iterator[str]:
        """Yield what each process says to each command, "" for a success."""
        for text in commands:
            answers = self.execute(text, max(0.01, end - time.monotonic()))
            yield from ("" if is_success(one) else one for one in answers)

    def _at_once(self, commands: Sequence[str], end: float) -> Iterator[str]:
        """Yield what each process says to many commands: the first refusal, "" for none.

        A command on a line of its own takes longer to come and go than HAProxy works on it.
        """
        limit = self.line_limit
        for client in self.processes():
            yield client.carry_out(commands, limit, max(0.01, end - time.monotonic()))
