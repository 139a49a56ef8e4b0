"""Parse the head of a request: its first line, and with llhttp its header fields.

The first line is read here: llhttp refuses methods that it does not know, which the application
answers with 405, and has meanings of its own for some that it knows (CONNECT, PRI). llhttp is
strict about fields: it refuses bare line feeds, folded lines, control characters, spaces before a
colon, two lengths, a length beside chunks. What it lets through is refused or dropped here.
"""

import re
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import unquote_to_bytes, urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from dataplane_core.dataclass import dataclass
from dataplane_core.server.refusals import RefusedRequest

CHUNKED = -1
"""The `length` of a body that comes in chunks."""

_FIRST_LINE = re.compile(
    rb"([!$%&'*+\-.^_`|~0-9A-Z]{3,20}) ([\x21-\x7e]+) HTTP/1\.([0-9])\r\n"
)
_HARMLESS_LINE = b"POST / HTTP/1.1\r\n"  # before the fields, as llhttp wants a whole request
_LONGEST_LENGTH = 18  # digits
_KEPT, _KEPT_BYTES = 64, 1024
"""How many clients' fields are kept, and of what length: most send the same ones each time."""
_SINGLE = frozenset({"HTTP_HOST", "CONTENT_TYPE", "CONTENT_LENGTH"})
"""Fields that have one value: two of them could be read in two ways (RFC 9110, section 5.3)."""


@dataclass(slots=True)
class RequestHead:
    """The head of one request.

    `raw` is all of it as it came, `target` the request target as it came, `path` its decoded path
    (bytes as Latin-1), `minor` the digit of HTTP/1.x; `fields` are the header fields under their
    names in WSGI. `length` is that of the body in bytes, or `CHUNKED`. `keeps`: the client wants to
    keep the connection; `continues`: it waits for 100 before it sends the body.
    """

    raw: bytes
    method: str
    target: str
    path: str
    query: str
    minor: int
    fields: dict[str, str]
    length: int
    keeps: bool
    continues: bool


class _Fields(dict[str, str]):
    """Collects the header fields that llhttp finds."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one field; fields of the same name are joined."""
        key = _KEYS.get(name) or _key(name)
        if not key:
            return
        text = value.rstrip(b" \t").decode("latin-1")
        if key in self:
            if key in _SINGLE:
                raise RefusedRequest("a field of one value is there twice")
            text = f"{self[key]},{text}"
        self[key] = text


_KEYS: dict[bytes, str] = {}


def _key(name: bytes) -> str:
    """Return a field's name in WSGI; "" for one with an underscore, which could pose as another."""
    if b"_" in name:
        return ""
    key = name.decode("ascii").upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    if len(_KEYS) < 512:
        _KEYS[name] = key
    return key


def parse_head(head: bytes) -> RequestHead:
    """Return the head of a request, which ends with its empty line.

    Raises `RefusedRequest`.
    """
    first = _FIRST_LINE.match(head)
    if first is None:
        raise RefusedRequest("bad request line")
    method, target = first[1].decode("ascii"), first[2].decode("ascii")
    minor = int(first[3])
    path, query = _split(method, target)
    lines = head[first.end() :]
    fields = _kept_fields(lines) if len(lines) <= _KEPT_BYTES else _parse_fields(lines)
    length = _body_length(fields, minor)
    connection = fields.get("HTTP_CONNECTION", "").lower()
    keeps = minor > 0
    if connection:
        words = {word.strip(" \t") for word in connection.split(",")}
        keeps = "close" not in words and (keeps or "keep-alive" in words)
    if method == "CONNECT":  # what follows would be the tunnel's
        keeps = False
    continues = False
    if expected := fields.get("HTTP_EXPECT"):
        if expected.lower() != "100-continue":
            raise RefusedRequest("unknown expectation", HTTPStatus.EXPECTATION_FAILED)
        continues = minor > 0 and length != 0
    return RequestHead(head, method, target, path, query, minor, fields, length, keeps, continues)


def _split(method: str, target: str) -> tuple[str, str]:
    """Return path and query of a target in any of the four forms of RFC 9112, section 3.2."""
    if target[0] == "/":
        path, _, query = target.partition("#")[0].partition("?")
    elif target == "*" and method == "OPTIONS":
        return target, ""
    elif method == "CONNECT" or "://" in target:
        try:
            parts = urlsplit(target)
        except ValueError:
            raise RefusedRequest("bad target") from None
        path, query = parts.path, parts.query
    else:
        raise RefusedRequest("bad target")
    return (unquote_to_bytes(path).decode("latin-1") if "%" in path else path), query


def _parse_fields(lines: bytes) -> dict[str, str]:
    fields = _Fields()
    parser = HttpRequestParser(fields)
    try:
        parser.feed_data(_HARMLESS_LINE + lines)
    except HttpParserUpgrade:  # the head was whole; another protocol is not spoken here
        pass
    except HttpParserError as error:
        if isinstance(error.__context__, RefusedRequest):
            raise error.__context__ from None
        _body_length(fields, 1)  # has a status of its own for an unknown coding
        raise RefusedRequest(f"bad fields: {error}") from None
    return fields


_kept_fields = lru_cache(_KEPT)(_parse_fields)  # nobody changes what it has returned


def _body_length(fields: dict[str, str], minor: int) -> int:
    """Return the length of the body, 0 without one."""
    coding, length = fields.get("HTTP_TRANSFER_ENCODING"), fields.get("CONTENT_LENGTH")
    if coding is not None:
        if minor == 0 or length is not None:
            raise RefusedRequest("a body framed in two ways, or in a way of a later version")
        if coding.lower() != "chunked":
            raise RefusedRequest("unknown transfer coding", HTTPStatus.NOT_IMPLEMENTED)
        return CHUNKED
    if length is None:
        return 0
    if not length.isascii() or not length.isdigit() or len(length) > _LONGEST_LENGTH:
        raise RefusedRequest("bad length")
    return int(length)
