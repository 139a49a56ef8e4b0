"""Write what a WSGI application answers as HTTP."""

import re
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeAlias

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.server.request_head import RequestHead

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = lazy_pattern(r"[ \t\x21-\x7e\x80-\xff]*")
_STATUS = re.compile(r"[0-9]{3}(?: [ \t\x21-\x7e\x80-\xff]*)?")
_HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("trailers", "transfer-encoding", "upgrade", "server", "date"),
    }
)
_NAMES: dict[str, str] = {}  # names that can be sent, in lower case
_MOST_NAMES = 256
JOINED = 1 << 16
"""Bytes of a body that are sent together with the head."""

ErrorInfo: TypeAlias = (
    "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None"
)


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Date:
    """The value of the header `Date`, which is made anew each second."""

    def __init__(self) -> None:
        self._second, self._text = 0, ""

    def __call__(self) -> str:
        second = int(time.time())
        if second != self._second:
            year, month, day, hour, minute, seconds, weekday, *_ = time.gmtime(second)
            date = f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year}"
            self._text = f"{date} {hour:02}:{minute:02}:{seconds:02} GMT"
            self._second = second
        return self._text


http_date = _Date()


class WsgiAnswer:
    """One answer, framed by its length, in chunks, or by the end of the connection.

    `may_keep` is asked when the answer begins; `keeps` then tells whether the connection can be
    kept after it. `line` is the status with its phrase. `send` sends bytes to the client. `sent`
    counts the bytes of the body.
    """

    def __init__(
        self, head: RequestHead, may_keep: Callable[[], bool], send: Callable[[bytes], None]
    ) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.keeps = True
        self.sent = 0
        self.head_sent = False
        self._head, self._may_keep, self._send = head, may_keep, send
        self.line = ""
        self._length: int | None = None
        self._chunked = self._bodiless = False

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ErrorInfo = None
    ) -> Callable[[bytes], None]:
        """Take status and headers, as PEP 3333 says."""
        if exc_info is not None and exc_info[1] is not None and self.head_sent:
            raise exc_info[1].with_traceback(exc_info[2])
        if self.line and exc_info is None:
            raise AssertionError("the answer has been started before")
        if not _STATUS.fullmatch(status):
            raise ValueError("the application gave no status of HTTP")
        self.line, self.status = status, int(status[:3])
        self.headers, self._length = [], None
        for name, value in headers:
            lower = _NAMES.get(name) or _lower(name)
            if not (value.isascii() and value.isprintable()) and not _VALUE.fullmatch(value):
                raise _unsendable(name)
            if lower not in _HOP_BY_HOP:
                self.headers.append((name, value.strip(" \t")))
                if lower == "content-length":
                    self._length = int(value)
        forbids_body = self.status < 200 or self.status in (204, 304)
        self._bodiless = forbids_body or self._head.method == "HEAD"
        if forbids_body and self.status != 304 and self._length is not None:
            self.headers = [one for one in self.headers if one[0].lower() != "content-length"]
            self._length = None
        unframed = self._length is None and not self._bodiless
        self._chunked = unframed and self._head.minor > 0
        if unframed and not self._chunked:
            self.keeps = False
        return self.write

    def send_all(self, parts: Iterable[bytes]) -> None:
        """Send the whole answer."""
        for part in parts:
            self.write(part)
        if not self.head_sent:
            self._send_head(b"")
        if self._chunked:
            self._send(b"0\r\n\r\n")
        if self._length is not None and not self._bodiless and self.sent < self._length:
            self.keeps = False  # the client waits for the rest until the connection ends

    def send_head(self) -> None:
        """Send the head of an answer that goes on until the connection ends."""
        self._chunked = self.keeps = False
        self._send_head(b"")

    def write(self, data: bytes) -> None:
        """Send bytes of the body, not more than the headers promise."""
        if self._bodiless:
            data = b""
        elif self._length is not None:
            data = data[: self._length - self.sent]
        self.sent += len(data)
        if self._chunked and data:
            data = b"%X\r\n%s\r\n" % (len(data), data)
        if not self.head_sent:
            self._send_head(data)
        elif data:
            self._send(data)

    def _send_head(self, body: bytes) -> None:
        if not self.line:
            raise AssertionError("the application started no answer")
        self.keeps = self.keeps and self._may_keep()
        lines = [
            f"HTTP/1.{self._head.minor} {self.line}\r\nDate: {http_date()}\r\n"
            f"Connection: {'keep-alive' if self.keeps else 'close'}\r\n"
        ]
        if self._chunked:
            lines.append("Transfer-Encoding: chunked\r\n")
        lines += [f"{name}: {value}\r\n" for name, value in self.headers]
        lines.append("\r\n")
        head = "".join(lines).encode("latin-1")
        self.head_sent = True
        if len(body) <= JOINED:
            self._send(head + body)
        else:
            self._send(head)
            self._send(body)


def _lower(name: str) -> str:
    """Return the name of a header in lower case; raises `ValueError` for what is no name."""
    if not _NAME.fullmatch(name):
        raise _unsendable(name)
    lower = name.lower()
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[name] = lower
    return lower


def _unsendable(name: str) -> ValueError:
    return ValueError(f"the application gave a header that cannot be sent: {name!r}")


def close_parts(parts: Any) -> None:
    """Close what an application returned, where PEP 3333 wants that."""
    close = getattr(parts, "close", None)
    if close is not None:
        close()
