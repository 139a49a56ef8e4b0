"""HAProxy's Runtime API: one command, one connection, one deadline.

Through the master's socket (Management Guide, section 9.4) a command that begins with `@1` goes to
the current worker: the newest one, also while older ones still end, and the one that was kept when
a reload failed (tried with 2.6 to 3.2).
"""

import logging
import socket
import time
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TypeVar

from dataplane_core.errors import Invalid, RuntimeFailed, RuntimeTimeout, RuntimeUnreachable
from dataplane_core.haproxy import wire
from dataplane_core.haproxy.addresses import SocketAddress, by_process, stats_sockets
from dataplane_core.haproxy.refusals import NotPermitted, refusal_of
from dataplane_core.haproxy.runtime_line import is_done, one_command, packed, with_payload
from dataplane_core.haproxy.timeouts import AGAIN, DEADLINE, Timeouts
from dataplane_core.settings import Settings
from dataplane_core.text.numbers import is_digits

T = TypeVar("T")
Lives = Callable[[], object] | None
log = logging.getLogger(__name__)

BUFFER = 16384
"""HAProxy's `tune.bufsize` unless the configuration says otherwise, in bytes."""
_MARGIN = 1024
_BUFSIZE = "tune.bufsize"
_SIGN = 0.4
"""Seconds for a sign of life from a process that is at work on something long."""


class RuntimeClient:
    """Commands to one HAProxy process, over the first of its `addresses` that takes a connection.

    `prefix` goes before each command: `@1 ` on the master's socket. `substitute` is another way to
    the same process, for commands that no address takes or that their level does not permit.
    Clients of the same process should share their `patience`: deadlines of up to 2 s are cut while
    the process keeps silent.
    """

    def __init__(
        self,
        *addresses: SocketAddress,
        prefix: str = "",
        patience: Timeouts | None = None,
        substitute: "RuntimeClient | None" = None,
    ) -> None:
        self.addresses = addresses
        self.prefix = prefix
        self.substitute = substitute
        self._patience = patience or Timeouts()

    def alone(self) -> "RuntimeClient":
        """Return the same client without its substitute."""
        return RuntimeClient(*self.addresses, prefix=self.prefix, patience=self._patience)

    def command(self, text: str, deadline: float = DEADLINE) -> str:
        """HAProxy's answer to one command, without the empty line that ends it.

        Raises `Invalid` if the text is more than one command, `RuntimeUnreachable`,
        `RuntimeTimeout` when the whole answer is not there after `deadline` seconds,
        `RuntimeRefused`, or `RuntimeFailed` when the connection breaks.
        """
        return self._ask([one_command(text)], deadline)

    def finish(self, text: str, deadline: float) -> str:
        """As `command`, for one that takes long: waited for while HAProxy answers something else.

        The wait for one that was stopped ends after less than 2 s.
        """
        lives = partial(self.command, "show version", _SIGN)
        return self._ask([one_command(text)], deadline, lives)

    def send(self, text: str, payload: str, deadline: float = DEADLINE) -> str:
        """HAProxy's answer to one command with a payload of several lines.

        Raises as `command` does; `Invalid` also for a payload with an empty line, which would end
        it, or with control characters.
        """
        return self._ask([with_payload(one_command(text), payload)], deadline)

    def batch(self, texts: Iterable[str], limit: int, deadline: float = DEADLINE) -> str:
        """Carry out commands in order, many on one line of at most `limit` bytes.

        Returns what HAProxy has to say once it says anything, which for the commands that this is
        for means that one went wrong; the lines behind are not sent then. Raises as `command`
        does; each line has the deadline to itself.
        """
        prefixes = (len(way.prefix) for way in (self, self.substitute) if way)
        lines = packed(map(one_command, texts), limit, max(prefixes))
        answers = (self._ask(line, deadline).strip() for line in lines)
        return next(filter(None, answers), "")

    def stream(self, text: str, deadline: float = DEADLINE) -> Iterator[bytes]:
        """A long answer in pieces as they come, however long it takes as a whole.

        The deadline is for all waiting together; what flows gives time back (`wire.pieces`), so
        a socket that drips holds nobody up for longer than one that hangs. Raises as `command`
        does. Closing the iterator ends the answer.
        """
        begin = partial(RuntimeClient._begin, command=one_command(text))
        first, rest = self._by_any_way(begin, deadline)
        with closing(rest):
            yield first
            yield from rest

    def _begin(self, deadline: float, command: bytes) -> tuple[bytes, Generator[bytes]]:
        """The first piece of a long answer, and those to come."""
        pieces = self._pieces(command, deadline)
        first = next(pieces)
        refusal = refusal_of(first[:500].decode("utf-8", "replace"))
        if refusal is not None:
            pieces.close()
            raise refusal
        return first, pieces

    def _pieces(self, command: bytes, deadline: float) -> Generator[bytes]:
        with self._in_time(deadline) as end:
            connection, address = self._connect(end)
            with connection, wire.connection_named(address):
                wire.send(connection, self._line([command]), end)
                yield from wire.pieces(connection, end - time.monotonic(), deadline)

    def dump(self, text: str, deadline: float = DEADLINE) -> bytes:
        """A long answer whole, without the empty line that ends it; raises as `stream` does."""
        return b"".join(self.stream(text, deadline)).rstrip(b"\n")

    def patience(self, wanted: float) -> float:
        """How many of `wanted` seconds it is worth waiting for this process now."""
        return self._patience.seconds(self._who, wanted)

    def lost(self) -> None:
        """This process was waited for in vain: the next questions are not to wait as long."""
        self._patience.lost(self._who)

    @property
    def _who(self) -> Hashable:
        return self.addresses, self.prefix

    @contextmanager
    def _in_time(self, deadline: float) -> Iterator[float]:
        """The end of the wait for an answer; whether it came by then is remembered."""
        seconds = self.patience(deadline)
        end = time.monotonic() + seconds
        try:
            yield end
        except (RuntimeTimeout, RuntimeUnreachable):
            if seconds >= AGAIN and time.monotonic() >= end:
                self.lost()
            raise
        self._patience.answered(self._who)

    def _line(self, commands: Sequence[bytes]) -> bytes:
        prefix = self.prefix.encode()
        return b";".join(prefix + command for command in commands)

    def _ask(self, commands: Sequence[bytes], deadline: float, lives: Lives = None) -> str:
        ask = partial(RuntimeClient._exchange, commands=commands, lives=lives)
        return self._by_any_way(ask, deadline)

    def _by_any_way(self, ask: Callable[["RuntimeClient", float], T], deadline: float) -> T:
        """Ask over these addresses, else by way of the substitute, in the time that is left."""
        end = time.monotonic() + deadline
        try:
            return ask(self, deadline)
        except (RuntimeUnreachable, NotPermitted) as error:
            if self.substitute is None:
                raise
            try:
                return ask(self.substitute, max(0.01, end - time.monotonic()))
            except RuntimeUnreachable as other:
                said = f"{error.message}; {other.message}"
                if isinstance(error, NotPermitted):
                    raise NotPermitted(said) from None
                denied = error.denied or other.denied
                raise RuntimeUnreachable(said, denied=denied) from None

    def _exchange(self, deadline: float, commands: Sequence[bytes], lives: Lives) -> str:
        with self._in_time(deadline) as end:
            connection, address = self._connect(end)
            with connection, wire.connection_named(address):
                answer = wire.exchange(connection, self._line(commands), address, end, lives)
        refusal = refusal_of(answer)
        if refusal is not None:
            raise refusal
        return answer

    def _connect(self, end: float) -> tuple[socket.socket, SocketAddress]:
        problems, denied = [], False
        for address in self.addresses:
            try:
                return address.connect(max(0.01, end - time.monotonic())), address
            except OSError as error:
                problems.append(f"{address}: {error.strerror or error}")
                denied = denied or isinstance(error, PermissionError)
        reasons = "; ".join(problems) or "no `stats socket` and no master socket is set"
        said = f"HAProxy's runtime socket takes no connection ({reasons})"
        raise RuntimeUnreachable(said, denied=denied)


