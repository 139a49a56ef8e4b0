"""Bodies that break off or are badly framed: one kind of failure for the application."""

import errno
from collections.abc import Iterator
from typing import Any

from gunicorn.http.errors import NoMoreData, ParseException


class RequestBody:
    """`wsgi.input` whose every failure is a ConnectionResetError, whatever the server calls it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes of the body, all of it when that is negative."""
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
