"""Files in multipart bodies (RFC 7578): read in pieces, within the limit on bodies."""

from collections.abc import Iterator
from typing import Any

import falcon
from falcon.media import MultipartFormHandler
from falcon.media.multipart import BodyPart, MultipartForm, MultipartParseError

from dataplane_core.api.body import broken_off, check_size, too_large
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import BadRequest

FILE_FIELD = "file_upload"
"""The field of a form in which clients of the interface send a file."""

_PIECE = 1 << 16


class _Limited:
    """A body of which no more than `limit` bytes are read, chunked or not."""

    def __init__(self, stream: Any, length: int | None, limit: int) -> None:
        self._stream, self._limit, self._left = stream, limit, length
        self._taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; raises `TooLarge`, and `BadRequest` where the body breaks off."""
        wanted = _PIECE if size is None or size < 0 else size
        if self._left is not None:
            wanted = min(wanted, self._left)
        if not wanted:
            return b""
        try:
            data: bytes = self._stream.read(wanted)
        except OSError:
            raise broken_off() from None
        if self._left is not None:
            if not data:
                raise broken_off()
            self._left -= len(data)
        self._taken += len(data)
        if self._taken > self._limit:
            raise too_large(self._limit)
        return data


@dataclass(frozen=True)
class Upload:
    """A file that is being uploaded: the name that its sender gave it (or ""), and its bytes."""

    filename: str
    _part: BodyPart
    _rest: Iterator[BodyPart]
    _field: str

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, once.

        Only when this has come to its end is the body known to be whole. Raises `BadRequest` if it
        is not, or has a second file, and `TooLarge`.
        """
        try:
            while piece := self._part.stream.read(_PIECE):
                yield piece
            for part in self._rest:
                if part.name == self._field:
                    raise BadRequest(f"the body has more than one file in {self._field}")
        except (MultipartParseError, UnicodeDecodeError) as error:
            raise _unreadable(error) from None


def open_upload(req: falcon.Request, field: str, limit: int, *others: str) -> Upload:
    """Return the file in the field `field` of a request's multipart body, or in one of `others`.

    Raises `BadRequest` where there is none or the body is no form, and `TooLarge` for one of more
    than `limit` bytes.
    """
    try:
        parts = iter(_form(req, limit))
        for part in parts:
            if part.name and part.name in (field, *others):
                return Upload(part.filename or "", part, parts, part.name)
    except (MultipartParseError, UnicodeDecodeError, falcon.HTTPInvalidHeader) as error:
        raise _unreadable(error) from None
    raise BadRequest(f"the body has no file in the field {field}")


def _form(req: falcon.Request, limit: int) -> MultipartForm:
    environ = req.env
    check_size(environ, limit)
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    length = None if chunked else req.content_length or 0
    stream = _Limited(environ["wsgi.input"], length, limit)
    most = limit + 1 if length is None else length
    return MultipartFormHandler().deserialize(stream, req.content_type or "", most)


def _unreadable(error: Exception) -> BadRequest:
    reason = getattr(error, "description", None) or "its headers are not UTF-8"
    return BadRequest(f"the body is not a form that can be read: {reason}")
