"""Send commands to one HAProxy process: one deadline for each, and in general one connection.

A command takes this way: the text is checked to be exactly one command (`runtime_protocol`), the
time to wait is cut where the process has just kept silent (`timeouts`), the first address that
takes a connection gets the line (`wire`), and an answer that refuses the command is raised. Short
commands that come often go over connections that are kept (`kept`), if there are such. Where
no address takes a connection, or the level of the socket does not permit the command, the
substitute is asked in the time that is left.
"""

import socket
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TypeVar

from dataplane_core.errors import RuntimeFailed, RuntimeTimeout, RuntimeUnreachable
from dataplane_core.haproxy import wire
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.kept import KeptConnections, NotCarriedOut
from dataplane_core.haproxy.runtime_protocol import (
    NotPermitted,
    is_question,
    is_single,
    is_success,
    one_command,
    packed,
    refusal_of,
    usual_answer,
    with_payload,
)
from dataplane_core.haproxy.timeouts import AGAIN, DEADLINE, Timeouts
from dataplane_core.hooks.time_limit import is_given_up
from dataplane_core.store.rehearsal import note_sent, rehearsing

T = TypeVar("T")
Probe = Callable[[], object] | None
Count = Callable[[str], object]
"""Is told what became of each exchange: `answered`, `timeout`, `unreachable` or `failed`."""

_RESULTS = {RuntimeTimeout: "timeout", RuntimeUnreachable: "unreachable"}
_PROBE_SECONDS = 0.4
"""Seconds for a sign of life from a process that is at work on something long."""


