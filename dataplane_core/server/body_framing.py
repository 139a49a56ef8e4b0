"""Find the end of a request's body, by its length or by its chunks.

Chunks are read here, and not by the parser of heads: the bytes after a body belong to the next
request, and that parser does not tell where a body ends.
"""

from typing import Protocol

from dataplane_core.lazy_pattern import lazy_pattern

_CHUNK_LINE = lazy_pattern(
    rb"([0-9a-fA-F]{1,16})"
    rb"(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
    rb"(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
    rb'|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*+'
)  # RFC 9112, section 7.1.1
_TRAILER = lazy_pattern(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t -~\x80-\xff]*")
_FORBIDDEN_TRAILERS = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"trailer", b"authorization", b"te"}
)
_LONGEST_LINE = 8190  # bytes of the line before a chunk
_MOST_TRAILERS = 128


class BadFramingError(Exception):
    """A body that is not framed as its headers say."""


class BodyFraming(Protocol):
    """Takes what a client sends apart: the bytes of one body, and `rest`, which follows it."""

    rest: bytes

    @property
    def done(self) -> bool:
        """Whether the body has ended."""

    def feed(self, data: bytes) -> bytes:
        """Return the bytes of the body in `data`, which follows what was fed before."""


class LengthFraming:
    """A body of `left` bytes."""

    def __init__(self, length: int) -> None:
        self.left = length
        self.rest = b""

    @property
    def done(self) -> bool:
        """Whether the body has ended."""
        return self.left == 0

    def feed(self, data: bytes) -> bytes:
        """Return the bytes of the body in `data`."""
        body = data[: self.left]
        self.left -= len(body)
        self.rest = data[len(body) :]
        return body


class ChunkedFraming:
    """A body in chunks; trailers are checked and dropped (at most `trailer_bytes`)."""

    def __init__(self, trailer_bytes: int) -> None:
        self.rest = b""
        self.done = False
        self._trailer_bytes = trailer_bytes
        self._trailers: int | None = None  # their number, once the last chunk was there
        self._pending = b""  # of a line that has not ended
        self._left = 0  # bytes of the chunk, with the line end after it

    def feed(self, data: bytes) -> bytes:
        """Return the bytes of the body in `data`.

        Raises `BadFramingError`.
        """
        data, self._pending = self._pending + data, b""
        at, body = 0, []
        while not self.done and at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                inside = max(0, self._left - 2)
                body.append(piece[:inside])
                line_end = piece[inside:]
                if line_end not in (b"", b"\r", b"\r\n") if self._left > 1 else line_end != b"\n":
                    raise BadFramingError("a chunk does not end where it should")
                self._left -= len(piece)
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._pending = data[at:]
                if len(self._pending) > _LONGEST_LINE:
                    raise BadFramingError("a line is too long")
                break
            line, at = data[at : end + 1], end + 1
            if not line.endswith(b"\r\n"):
                raise BadFramingError("a line does not end with CR LF")
            self._take_line(line[:-2])
        if self.done:
            self.rest = data[at:]
        return b"".join(body)

    def _take_line(self, line: bytes) -> None:
        if self._trailers is not None:
            self._take_trailer(line)
            return
        found = _CHUNK_LINE.fullmatch(line)
        if found is None or len(line) > _LONGEST_LINE:
            raise BadFramingError("bad size of a chunk")
        size = int(found[1], 16)
        if size:
            self._left = size + 2
        else:
            self._trailers = 0

    def _take_trailer(self, line: bytes) -> None:
        assert self._trailers is not None
        if not line:
            self.done = True
            return
        self._trailers += 1
        self._trailer_bytes -= len(line) + 2
        found = _TRAILER.fullmatch(line)
        if found is None or found[1].lower() in _FORBIDDEN_TRAILERS:
            raise BadFramingError("bad trailer")
        if self._trailers > _MOST_TRAILERS or self._trailer_bytes < 0:
            raise BadFramingError("too many trailers")
