"""Read requests as gunicorn does, but for two things: the limit for headers, and broken bodies.

gunicorn limits each header line; here one limit holds for all header lines of a request together.
A body that breaks off, or whose framing is wrong, raises one of several exceptions of gunicorn's,
by the place where it is noticed; here the application sees one kind.
"""

import errno
from collections.abc import Iterator
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, NoMoreData, ParseException
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser


class LimitedRequest(Request):
    """A request whose `limit_request_field_size` is the bytes of all its header lines."""

    def parse(self, unreader: Any) -> Any:
        """Read the request line and the headers; what follows the limit is not waited for."""
        self.max_buffer_headers = self.limit_request_field_size
        return super().parse(unreader)

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> Any:
        """Take the header lines apart; their size counts with the ends of lines."""
        if len(data) > self.limit_request_field_size:
            raise LimitRequestHeaders("limit request headers size")
        return super().parse_headers(data, from_trailer)


class LimitedParser(RequestParser):
    """Reads one `LimitedRequest` after the other from a connection."""

    mesg_class = LimitedRequest


class RequestBody:
    """`wsgi.input` whose every failure is a `ConnectionResetError`."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes of the body, all of it when `size` is negative."""
        return self._call(self._stream.read, None if size < 0 else size)

    def readline(self, size: int = -1) -> bytes:
        """Return the next line, at most `size` bytes of it."""
        return self._call(self._stream.readline, None if size < 0 else size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        """Return all lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    @staticmethod
    def _call(function: Any, size: int | None) -> bytes:
        try:
            return bytes(function(size))
        except (ParseException, NoMoreData) as error:
            fault = f"the body is not what its headers say: {type(error).__name__}"
            raise ConnectionResetError(errno.ECONNRESET, fault) from None
