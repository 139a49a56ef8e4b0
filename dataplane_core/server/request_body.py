"""Read the body of a request in the thread that serves it, while it comes."""

import errno
from collections.abc import Callable, Iterator

from dataplane_core.server.body_framing import BadFramingError, BodyFraming


class StreamedBody:
    """`wsgi.input` of a body that has not come as a whole yet.

    Every failure is a `ConnectionResetError`. `receive` returns the next bytes of the client, b""
    at their end; `begin`, if there is one, is called once, before the first of them is waited for.
    `held` is what of the body was taken out of the framing already. `failed`: no more of it can be
    read, and the bytes that follow are of no request.
    """

    def __init__(
        self,
        framing: BodyFraming,
        first: bytes,
        receive: Callable[[], bytes],
        begin: Callable[[], None] | None,
        held: bytes | bytearray = b"",
        failed: bool = False,
    ) -> None:
        self.framing = framing
        self.failed = failed
        self.begun = False
        self._receive, self._begin = receive, begin
        self._first = first
        self._held = bytearray(held)

    @property
    def rest(self) -> bytes:
        """The bytes after the body, or those that nobody has read."""
        return self._first + self.framing.rest

    def read(self, size: int | None = -1) -> bytes:
        """Return at most `size` bytes of the body, all of it when `size` is negative or None."""
        if size is None or size < 0:
            while self._fill():
                pass
            return self._take(len(self._held))
        while len(self._held) < size and self._fill():
            pass
        return self._take(size)

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line, at most `size` bytes of it."""
        end, searched = self._held.find(b"\n"), 0
        limited = size is not None and size >= 0
        while end < 0 and not (limited and len(self._held) >= (size or 0)):
            searched = len(self._held)
            if not self._fill():
                break
            end = self._held.find(b"\n", searched)
        whole = end + 1 if end >= 0 else len(self._held)
        return self._take(min(whole, size or 0) if limited else whole)

    def readlines(self, hint: int = -1) -> list[bytes]:
        """Return all lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _take(self, size: int) -> bytes:
        with memoryview(self._held) as held:
            taken = bytes(held[:size])
        del self._held[:size]
        return taken

    def _fill(self) -> bool:
        """Take more bytes in; False at the end of the body."""
        if self.failed:
            raise ConnectionResetError(errno.ECONNRESET, "the body has broken off before")
        if self.framing.done:
            return False
        data, self._first = self._first, b""
        try:
            if not data:
                if not self.begun:
                    self.begun = True
                    if self._begin is not None:
                        self._begin()
                data = self._receive()
            if not data:
                raise BadFramingError("the client sent no more of it")
            self._held += self.framing.feed(data)
        except BadFramingError as error:
            self.failed = True
            fault = f"the body is not what its headers say: {error}"
            raise ConnectionResetError(errno.ECONNRESET, fault) from None
        except OSError:
            self.failed = True
            raise
        return True
