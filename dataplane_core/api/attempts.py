"""Try changes on a configuration of their own, by the requests that would make them."""

import io
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

import orjson

from dataplane_core.api.checked_request import APPLICATION, SCRATCH, SESSION, CheckedRequest
from dataplane_core.environ_keys import CERTIFICATE, LISTENER
from dataplane_core.logs.request_id import REQUEST_ID
from dataplane_core.store.scratch import Scratch

_KEPT = (
    *("HTTP_AUTHORIZATION", "HTTP_X_REQUESTED_WITH", "HTTP_X_CHANGE_REASON"),
    *(CERTIFICATE, LISTENER, REQUEST_ID, APPLICATION, SESSION),
)
"""What a tried request shares with the one that has it tried, beside what is not of HTTP."""


class Tried(NamedTuple):
    """How a request was answered: its status, and its body where that is JSON."""

    status: int
    body: Any


class Answers(Protocol):
    """A WSGI application."""

    def __call__(self, environ: dict[str, Any], start_response: Any, /) -> Any:
        """Answer a request."""


def try_change(
    req: CheckedRequest, scratch: Scratch, method: str, target: str, body: bytes | None = None
) -> Tried:
    """Return how a change would be answered; `scratch` is then as the change would leave it.

    It is asked for by who asks in `req`. A request that does not edit the configuration, or that
    may not be made, is answered with a refusal.
    """
    raw = target.partition("#")[0].encode("utf-8", "replace").decode("latin-1")  # as WSGI has it
    asked, _, query = raw.partition("?")
    path = unquote_to_bytes(asked.encode("latin-1")).decode("latin-1")
    own = ("HTTP_", "CONTENT_", "dataplane.")
    environ = {name: value for name, value in req.env.items() if not name.startswith(own)}
    environ |= {name: req.env[name] for name in _KEPT if name in req.env}
    environ |= {
        "REQUEST_METHOD": method, "PATH_INFO": path, "RAW_URI": raw,
        "QUERY_STRING": query, "wsgi.input": io.BytesIO(body or b""),
        "CONTENT_LENGTH": str(len(body or b"")), SCRATCH: scratch,
    }  # fmt: skip
    if body is not None:
        plain = asked.rstrip("/").endswith("/raw")
        environ["CONTENT_TYPE"] = "text/plain" if plain else "application/json"
    statuses: list[str] = []
    application: Answers = req.env[APPLICATION]
    answer = application(environ, lambda status, *_: statuses.append(status))
    return Tried(int(statuses[0].partition(" ")[0]), _json(b"".join(answer)))


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