class RuntimeClient:
    """Commands to one HAProxy process, over the first of its `addresses` that takes a connection.

    `prefix` goes before each command: `@1 ` on a master's socket. `substitute` is another way to
    the same process. Clients of one process should share their `timeouts`: deadlines of up to 2 s
    are cut while the process keeps silent. `kept` are connections to the first address. `count` is
    told of each exchange.

    Deadlines are in seconds, and are for connecting, sending and the whole answer. Commands raise
    `Invalid` for a text that is not one command, `RuntimeUnreachable` where no address takes a
    connection, `RuntimeTimeout`, `RuntimeRefused` where HAProxy does not know or permit the
    command, and `RuntimeFailed` when the connection breaks.
    """

    def __init__(
        self,
        *addresses: SocketAddress,
        prefix: str = "",
        timeouts: Timeouts | None = None,
        substitute: "RuntimeClient | None" = None,
        kept: KeptConnections | None = None,
        count: Count | None = None,
    ) -> None:
        self.addresses = addresses
        self.prefix = prefix
        self.substitute = substitute
        self.kept = kept
        self._timeouts = timeouts or Timeouts()
        self._count = count or uncounted
        self._process = addresses, prefix

    def alone(self) -> "RuntimeClient":
        """Return the same client without its substitute."""
        return RuntimeClient(
            *self.addresses, prefix=self.prefix, timeouts=self._timeouts, count=self._count
        )

    def command(self, text: str, deadline: float = DEADLINE) -> str:
        """Return HAProxy's answer to one command, without the empty line that ends it."""
        return self._ask([one_command(text)], deadline)

    def finish(self, text: str, deadline: float, payload: str = "") -> str:
        """Return the answer to a command that takes long, for which `command` would give up.

        A `payload` goes with it as `send` does that. While HAProxy is silent it is asked for its
        version: as long as it answers that, the command is waited for until `deadline`. A process
        that was stopped is given up after less than 2 s.
        """
        probe = partial(self.command, "show version", _PROBE_SECONDS)
        command = one_command(text)
        whole = with_payload(command, payload) if payload else command
        return self._ask([whole], deadline, probe)

    def send(self, text: str, payload: str, deadline: float = DEADLINE) -> str:
        """Return HAProxy's answer to one command with a payload of several lines.

        Raises `Invalid` also for a payload with an empty line, which would end the payload, or with
        control characters.
        """
        return self._ask([with_payload(one_command(text), payload)], deadline)

    def batch(self, texts: Iterable[str], limit: int, deadline: float = DEADLINE) -> str:
        """Carry out commands in order, many on one line of at most `limit` bytes.

        Return the first answer that is not empty: the commands that this is for say nothing when
        they succeed. Lines behind such an answer are not sent. Each line has the deadline to
        itself.
        """
        prefixes = (len(way.prefix) for way in (self, self.substitute) if way)
        lines = packed(map(one_command, texts), limit, max(prefixes))
        answers = (self._ask(line, deadline).strip() for line in lines)
        return next(filter(None, answers), "")

    def carry_out(self, texts: Iterable[str], limit: int, deadline: float = DEADLINE) -> str:
        """Carry out changes, many on one line of at most `limit` bytes, all within the deadline.

        Return the first words that say that one was not carried out, "" if all were. Lines behind
        such words are not sent.
        """
        end = time.monotonic() + deadline
        prefixes = (len(way.prefix) for way in (self, self.substitute) if way)
        for line in packed(map(one_command, texts), limit, max(prefixes)):
            answers = self._ask(line, max(0.01, end - time.monotonic())).splitlines()
            refusal = next((one for one in answers if not is_success(one.strip())), "")
            if refusal:
                return refusal
        return ""

    def stream(self, text: str, deadline: float = DEADLINE) -> Iterator[bytes]:
        """Yield a long answer in pieces as they come, however long it takes as a whole.

        The deadline is for all waiting together, and what flows gives time back (`wire.pieces`): a
        socket that drips holds nobody up for longer than one that hangs. Closing the iterator ends
        the answer.
        """
        begin = partial(RuntimeClient._begin_stream, command=one_command(text))
        first, rest = self._by_any_way(begin, deadline)
        with closing(rest):
            yield first
            yield from rest

    def dump(self, text: str, deadline: float = DEADLINE) -> bytes:
        """Return a long answer whole, without the empty line that ends it; see `stream`."""
        return b"".join(self.stream(text, deadline)).rstrip(b"\n")

    def seconds_to_wait(self, wanted: float) -> float:
        """Return how many of `wanted` seconds this process is worth waiting for now."""
        return self._timeouts.seconds(self._process, wanted)

    def note_silence(self) -> None:
        """Remember that this process was waited for in vain."""
        self._timeouts.note_silence(self._process)

    def _ask(self, commands: Sequence[bytes], deadline: float, probe: Probe = None) -> str:
        if not all(map(is_question, commands)):
            if is_given_up():
                raise RuntimeFailed("the plugin took too long, and may send no more commands")
            lines = (command.partition(b"\n")[0] for command in commands)
            said = [line.decode("utf-8", "surrogateescape") for line in lines]
            if (noted := rehearsing()) is not None:
                noted.commands.extend(said)
                return usual_answer(commands[0])
            note_sent(said)
        ask = partial(RuntimeClient._exchange, commands=commands, probe=probe)
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
                raise _both(error, other) from None

    def _exchange(self, deadline: float, commands: Sequence[bytes], probe: Probe) -> str:
        """Send commands on one line over one connection, and return the answer."""
        with self._in_time(deadline) as end:
            answer = self._over_kept(commands, end) if probe is None else None
            if answer is None:
                connection, address = self._connect(end)
                with connection, wire.connection_errors(address):
                    answer = wire.exchange(connection, self._line(commands), address, end, probe)
        refusal = refusal_of(answer)
        if refusal is not None:
            raise refusal
        return answer

    def _over_kept(self, commands: Sequence[bytes], end: float) -> str | None:
        """Return the answer to one command over a kept connection; None where that is not possible.

        It is not, either, where the worker turns out to be an old one: what it did is lost with it.
        """
        if self.kept is None or len(commands) > 1 or not is_single(commands[0]):
            return None
        try:
            connection = self.kept.take(max(0.01, end - time.monotonic()))
        except OSError:
            return None
        if connection is None:
            return None
        was_fresh, current = connection.fresh, False
        try:
            answer, current = connection.ask(commands[0], end)
        except NotCarriedOut:
            return None
        except OSError as error:
            raise wire.failure_of(error, connection.address) from error
        finally:
            (self.kept.give_back if current else self.kept.drop)(connection)
        return answer if current or was_fresh else None

    def _begin_stream(self, deadline: float, command: bytes) -> tuple[bytes, Generator[bytes]]:
        """Return the first piece of a long answer, and those to come."""
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
            with connection, wire.connection_errors(address):
                wire.send(connection, self._line([command]), end)
                yield from wire.pieces(connection, end - time.monotonic(), deadline)

    @contextmanager
    def _in_time(self, deadline: float) -> Iterator[float]:
        """Give the moment until which to wait, and remember whether the answer came by then."""
        seconds = self.seconds_to_wait(deadline)
        end = time.monotonic() + seconds
        try:
            yield end
        except RuntimeFailed as error:
            self._count(_RESULTS.get(type(error), "failed"))
            silent = isinstance(error, RuntimeTimeout | RuntimeUnreachable)
            if silent and seconds >= AGAIN and time.monotonic() >= end:
                self.note_silence()
            raise
        self._count("answered")
        self._timeouts.note_answer(self._process)

    def _connect(self, end: float) -> tuple[socket.socket, SocketAddress]:
        """Return a connection to the first address that takes one, and the address."""
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

    def _line(self, commands: Sequence[bytes]) -> bytes:
        prefix = self.prefix.encode()
        return b";".join(prefix + command for command in commands)


def uncounted(result: str) -> None:
    """Count nothing."""


def _both(
    error: RuntimeUnreachable | NotPermitted, other: RuntimeUnreachable
) -> RuntimeUnreachable | NotPermitted:
    """Return one failure that says why neither a client nor its substitute could be asked."""
    said = f"{error.message}; {other.message}"
    if isinstance(error, NotPermitted):
        return NotPermitted(said)
    return RuntimeUnreachable(said, denied=error.denied or other.denied)
