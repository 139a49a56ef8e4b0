"""An agent of the Stream Processing Offload Protocol, version 2.0, as HAProxy's SPOE.txt has it.

It shakes hands, keeps every message and acknowledges it, setting the variables that it was told to.
"""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_HELLO, _DISCONNECT, _NOTIFY = 1, 2, 3
_AGENT_HELLO, _AGENT_DISCONNECT, _ACK = 101, 102, 103
_FIN = struct.pack(">I", 1)
_STRING, _UINT32 = 8, 3
_ADDRESSES = {6: 4, 7: 16}
_SESSION = 1

Message = tuple[str, dict[str, Any]]


def varint(number: int) -> bytes:
    """An integer as the peers protocol has it: 240 and more take several bytes."""
    if number < 240:
        return bytes([number])
    found, number = [(number & 15) | 240], (number - 240) >> 4
    while number >= 128:
        found, number = [*found, (number & 127) | 128], (number - 128) >> 7
    return bytes([*found, number])


def text(value: str) -> bytes:
    return varint(len(value.encode())) + value.encode()


class Reader:
    """Reads one frame."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        value = self.take(1)[0]
        if value < 240:
            return value
        shift = 4
        while True:
            byte = self.take(1)[0]
            value += byte << shift
            shift += 7
            if byte < 128:
                return value

    def name(self) -> str:
        return self.take(self.number()).decode()

    def value(self) -> Any:
        """Typed data: the type is in the lower half of its first byte, flags in the upper."""
        head = self.take(1)[0]
        kind = head & 15
        if kind == 0:
            return None
        if kind == 1:
            return bool(head >> 4)
        if kind in (_STRING, 9):
            data = self.take(self.number())
            return data.decode() if kind == _STRING else data
        return self.take(_ADDRESSES[kind]) if kind in _ADDRESSES else self.number()

    def pairs(self, count: int | None = None) -> dict[str, Any]:
        """Names and values, up to the end or `count` of them."""
        found: dict[str, Any] = {}
        while self.at < len(self.data) if count is None else len(found) < count:
            name = self.name()
            found[name] = self.value()
        return found

    def messages(self) -> Iterator[Message]:
        while self.at < len(self.data):
            name = self.name()
            yield name, self.pairs(self.take(1)[0])


class Conversation(socketserver.StreamRequestHandler):
    """One connection of HAProxy."""

    server: "Agent"

    def handle(self) -> None:
        while length := self.rfile.read(4):
            frame = Reader(self.rfile.read(struct.unpack(">I", length)[0]))
            kind, _ = frame.take(1)[0], frame.take(4)
            place = varint(frame.number()) + varint(frame.number())
            if kind == _HELLO:
                offered = frame.pairs()
                self.send(_AGENT_HELLO, place, hello(offered["max-frame-size"]))
                if offered.get("healthcheck"):
                    return
            elif kind == _NOTIFY:
                self.server.messages += frame.messages()
                self.send(_ACK, place, self.server.actions())
            elif kind == _DISCONNECT:
                return

    def send(self, kind: int, place: bytes, payload: bytes) -> None:
        frame = bytes([kind]) + _FIN + place + payload
        self.wfile.write(struct.pack(">I", len(frame)) + frame)


def hello(size: int) -> bytes:
    """What an agent offers: its version, the size of frames, and that it can do nothing more."""
    return (
        text("version") + bytes([_STRING]) + text("2.0")
        + text("max-frame-size") + bytes([_UINT32]) + varint(size)
        + text("capabilities") + bytes([_STRING]) + text("")
    )  # fmt: skip


class Agent(socketserver.ThreadingTCPServer):
    """Listens on a free port of 127.0.0.1; `variables` are set in the session of each message."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, **variables: int) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.messages: list[Message] = []
        self.variables = variables

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def actions(self) -> bytes:
        """`set-var` for each variable: three arguments, scope, name and value."""
        head = bytes([1, 3, _SESSION])
        found = self.variables.items()
        return b"".join(head + text(name) + bytes([_UINT32]) + varint(one) for name, one in found)


@contextmanager
def agent(**variables: int) -> Iterator[Agent]:
    """Listen while the block lasts."""
    with Agent(**variables) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
