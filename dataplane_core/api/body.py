"""Bodies of requests: read within a limit, decoded strictly."""

import json
from typing import Any

import falcon
import orjson

from dataplane_core.api.body_amounts import MOST_PARTS, check_parts
from dataplane_core.environ_keys import DEMAND_BODY
from dataplane_core.errors import BadParameter, BadRequest, Code, TooLarge, UnsupportedMedia
from dataplane_core.text.depth import DEEPEST, is_too_deep
from dataplane_core.text.numbers import is_digits

Environment = dict[str, Any]

_ROOMY = 1 << 16  # bytes of a document from which on the room that is left is hardly touched


def has_body(environ: Environment) -> bool:
    """Return whether a request has a body: with a length, or chunked (RFC 9112, section 6)."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return True
    return environ.get("CONTENT_LENGTH") not in (None, "", "0")


def check_type(environ: Environment, given: str, types: tuple[str, ...]) -> None:
    """Refuse a body of another media type than those that the operation reads."""
    if given not in types and has_body(environ):
        wanted = " or ".join(types)
        raise UnsupportedMedia(f"the body must be {wanted}, not {given or 'of an unnamed type'}")


def check_size(environ: Environment, limit: int) -> None:
    """Refuse a body whose stated length is over `limit` bytes, before any of it is read."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if is_digits(length) and int(length) > limit:
        raise too_large(limit)


def await_body(environ: Environment, limit: int) -> None:
    """Refuse a body of over `limit` bytes, and have the server take one in that has not come yet.

    The server then asks the application again: nothing may have been done for the request before.
    """
    check_size(environ, limit)
    demand = environ.get(DEMAND_BODY)
    if demand is not None:
        try:
            demand(limit)
        except OSError:
            raise broken_off() from None


def read_body(req: falcon.Request, limit: int) -> bytes:
    """Return the whole body, chunked or not.

    Raises `TooLarge` for one over `limit` bytes, and `BadRequest` for one
    that is cut short or whose chunks are malformed (the server raises `OSError` for both).
    """
    environ = req.env
    await_body(environ, limit)
    length = req.content_length
    if length is None and "HTTP_TRANSFER_ENCODING" not in environ:
        return b""
    try:
        data: bytes = environ["wsgi.input"].read(limit + 1 if length is None else length)
    except OSError:
        raise broken_off() from None
    if length is None and len(data) > limit:
        raise too_large(limit)
    if length is not None and len(data) < length:
        raise broken_off()
    return data


def broken_off() -> BadRequest:
    """Return the error for a body that is cut short, or whose chunks are malformed."""
    return BadRequest("the body broke off before its end, or is not framed as its headers say")


def parse_json(data: bytes, most: int = MOST_PARTS) -> Any:
    """Return the JSON document that `data` starts with, of at most so many names and values.

    What follows it is ignored, as clients of the interface are used to. A number that fits into no
    64 bits, text that is not UTF-8, and more than `DEEPEST` arrays and objects in one another are
    errors; of equal keys the last one counts.
    """
    check_parts(data, most)
    value = _parsed(data)
    if data.count(b"[") + data.count(b"{") > DEEPEST and is_too_deep(value):
        raise BadRequest(f"the body has more than {DEEPEST} arrays and objects in one another")
    return value


def _parsed(data: bytes) -> Any:
    if not data.strip():
        raise BadParameter("data in body is required", code=Code.REQUIRED)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if error.msg.startswith("unexpected content after document"):
            return _parsed(error.doc[: error.pos].encode())
        if "surrogate in string" in error.msg:
            return _with_surrogates(error.doc)
        raise BadRequest(f"the body is not JSON: {error}") from None


def _with_surrogates(text: str) -> Any:
    r"""Return a document with `\udc80` to `\udcff` in it, which stand for bytes not UTF-8."""
    try:
        value, _ = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode(text.lstrip())
        json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON in UTF-8") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def to_json(value: Any) -> bytes:
    r"""Return a JSON document; bytes of the file that are not UTF-8 become `\udc80` to `\udcff`."""
    try:
        made = orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()
    # orjson makes room for more, 4 KiB at least, which would be held as long as the document is.
    return bytes(memoryview(made)) if len(made) < _ROOMY else made


def too_large(limit: int) -> TooLarge:
    """Return the error for a body of more than `limit` bytes."""
    return TooLarge(f"the body is larger than {limit} bytes, the largest that is taken")