class Runtime:
    """The Runtime API of the HAProxy that is governed.

    `lines` gives the raw tokens of the lines of `global` as they are now: sockets are looked up
    for each call, so a changed path is found by itself, and nothing waits for a socket to appear.
    """

    def __init__(
        self, settings: Settings, lines: Callable[[], Iterable[Sequence[str]]] = tuple
    ) -> None:
        self._lines = lines
        path = settings.haproxy.master_runtime
        self._patience = patience = Timeouts()
        self.master = RuntimeClient(SocketAddress(path=path), patience=patience) if path else None
        self.deadline = settings.dataplane.runtime_timeout

    def sockets(self) -> list[RuntimeClient]:
        """A client for each HAProxy process: the configured sockets, else by way of the master.

        The master also takes the place of the sockets of its worker: which of several processes
        (`nbproc`, HAProxy up to 2.4) it would reach is not told, so it is nobody's place then.
        """
        patience, worker = self._patience, None
        if self.master is not None:
            worker = RuntimeClient(*self.master.addresses, prefix="@1 ", patience=patience)
        groups = by_process(stats_sockets(self._lines()))
        if not groups:
            return [worker] if worker else []
        worker = worker if len(groups) == 1 else None
        return [RuntimeClient(*one, patience=patience, substitute=worker) for one in groups]

    def processes(self) -> list[RuntimeClient]:
        """A client for each HAProxy process; `RuntimeUnreachable` when no socket is known."""
        clients = self.sockets()
        if not clients:
            raise RuntimeUnreachable(
                "no runtime socket is known: the configuration has no `stats socket` line, and "
                "haproxy.master_runtime is not set"
            )
        return clients

    @property
    def line_limit(self) -> int:
        """The most bytes that HAProxy takes in one line, from `tune.bufsize`."""
        given = [words[1] for words in self._lines() if len(words) > 1 and words[0] == _BUFSIZE]
        size = int(given[-1]) if given and is_digits(given[-1]) else BUFFER
        return max(256, size - _MARGIN)

    def execute(self, text: str, deadline: float | None = None) -> list[str]:
        """The answer of every process to one command; raises as `RuntimeClient.command` does."""
        end = time.monotonic() + (self.deadline if deadline is None else deadline)
        clients = self.processes()
        if len(text.encode("utf-8", "surrogateescape")) > self.line_limit:
            raise Invalid(f"HAProxy's buffer of {self.line_limit + _MARGIN} bytes is too small "
                          "for this command; tune.bufsize sets it")  # fmt: skip
        return [client.command(text, max(0.01, end - time.monotonic())) for client in clients]

    def apply(self, commands: Iterable[str]) -> bool:
        """Carry out commands on every process; True when each of them says that it did.

        Without commands: True when every process can be reached, as nothing is left to do then.
        All together take no longer than the deadline. On any doubt the answer is False, and the
        reload that follows makes good what was done half.
        """
        end = time.monotonic() + self.deadline
        try:
            wanted = list(commands)
            if not wanted:
                self.execute("show info")
            for text in wanted:
                answers = self.execute(text, max(0.01, end - time.monotonic()))
                refusal = next((one for one in answers if not is_done(one)), None)
                if refusal is not None:
                    log.info("HAProxy did not take a change while running: %s", refusal)
                    return False
        except (RuntimeFailed, Invalid) as error:
            log.info("the change needs a reload: %s", error.message)
            return False
        return True
