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
from collections.abc import Callable, Iterable, Sequence

from dataplane_core.errors import (
    Code,
    Invalid,
    RuntimeFailed,
    RuntimeTimeout,
    RuntimeUnreachable,
)
from dataplane_core.haproxy.addresses import Address, by_process, stats_sockets
from dataplane_core.settings import Settings
from dataplane_core.text.tokens import CONTROL

ANSWER_LIMIT = 256 << 20
"""Bytes of one answer; more is taken for a fault."""
DEADLINE = 2.0

log = logging.getLogger(__name__)

_ESCAPED = re.compile(r"[\\; <]")
_PLAIN = re.compile(r"(?:[^\\;]|\\.)*")
_PAYLOAD = re.compile(r"(?:^|[ \t])<<\S*[ \t]*$")
_REFUSED = re.compile(r"Unknown command|Permission denied|Can't find the target PID")
# What HAProxy 2.6 to 3.2 answer, if anything, to a `set server … addr` that they carried out or
# that asked for what is so already. Any other text is taken for a refusal.
_STEP = r"(?:(?:IP|port) changed from '[^']*' to '[^']*'|no need to change the (?:addr|port))"
_DONE = re.compile(rf"{_STEP}(?:, {_STEP})*(?: by '[^']*')?|nothing changed")


class RuntimeRefused(RuntimeFailed):
    """HAProxy does not know the command, or its socket does not permit it."""


def argument(value: str) -> str:
    r"""One argument of a command, escaped so that HAProxy reads exactly `value`.

    >>> argument("a b;c\\<<")
    'a\\ b\\;c\\\\\\<\\<'

    Raises `Invalid` for what no command can carry: nothing at all, or control characters.
    """
    if not value:
        raise Invalid("an empty value cannot be sent to HAProxy", code=Code.REQUIRED)
    if CONTROL.search(value):
        raise Invalid(
            "a value with control characters cannot be sent to HAProxy", code=Code.PATTERN
        )
    return _ESCAPED.sub(r"\\\g<0>", value)


class RuntimeClient:
    """Commands to one HAProxy process, over the first of its `addresses` that takes a connection.

    `prefix` goes before each command: `@1 ` on the master's socket.
    """

    def __init__(self, *addresses: Address, prefix: str = "") -> None:
        self.addresses = addresses
        self.prefix = prefix

    def command(self, text: str, deadline: float = DEADLINE) -> str:
        """HAProxy's answer to one command, without the empty line that ends it.

        Raises `Invalid` if the text is more than one command, `RuntimeUnreachable`,
        `RuntimeTimeout` when the whole answer is not there after `deadline` seconds,
        `RuntimeRefused`, or `RuntimeFailed` when the connection breaks.
        """
        if CONTROL.search(text) or not _PLAIN.fullmatch(text) or _PAYLOAD.search(text):
            raise Invalid("this is not exactly one command of HAProxy's Runtime API")
        end = time.monotonic() + deadline
        connection, address = self._connect(end)
        with connection:
            answer = _exchange(connection, f"{self.prefix}{text}\n".encode(), address, end)
        if _REFUSED.match(answer):
            raise RuntimeRefused(f"HAProxy refuses the command: {answer.splitlines()[0]}")
        return answer

    def _connect(self, end: float) -> tuple[socket.socket, Address]:
        problems = []
        for address in self.addresses:
            try:
                return address.connect(max(0.01, end - time.monotonic())), address
            except OSError as error:
                problems.append(f"{address}: {error.strerror or error}")
        reasons = "; ".join(problems) or "no `stats socket` and no master socket is set"
        raise RuntimeUnreachable(f"HAProxy's runtime socket takes no connection ({reasons})")


def _exchange(connection: socket.socket, line: bytes, address: Address, end: float) -> str:
    answer = bytearray()
    try:
        connection.settimeout(max(0.01, end - time.monotonic()))
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)  # a master keeps the connection open otherwise
        while True:
            connection.settimeout(max(0.001, end - time.monotonic()))
            chunk = connection.recv(1 << 16)
            answer += chunk
            if not chunk:
                return answer.decode("utf-8", "replace").rstrip("\n")
            if len(answer) > ANSWER_LIMIT:
                raise RuntimeFailed(f"HAProxy's answer at {address} does not end")
            if time.monotonic() > end:
                raise TimeoutError
    except TimeoutError as error:
        raise RuntimeTimeout(f"HAProxy did not answer in time at {address}") from error
    except OSError as error:
        reason = error.strerror or error
        raise RuntimeFailed(f"HAProxy's runtime socket {address} broke off: {reason}") from error


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
        self.master = RuntimeClient(Address(path=path)) if path else None
        self.deadline = settings.dataplane.runtime_timeout

    def sockets(self) -> list[RuntimeClient]:
        """A client for each HAProxy process: the configured sockets, else by way of the master."""
        clients = [RuntimeClient(*group) for group in by_process(stats_sockets(self._lines()))]
        if not clients and self.master is not None:
            clients.append(RuntimeClient(*self.master.addresses, prefix="@1 "))
        return clients

    def execute(self, text: str, deadline: float | None = None) -> list[str]:
        """The answer of every process to one command; raises as `RuntimeClient.command` does."""
        end = time.monotonic() + (self.deadline if deadline is None else deadline)
        clients = self.sockets()
        if not clients:
            raise RuntimeUnreachable(
                "no runtime socket is known: the configuration has no `stats socket` line, and "
                "haproxy.master_runtime is not set"
            )
        return [client.command(text, max(0.01, end - time.monotonic())) for client in clients]

    def apply(self, commands: Iterable[str]) -> bool:
        """Carry out commands on every process; True when each of them says that it did.

        All together take no longer than the deadline. On any doubt the answer is False, and the
        reload that follows makes good what was done half.
        """
        end = time.monotonic() + self.deadline
        try:
            for text in commands:
                answers = self.execute(text, max(0.01, end - time.monotonic()))
                refusal = next((one for one in answers if one and not _DONE.fullmatch(one)), None)
                if refusal is not None:
                    log.info("HAProxy did not take a change while running: %s", refusal)
                    return False
        except (RuntimeFailed, Invalid) as error:
            log.info("the change needs a reload: %s", error.message)
            return False
        return True
