"""HAProxy's Runtime API: one command, one connection, one deadline.

Management Guide, section 9.3 ("Unix Socket commands"): a connection takes one line and is closed
after the answer; words are separated by blanks, `;` separates commands, a last word `<<` announces
a payload, and a backslash takes the meaning from the character behind it. Quotes mean nothing.
Through the master's socket (section 9.4) a line that begins with `@1` goes to the current worker.
"""

import logging
import re
import socket
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from dataplane_core.errors import (
    Code,
    Invalid,
    RuntimeFailed,
    RuntimeTimeout,
    RuntimeUnreachable,
)
from dataplane_core.haproxy import wire
from dataplane_core.haproxy.addresses import Address, by_process, stats_sockets
from dataplane_core.haproxy.patience import AGAIN, DEADLINE, Patience
from dataplane_core.settings import Settings
from dataplane_core.text.numbers import is_digits
from dataplane_core.text.tokens import CONTROL

log = logging.getLogger(__name__)

_SIMPLE = re.compile(r"[A-Za-z0-9_./:@%=,+-]+")  # most of what is sent; no escape is needed
_ESCAPED = re.compile(r"[\\; <]")
_PLAIN = re.compile(r"(?:[^\\;]|\\.)*")
_PAYLOAD = re.compile(r"(?:^|[ \t])<<\S*[ \t]*$")
NO_WORKER = "Can't find the target PID"
"""The beginning of a master's answer to what is meant for a worker, where there is none."""
_REFUSED = re.compile(rf"Unknown command|Permission denied|{NO_WORKER}")
# What HAProxy 2.6 to 3.2 answer, if anything, to a `set server … addr` that they carried out or
# that asked for what is so already. Any other text is taken for a refusal.
_STEP = r"(?:(?:IP|port) changed from '[^']*' to '[^']*'|no need to change the (?:addr|port))"
_MADE = r"New server registered\.|Server deleted\."
_DONE = re.compile(rf"{_STEP}(?:, {_STEP})*(?: by '[^']*')?|nothing changed|{_MADE}")
BUFFER = 16384
"""HAProxy's `tune.bufsize` unless the configuration says otherwise, in bytes."""
_MARGIN = 1024
_BUFSIZE = "tune.bufsize"
_SIGN = 0.4
"""Seconds for a sign of life from a process that is at work on something long."""


class RuntimeRefused(RuntimeFailed):
    """HAProxy does not know the command, or its socket does not permit it."""


def argument(value: str) -> str:
    r"""One argument of a command, escaped so that HAProxy reads exactly `value`.

    >>> argument("a b;c\\<<")
    'a\\ b\\;c\\\\\\<\\<'

    Raises `Invalid` for what no command can carry: nothing at all, or control characters.
    """
    if _SIMPLE.fullmatch(value):
        return value
    if not value:
        raise Invalid("an empty value cannot be sent to HAProxy", code=Code.REQUIRED)
    if CONTROL.search(value):
        raise Invalid(
            "a value with control characters cannot be sent to HAProxy", code=Code.PATTERN
        )
    return _ESCAPED.sub(r"\\\g<0>", value)


