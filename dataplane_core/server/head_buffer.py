"""Gather the bytes of a head as they come, within limits that are counted meanwhile."""

from http import HTTPStatus

from dataplane_core.dataclass import dataclass
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.server.refusals import RefusedRequest

_END = b"\r\n\r\n"
_BARE_LINE_FEED = lazy_pattern(rb"(?<!\r)\n")
_BEGINNING = lazy_pattern(rb"[!$%&'*+\-.^_`|~0-9A-Z\r]")


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """Bytes of the request line, number of header fields, bytes of all header lines together."""

    line: int
    fields: int
    fields_bytes: int


class HeadBuffer:
    """Cuts the heads of requests out of what a client sends.

    `partial` is what is there of a head that is not whole, `rest` what follows one that is.
    """

    __slots__ = ("_limits", "_lines", "_skipped", "partial", "rest")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self.partial = bytearray()
        self._lines = 0
        self._skipped = False
        self.rest = b""

    @property
    def begun(self) -> bool:
        """Whether anything has come since the last head, such as an empty line."""
        return self._skipped or bool(self.partial)

    def feed(self, data: bytes) -> bytes | None:
        """Return the head that is whole with `data`; None if more has to come.

        Raises `RefusedRequest` as soon as it cannot become one.
        """
        if self.partial:
            before = len(self.partial)
            self.partial += data
            if before < 2:
                data, before = bytes(self.partial), 0
                self.partial.clear()
                return self._begin(data)
            end = self.partial.find(_END, before - 3 if before > 3 else 0)
            if end < 0:
                self._check_partial(before)
                return None
            data = bytes(self.partial)
            self.partial = bytearray()
            return self._cut(data, end)
        return self._begin(data)

    def _begin(self, data: bytes) -> bytes | None:
        if not self._skipped and data.startswith(b"\r\n"):
            self._skipped = True  # one empty line may come before (RFC 9112, section 2.2)
            data = data[2:]
        end = data.find(_END)
        if end >= 0:
            return self._cut(data, end)
        self.partial += data
        self._lines = 0
        if data:
            self._check_partial(0)
        return None

    def _cut(self, data: bytes, end: int) -> bytes:
        head, self.rest = data[: end + 4], data[end + 4 :]
        self._skipped = False
        line = head.find(b"\r\n")
        self._check(line, end - line - 2, head.count(b"\n") - 2)
        return head

    def _check_partial(self, before: int) -> None:
        partial = self.partial
        if not _BEGINNING.match(partial) or (self._skipped and partial.startswith(b"\r")):
            raise RefusedRequest("no request line")
        if _BARE_LINE_FEED.search(partial, before):
            raise RefusedRequest("bare line feed")
        self._lines += partial.count(b"\n", before)
        line = partial.find(b"\r\n", 0, self._limits.line + 2)
        if line < 0:
            self._check(len(partial) - 2, 0, 0)
        else:
            self._check(line, len(partial) - line - 5, self._lines - 1)

    def _check(self, line: int, fields_bytes: int, fields: int) -> None:
        if line > self._limits.line:
            raise RefusedRequest("long request line", HTTPStatus.REQUEST_URI_TOO_LONG)
        if fields > self._limits.fields or fields_bytes > self._limits.fields_bytes:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise RefusedRequest("too many or too large header fields", status)
