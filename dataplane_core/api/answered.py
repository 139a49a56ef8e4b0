"""Tell plugins of requests that may have changed something, or were not let in."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dataplane_core.api.change_options import author
from dataplane_core.api.checked_request import IDENTITY, IS_STEP, IS_TRIAL, READS
from dataplane_core.api.frame import SLASH
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import BadRequest
from dataplane_core.logs.request_id import REQUEST_ID
from dataplane_core.store.author import Author

if TYPE_CHECKING:
    from dataplane_core.services import Services

NOT_LET_IN = frozenset({401, 403})
"""Statuses of answers to those who may not ask."""
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered: the argument of the hook `dataplane_answered`.

    `path` is normal: no doubled or trailing slash, names decoded. `message` says why it was
    refused. `author` has a name only if it was found out who asks. With `is_trial` the request was
    to change nothing, whatever its status; with `is_step` it is one of several in a transaction.
    """

    method: str
    path: str
    query: str
    status: int
    author: Author
    message: str = ""
    is_trial: bool = False
    is_step: bool = False

    @property
    def is_read(self) -> bool:
        """Whether the request asked for no change."""
        return self.method in READS


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that asks for a change: the argument of the hook `dataplane_asked`.

    `path` and `query` are as in `Answered`, and it is known who asks: `author`.
    """

    method: str
    path: str
    query: str
    author: Author


def announce(
    environ: dict[str, Any], by: Author, hook: Callable[..., object], services: "Services"
) -> None:
    """Call the hook for a request that is about to be carried out, if it asks for a change.

    Steps of a transaction change nothing yet. Raises what a plugin refuses the request with.
    """
    if environ["REQUEST_METHOD"] in READS or IS_STEP in environ or IS_TRIAL in environ:
        return
    path, query = _asked(environ)
    asked = Asked(environ["REQUEST_METHOD"], path, query, by)
    hook(asked=asked, services=services)


def _asked(environ: dict[str, Any]) -> tuple[str, str]:
    """Return the path and the query of a request, of bounded length."""
    path = environ.get("PATH_INFO", "").replace(SLASH, "/")
    path = path.encode("latin-1", "replace").decode("utf-8", "replace")[:_LONGEST]
    return path, environ.get("QUERY_STRING", "")[:_LONGEST]


def tell(
    environ: dict[str, Any],
    method: str,
    status: int,
    parts: object,
    hook: Callable[..., object],
    services: "Services",
) -> None:
    """Call the hook for a request that asked for a change, or was not let in."""
    identity, request_id = environ.get(IDENTITY), environ.get(REQUEST_ID) or ""
    try:
        who = author(environ, identity, request_id)
    except BadRequest:  # for its reason, which the client has been told
        who = author({**environ, "HTTP_X_CHANGE_REASON": ""}, identity, request_id)
    path, query = _asked(environ)
    answered = Answered(
        method,
        path,
        query,
        status,
        who,
        _message(parts) if status >= 400 else "",
        is_trial=IS_TRIAL in environ,
        is_step=IS_STEP in environ,
    )
    hook(answered=answered, services=services)


def _message(parts: object) -> str:
    if not isinstance(parts, list) or not parts:
        return ""
    try:
        said = json.loads(parts[0])["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return str(said)[:_LONGEST]
