"""Read the body of a request as its operation takes it."""

from typing import Any

from dataplane_core.api.body import await_body, parse_json, read_body
from dataplane_core.api.body_amounts import check_lines, most_parts
from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.api.operations import Body
from dataplane_core.errors import BadParameter, Code, Invalid

_STAND_IN = b"hidden-"
_TEXTS = ("text/plain", "application/json")


def read_document(req: CheckedRequest, body: Body, limit: int, line_limit: int) -> Any:
    """Read the body, of at most `limit` bytes, and its JSON where the operation takes some.

    At most `line_limit` lines of a configuration are taken. Raises `BadParameter`, and what says
    that a body is too large.
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
    if body.is_configuration and req.media_type in _TEXTS:
        check_lines(raw, line_limit)
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
