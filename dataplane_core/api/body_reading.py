"""Read the body of a request as its operation takes it."""

from typing import Any

from dataplane_core.api.body import await_body, parse_json, read_body
from dataplane_core.api.body_amounts import LineRoom, most_parts
from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.api.operations import Body
from dataplane_core.errors import BadParameter, Code, Invalid

_STAND_IN = b"hidden-"
_PLAIN, _JSON = "text/plain", "application/json"


def read_document(req: CheckedRequest, body: Body, limit: int, lines: LineRoom) -> Any:
    """Read the body, of at most `limit` bytes, and its JSON where the operation takes some.

    The body's `lines` take their room, which is the request's until it gives them back. Raises
    `BadParameter`, and what says that a body is too large.
    """
    limit = min(limit, body.most)
    if body.media == "multipart/form-data":
        await_body(req.env, limit)
        return None
    raw = read_body(req, limit)
    if not raw.strip():
        if body.required:
            raise BadParameter("data in body is required", code=Code.REQUIRED)
        return None
    if _STAND_IN in raw:
        _refuse_stand_ins(req, raw)
    req.raw = raw
    is_json = req.media_type == _JSON
    has_lines = body.codec is not None if is_json else req.media_type == _PLAIN
    if (body.is_configuration or has_lines) and req.scratch is None:  # else it is part of another
        req.lines = lines.take(raw, is_json)
    if body.codec is None:
        return None
    return parse_json(raw, most_parts(body.codec, body.make_codec is not None))


def _refuse_stand_ins(req: CheckedRequest, raw: bytes) -> None:
    """Raise `Invalid` where somebody sends what stands for a secret, from whom none is hidden."""
    from dataplane_core.resources.stand_ins import STAND_IN

    found = STAND_IN.search(raw.decode("latin-1"))
    if found is not None and req.hiding is None:
        raise Invalid(
            f"{found[0]} in body stands for a secret that was hidden from somebody: send the "
            "secret itself"
        )
