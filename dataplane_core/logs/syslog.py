"""Send log lines to a syslog server, which may be slow, away or restarted."""

import errno
import logging
import os
import socket
import time

from dataplane_core.text.numbers import is_digits

LOCAL = "/dev/log"
"""The socket of this machine's syslog."""
_LINE_SECONDS = 1.0
"""Seconds that one line may wait for the server."""
_PAUSE = 5.0
"""Seconds without a new try after a failure; lines of that time are lost."""


class SyslogHandler(logging.Handler):
    """Sends each formatted line as one message.

    `protocol` is `tcp`, `tcp4`, `tcp6` (octet counting, RFC 6587), `udp`, `udp4`, `udp6`, `unix` or
    `unixgram`. `address` is `host:port`, `host` (port 514) or a path; "" stands for the socket of
    this machine's syslog. A path is a datagram socket, whatever `protocol` says. A lost connection
    is made again, and every process makes its own.
    """

    def __init__(self, address: str, protocol: str) -> None:
        super().__init__()
        self.address = address or LOCAL
        local = self.address.startswith("/") and not protocol.startswith("unix")
        self._protocol = "unixgram" if local else protocol
        self._socket: socket.socket | None = None
        self._owner = 0
        self._not_before = 0.0

    @property
    def over_tcp(self) -> bool:
        """Whether messages go over TCP."""
        return self._protocol.startswith("tcp")

    def fault(self) -> str:
        """Connect, and return why the server cannot be reached, or "".

        Over UDP only a host without an address is noticed.
        """
        self._disconnect()
        try:
            self._socket, self._owner = self._connect(), os.getpid()
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; one that cannot be sent is dropped."""
        line = self.format(record).encode("utf-8", "backslashreplace")
        if self.over_tcp:
            line = b"%d %s" % (len(line), line)
        if self._owner != os.getpid():
            self._disconnect()
        try:
            self._send(line)
        except OSError:
            self._disconnect()
            self._not_before = time.monotonic() + _PAUSE

    def close(self) -> None:
        """Close the connection."""
        self._disconnect()
        super().close()

    def _send(self, line: bytes) -> None:
        if self._socket is None:
            if time.monotonic() < self._not_before:
                return
            self._socket, self._owner = self._connect(), os.getpid()
        try:
            self._socket.sendall(line)
        except (BrokenPipeError, ConnectionError):  # the server was started again: connect anew
            self._disconnect()
            self._socket, self._owner = self._connect(), os.getpid()
            self._socket.sendall(line)

    def _connect(self) -> socket.socket:
        if self._protocol.startswith("unix"):
            return self._open(socket.AF_UNIX, socket.SOCK_DGRAM, self.address)
        host, _, port = self.address.rpartition(":")
        if not is_digits(port):
            host, port = self.address, "514"
        family = {"4": socket.AF_INET, "6": socket.AF_INET6}.get(self._protocol[-1], 0)
        kind = socket.SOCK_STREAM if self.over_tcp else socket.SOCK_DGRAM
        try:
            found = socket.getaddrinfo(host.strip("[]"), int(port), family, kind)
        except (UnicodeError, OverflowError):
            raise OSError(errno.EINVAL, "that is no name of a host, or no port") from None
        return self._open(found[0][0], kind, found[0][4])

    @staticmethod
    def _open(family: int, kind: int, address: object) -> socket.socket:
        made = socket.socket(family, kind)
        try:
            made.settimeout(_LINE_SECONDS)
            made.connect(address)  # type: ignore[arg-type]
        except BaseException:
            made.close()
            raise
        return made

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
