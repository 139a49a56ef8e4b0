"""Speak HTTP/2 as a client of one request (RFC 9113), with header fields as HAProxy writes them.

HAProxy's encoder (src/hpack-enc.c) has neither a dynamic table nor Huffman codes.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import count

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST_BODY = 60_000
"""Bytes of a body that can be sent before the other side gives more room."""

_DATA, _HEADERS, _SETTINGS, _WINDOW_UPDATE, _CONTINUATION = 0, 1, 4, 8, 9
_RESET, _GOAWAY = 3, 7
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_STREAM = 1
_WINDOW = 2**31 - 1
_ROOM = struct.pack(">HI", 4, _WINDOW)
_MOST = 16384  # bytes of a frame
_STATUSES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
_TABLE = (
    ":authority :method :method :path :path :scheme :scheme :status :status :status :status :status"
    " :status :status accept-charset accept-encoding accept-language accept-ranges accept"
    " access-control-allow-origin age allow authorization cache-control content-disposition"
    " content-encoding content-language content-length content-location content-range content-type"
    " cookie date etag expect expires from host if-match if-modified-since if-none-match if-range"
    " if-unmodified-since last-modified link location max-forwards proxy-authenticate"
    " proxy-authorization range referer refresh retry-after server set-cookie"
    " strict-transport-security transfer-encoding user-agent vary via www-authenticate"
)
_NAMES = _TABLE.split()
"""The names of HPACK's static table (RFC 7541, appendix A), from 1."""


class NoHttp2(Exception):
    """What came is none of the HTTP/2 that HAProxy speaks."""


def request(fields: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """Return all that a client sends for a request; `fields` begin with those of its line."""
    block = b"".join(
        b"\0" + _text(name.lower()) + _text(value) for name, value in fields
    )  # each as it is, without an index
    parts = [block[at : at + _MOST] for at in range(0, len(block), _MOST)] or [b""]
    frames = [PREFACE, _frame(_SETTINGS, 0, _ROOM, stream=0)]
    frames.append(_frame(_WINDOW_UPDATE, 0, struct.pack(">I", _WINDOW - 65535), stream=0))
    for number, part in enumerate(parts):
        flags = _END_HEADERS if number == len(parts) - 1 else 0
        kind = _CONTINUATION if number else _HEADERS
        frames.append(_frame(kind, flags | (0 if body or number else _END_STREAM), part))
    for at in range(0, len(body), _MOST):
        flags = _END_STREAM if at + _MOST >= len(body) else 0
        frames.append(_frame(_DATA, flags, body[at : at + _MOST]))
    return b"".join(frames)


def _frame(kind: int, flags: int, payload: bytes, *, stream: int = _STREAM) -> bytes:
    size = struct.pack(">I", len(payload))[1:]
    return size + struct.pack(">BBI", kind, flags, stream) + payload


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    return _integer(len(data), 7) + data


def _integer(value: int, bits: int) -> bytes:
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    found, value = bytearray([most]), value - most
    while value >= 128:
        found.append(value % 128 + 128)
        value //= 128
    return bytes((*found, value))


class Response:
    """Reads frames as they come; `head` is what came of the response, as HTTP/1 has it.

    The connection `is_over` once the other side has given it, or the request, up.
    """

    def __init__(self) -> None:
        self.head = b""
        self.is_over = False
        self._data = b""
        self._block = b""

    def take(self, data: bytes) -> None:
        """Take the next bytes; raises `NoHttp2`."""
        self._data += data
        while len(self._data) >= 9:
            size = int.from_bytes(self._data[:3], "big")
            if len(self._data) < 9 + size:
                return
            kind, flags = self._data[3], self._data[4]
            payload, self._data = self._data[9 : 9 + size], self._data[9 + size :]
            self._frame(kind, flags, payload)

    def _frame(self, kind: int, flags: int, payload: bytes) -> None:
        if kind in (_RESET, _GOAWAY):
            self.is_over = True
        if kind not in (_HEADERS, _CONTINUATION):
            return
        if kind == _HEADERS and flags & _PADDED:
            payload = payload[1 : len(payload) - payload[0]]
        self._block += payload[5:] if kind == _HEADERS and flags & _PRIORITY else payload
        if flags & _END_HEADERS:
            fields, self._block = [*_decoded(self._block)], b""
            status = next((value for name, value in fields if name == ":status"), None)
            if status is not None:
                lines = [f"HTTP/2.0 {status} "]
                lines += [f"{name}: {value}" for name, value in fields if name[:1] != ":"]
                self.head += "\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape")


def _decoded(block: bytes) -> Iterator[tuple[str, str]]:
    """Yield the fields of a block; raises `NoHttp2` for what HAProxy does not write."""
    at = 0
    try:
        while at < len(block):
            first = block[at]
            if first & 0x80:
                number, at = _read_integer(block, at, 7)
                yield ":status", str(_STATUSES[number])
            elif first & 0xE0 == 0x20:
                _, at = _read_integer(block, at, 5)
            else:
                number, at = _read_integer(block, at, 6 if first & 0x40 else 4)
                name = _NAMES[number - 1] if number else ""
                if not number:
                    name, at = _read_text(block, at)
                value, at = _read_text(block, at)
                yield name, value
    except (IndexError, KeyError):
        raise NoHttp2("the header fields of the response cannot be read") from None


def _read_integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    most = (1 << bits) - 1
    value, at = block[at] & most, at + 1
    if value < most:
        return value, at
    for shift in count(0, 7):
        more, at = block[at], at + 1
        value += (more & 127) << shift
        if more < 128 or shift > 28:
            break
    return value, at


def _read_text(block: bytes, at: int) -> tuple[str, int]:
    if block[at] & 0x80:
        raise NoHttp2("the header fields of the response have Huffman codes")
    size, at = _read_integer(block, at, 7)
    return block[at : at + size].decode("utf-8", "surrogateescape"), at + size