class RuntimeClient:
    """Commands to one HAProxy process, over the first of its `addresses` that takes a connection.

    `prefix` goes before each command: `@1 ` on the master's socket. Clients of the same process
    should share their `patience`: deadlines of up to 2 s are cut while the process keeps silent.
    """

    def __init__(
        self, *addresses: Address, prefix: str = "", patience: Patience | None = None
    ) -> None:
        self.addresses = addresses
        self.prefix = prefix
        self._patience = patience or Patience()

    def command(self, text: str, deadline: float = DEADLINE) -> str:
        """HAProxy's answer to one command, without the empty line that ends it.

        Raises `Invalid` if the text is more than one command, `RuntimeUnreachable`,
        `RuntimeTimeout` when the whole answer is not there after `deadline` seconds,
        `RuntimeRefused`, or `RuntimeFailed` when the connection breaks.
        """
        return self._ask(self._line(text), deadline)

    def finish(self, text: str, deadline: float) -> str:
        """As `command`, for one that takes long: waited for while HAProxy answers something else.

        The wait for one that was stopped ends after less than 2 s.
        """
        return self._ask(self._line(text), deadline, lambda: self.command("show version", _SIGN))

    def send(self, text: str, payload: str, deadline: float = DEADLINE) -> str:
        """HAProxy's answer to one command with a payload of several lines.

        Raises as `command` does; `Invalid` also for a payload with an empty line, which would end
        it, or with control characters.
        """
        lines = payload.splitlines()
        if not lines or not all(lines) or any(map(CONTROL.search, lines)):
            raise Invalid("this cannot be the payload of a command of HAProxy's Runtime API")
        sent = "\n".join([" <<", *lines, ""])
        return self._ask(self._line(text) + sent.encode(), deadline)

    def batch(self, texts: Iterable[str], limit: int, deadline: float = DEADLINE) -> str:
        """Carry out commands in order, many on one line of at most `limit` bytes.

        Returns what HAProxy has to say once it says anything, which for the commands that this is
        for means that one went wrong; the lines behind are not sent then. Raises as `command`
        does; each line has the deadline to itself.
        """
        lines = _packed((self._line(text) for text in texts), limit)
        answers = (self._ask(line, deadline).strip() for line in lines)
        return next(filter(None, answers), "")

    def stream(self, text: str, deadline: float = DEADLINE) -> Iterator[bytes]:
        """A long answer in pieces as they come, however long it takes as a whole.

        The deadline is for all waiting together; what flows gives time back (`wire.pieces`), so
        a socket that drips holds nobody up for longer than one that hangs. Raises as `command`
        does. Closing the iterator ends the answer.
        """
        line = self._line(text)
        with self._in_time(deadline) as end:
            connection, address = self._connect(end)
            with connection, wire.told(address):
                wire.send(connection, line, end)
                answer = wire.pieces(connection, end - time.monotonic(), deadline)
                chunk = next(answer, b"")
                if _REFUSED.match(chunk[:80].decode("utf-8", "replace")):
                    raise RuntimeRefused(f"HAProxy refuses the command {text.split()[0]}")
                yield chunk
                yield from answer

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

    def _line(self, text: str) -> bytes:
        several = (";" in text or "\\" in text) and not _PLAIN.fullmatch(text)
        if several or CONTROL.search(text) or ("<<" in text and _PAYLOAD.search(text)):
            raise Invalid("this is not exactly one command of HAProxy's Runtime API")
        return f"{self.prefix}{text}".encode("utf-8", "surrogateescape")

    def _ask(self, line: bytes, deadline: float, lives: Callable[[], object] | None = None) -> str:
        with self._in_time(deadline) as end:
            connection, address = self._connect(end)
            with connection, wire.told(address):
                answer = wire.exchange(connection, line, address, end, lives)
        if _REFUSED.match(answer):
            raise RuntimeRefused(f"HAProxy refuses the command: {answer.splitlines()[0]}")
        return answer

    def _connect(self, end: float) -> tuple[socket.socket, Address]:
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


def _packed(lines: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Commands joined to lines of at most `limit` bytes; a longer one stands alone."""
    packed: list[bytes] = []
    size = 0
    for line in lines:
        if packed and size + len(line) + 1 > limit:
            yield b";".join(packed)
            packed, size = [], 0
        packed.append(line)
        size += len(line) + 1
    if packed:
        yield b";".join(packed)


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
        self._patience = patience = Patience()
        self.master = RuntimeClient(Address(path=path), patience=patience) if path else None
        self.deadline = settings.dataplane.runtime_timeout

    def sockets(self) -> list[RuntimeClient]:
        """A client for each HAProxy process: the configured sockets, else by way of the master."""
        patience, groups = self._patience, by_process(stats_sockets(self._lines()))
        clients = [RuntimeClient(*group, patience=patience) for group in groups]
        if not clients and self.master is not None:
            addresses = self.master.addresses
            clients.append(RuntimeClient(*addresses, prefix="@1 ", patience=patience))
        return clients

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
                refusal = next((one for one in answers if one and not _DONE.fullmatch(one)), None)
                if refusal is not None:
                    log.info("HAProxy did not take a change while running: %s", refusal)
                    return False
        except (RuntimeFailed, Invalid) as error:
            log.info("the change needs a reload: %s", error.message)
            return False
        return True
