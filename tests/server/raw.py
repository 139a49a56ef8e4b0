"""Bytes to and from a server as they are on the wire."""

import socket
from contextlib import suppress

from tests.harness.waiting import PATIENCE


def connect(running):
    return socket.create_connection(("127.0.0.1", running.port), PATIENCE)


def received(connection):
    """All that a server sends until it ends the connection."""
    pieces = []
    with suppress(ConnectionResetError):  # it had not read everything
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    return b"".join(pieces)


def exchange(running, *pieces):
    """Send pieces one after the other; what comes back until the connection ends."""
    with connect(running) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
        return received(connection)


def answers(told):
    """Status and body of each answer, by the framing that they state."""
    found = []
    while told:
        head, _, told = told.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split()[1])
        if status == 100:
            continue
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "transfer-encoding" in fields:
            body, told = unchunked(told)
        else:
            length = int(fields.get("content-length", len(told)))
            body, told = told[:length], told[length:]
        found.append((status, body))
    return found


def unchunked(told):
    """A body in chunks, and what follows it."""
    body = b""
    while True:
        size, _, told = told.partition(b"\r\n")
        length = int(size, 16)
        body, told = body + told[:length], told[length + 2 :]
        if not length:
            return body, told


def statuses(running, *pieces):
    return [status for status, _ in answers(exchange(running, *pieces))]
