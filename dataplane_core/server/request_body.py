"""Hold the body of a request, which the event loop gathers once the application wants it."""

import errno
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from dataplane_core.server.body_budget import BodyBudget
from dataplane_core.server.body_framing import BodyFraming

_IN_MEMORY = 1 << 20  # bytes of one body; a longer one is in a file without a name


class BodyWanted(BaseException):
    """The application reads a body that has not come: it is to be asked again once that is there.

    No handler of failures may stop it on its way to the server. `most` are the bytes that the
    application would take.
    """

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class BudgetSpentError(Exception):
    """The bodies of all clients together are as large as they may be."""


class RequestBody:
    """`wsgi.input` of a body that did not come right behind its head, or not as a whole.

    Until it `is_wanted`, whoever reads it raises `BodyWanted`; what comes until then is `held`.
    `failed`: no more of it can be read, and the bytes that follow are of no request; reading beyond
    its end then raises `ConnectionResetError`. `first` are bytes that were not taken apart yet.
    """

    def __init__(
        self, framing: BodyFraming, first: bytes, budget: BodyBudget, folder: str | None
    ) -> None:
        self.framing, self.first = framing, first
        self.size = 0
        self.is_wanted = self.failed = False
        self._budget, self._folder = budget, folder
        self._charged = 0
        self._file: IO[bytes] | None = None
        self.held = bytearray()

    @property
    def rest(self) -> bytes:
        """The bytes after the body, or those that nobody has read."""
        return self.first + self.framing.rest

    def demand(self, most: int) -> None:
        """Have the server gather the body, at most so many bytes of it and a few more."""
        if self.is_wanted:
            return
        if self.failed:
            raise _broken_off()
        raise BodyWanted(most)

    def want(self) -> None:
        """Begin to take room in the budget; raises `BudgetSpentError`."""
        self._charge(self.size)
        self.is_wanted = True
        self._file = SpooledTemporaryFile(_IN_MEMORY, dir=self._folder)  # noqa: SIM115 (see `close`)
        self._file.write(self.held)
        self.held = bytearray()

    def add(self, data: bytes) -> None:
        """Keep bytes of the body.

        Raises `BudgetSpentError`, and `OSError` where the disk takes no more.
        """
        if self._file is None:
            self.held += data
        else:
            self._charge(len(data))
            self._file.write(data)
        self.size += len(data)

    def rewind(self) -> None:
        """Let it be read from its beginning."""
        assert self._file is not None
        self._file.seek(0)

    def close(self) -> None:
        """Give back what it takes, in memory, on the disk and in the budget."""
        if self._file is not None:
            self._file.close()
        self.held = bytearray()
        self._budget.give(self._charged)
        self._charged = 0

    def read(self, size: int | None = -1) -> bytes:
        """Return at most `size` bytes of the body, all of it when `size` is negative or None."""
        wanted = -1 if size is None or size < 0 else size
        data = self._readable().read(wanted)
        if self.failed and (wanted < 0 or len(data) < wanted):
            raise _broken_off()
        return data

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line, at most `size` bytes of it."""
        wanted = -1 if size is None or size < 0 else size
        line = self._readable().readline(wanted)
        if self.failed and not line.endswith(b"\n") and len(line) != wanted:
            raise _broken_off()
        return line

    def readlines(self, hint: int = -1) -> list[bytes]:
        """Return all lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _readable(self) -> IO[bytes]:
        self.demand(1 << 62)
        assert self._file is not None
        return self._file

    def _charge(self, size: int) -> None:
        if not self._budget.take(size):
            raise BudgetSpentError
        self._charged += size


def _broken_off() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the body has broken off")
