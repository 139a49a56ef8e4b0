"""A name server for one address of each name (RFC 1035): A records over UDP, which last a second."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.harness.waiting import PATIENCE

_TYPE_A = b"\x00\x01"
_ANSWER = b"\xc0\x0c" + _TYPE_A + b"\x00\x01" + (1).to_bytes(4) + (4).to_bytes(2)
"""A record of the name at offset 12, class IN, to be kept for one second, with four bytes."""


class NameServer:
    """Answers what `addresses` says; `asked` are the names that it was asked for."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self.asked: set[str] = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    def answer(self, query: bytes) -> bytes:
        """The answer to a query: an address, no record, or that there is no such name."""
        name, end = _name(query)
        self.asked.add(name)
        question, kind = query[12 : end + 4], query[end : end + 2]
        address = self.addresses.get(name)
        known = address is not None and kind == _TYPE_A
        flags = 0x8580 | (0 if address is not None else 3)
        counts = b"\x00\x01" + int(known).to_bytes(2) + bytes(4)
        record = _ANSWER + ipaddress.IPv4Address(address).packed if known else b""
        return query[:2] + flags.to_bytes(2) + counts + question + record

    def run(self) -> None:
        """Answer until an empty datagram comes."""
        while True:
            query, sender = self.socket.recvfrom(4096)
            if not query:
                return
            self.socket.sendto(self.answer(query), sender)


def _name(query: bytes) -> tuple[str, int]:
    """The name in the question of a query, and where it ends."""
    at, labels = 12, []
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels).lower(), at + 1


@contextmanager
def name_server(**addresses: str) -> Iterator[NameServer]:
    """Answer for the given names below example.local while the block lasts."""
    server = NameServer({f"{name}.example.local": one for name, one in addresses.items()})
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", server.port))
        thread.join(PATIENCE)
        server.socket.close()
