"""Read what any change takes in every API version: its author, its reason, and its options.

Clients of the Data Plane API do not know these parameters, so that a request without them does
what it always did.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import falcon

from dataplane_core.api.operations import Parameter
from dataplane_core.auth import Identity
from dataplane_core.environ_keys import LISTENER
from dataplane_core.errors import BadParameter, BadRequest, Reference
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.logs.apache import API_VERSION
from dataplane_core.store.author import PLAIN, Author, ChangeOptions
from dataplane_core.store.change import Outcome
from dataplane_core.store.lost_names import LostName, said_of
from dataplane_core.store.trial import Gate
from dataplane_core.text.moments import written_time
from dataplane_core.text.tokens import CONTROL_CHARACTERS

DRY_RUN = Parameter("dry_run", "boolean", help="Say what the change would do, and do nothing.")
REBASE = Parameter("rebase", "boolean", help="Put the change on the newest version.")
CONFIRM_WITHIN = Parameter(
    "confirm_within", help="Take the change back unless it is confirmed in this time, as in `90s`."
)
GATE_MIN_UP = Parameter(
    "gate_min_up", help="Servers that have to be up until then: a number, or a share as in `80%`."
)
GATE_MAX_5XX = Parameter(
    "gate_max_5xx", help="Share of answers that may have a status from 500 on, as in `5%`."
)
GATE_WINDOW = Parameter(
    "gate_window", help="How long HAProxy may miss that before the change goes, as in `10s`."
)
GATE_BACKENDS = Parameter(
    "gate_backends", help="Backends for each of which that holds, or `*`; else all together."
)
GATE_EXPECT = Parameter(
    "gate_expect", help="File of the general storage with requests and what has to become of them."
)
_GATE = (GATE_MIN_UP, GATE_MAX_5XX, GATE_WINDOW, GATE_BACKENDS)
OPTIONS = (DRY_RUN, REBASE, CONFIRM_WITHIN, *_GATE, GATE_EXPECT)
"""The query parameters that any change takes."""

PathOf = Callable[[Reference], str]
"""Returns the path of an object in a version of the interface."""

_NAMES = frozenset(one.name for one in OPTIONS)
_AUTHOR = "dataplane.author"
_GATE_NAMES = frozenset(one.name for one in _GATE)
_MOST_REASON = 1000
_DURATION = lazy_pattern(r"([0-9]{1,9})(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PERCENT = lazy_pattern(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%")
_NUMBER = lazy_pattern("[0-9]{1,6}")
_WINDOW = 10.0
_TAG = lazy_pattern(r'\s*((?:W/)?"[^"]*"|\*)\s*(?:,|$)')


def change_options(params: Mapping[str, Any], if_match: str | None) -> ChangeOptions:
    """Return the options in a query and in the header `If-Match` (RFC 9110, section 13.1.1).

    Raises `BadParameter` and `BadRequest` for what cannot be read.
    """
    if if_match is None and _NAMES.isdisjoint(params):
        return PLAIN
    within = _seconds(_one(params, CONFIRM_WITHIN), CONFIRM_WITHIN, 86_400)
    return ChangeOptions(
        dry_run=bool(DRY_RUN.parse(_one(params, DRY_RUN), strict=True)),
        rebase=bool(REBASE.parse(_one(params, REBASE), strict=True)),
        confirm_within=within,
        gate=_gate(params, within),
        expect=_one(params, GATE_EXPECT) or "",
        if_match=() if if_match is None else _tags(if_match),
    )


def author(environ: dict[str, Any], identity: Identity | None, request_id: str) -> Author:
    """Return who asks for a change; raises `BadRequest` for a reason that is too long."""
    known: Author | None = environ.get(_AUTHOR)
    if known is None:
        known = environ[_AUTHOR] = _found_author(environ, identity, request_id)
    return known


def _found_author(
    environ: Mapping[str, Any], identity: Identity | None, request_id: str
) -> Author:
    address = environ.get("REMOTE_ADDR") or ""
    if environ.get(LISTENER) == "unix":
        address = "unix"
    elif ":" in address:
        address = f"[{address}]"
    port = environ.get("REMOTE_PORT") if address not in ("", "unix") else ""
    return Author(
        name=identity.name if identity else "",
        method=identity.method if identity else "",
        address=f"{address}:{port}" if port else address,
        client=_plain(environ.get("HTTP_USER_AGENT") or "")[:_MOST_REASON],
        interface=environ.get(API_VERSION) or "",
        request_id=request_id,
        reason=_reason(environ.get("HTTP_X_CHANGE_REASON") or ""),
    )


def _reason(header: str) -> str:
    reason = _plain(header).strip()
    if len(reason) > _MOST_REASON:
        raise BadRequest(f"X-Change-Reason is longer than {_MOST_REASON} characters")
    return reason


def _plain(header: str) -> str:
    """Return a header's text: WSGI has its bytes as Latin-1, people write UTF-8."""
    if header.isascii() and header.isprintable():
        return header
    return CONTROL_CHARACTERS.sub(" ", header.encode("latin-1").decode("utf-8", "replace"))


def _one(params: Mapping[str, Any], parameter: Parameter) -> str | None:
    value = params.get(parameter.name)
    return value[0] if isinstance(value, list) else value


def _seconds(text: str | None, parameter: Parameter, most: int) -> float | None:
    """Return a duration in seconds; a number alone counts seconds."""
    if not text:
        return None
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if not 1 <= seconds <= most:
        longest = f"{most // 3600}h"
        raise BadParameter(
            f"{parameter.name} in query must be a time from 1s to {longest}, such as 90s"
        )
    return seconds


def _gate(params: Mapping[str, Any], within: float | None) -> Gate | None:
    """Return the gate in a query; None without one."""
    if _GATE_NAMES.isdisjoint(params):
        return None
    up, errors = _one(params, GATE_MIN_UP), _one(params, GATE_MAX_5XX)
    if within is None:
        raise BadParameter("a gate in query needs confirm_within: the time for which it watches")
    if not up and not errors:
        raise BadParameter("a gate in query needs gate_min_up or gate_max_5xx")
    window = _seconds(_one(params, GATE_WINDOW), GATE_WINDOW, 3600)
    backends = params.get(GATE_BACKENDS.name)
    names = ",".join(backends) if isinstance(backends, list) else backends or ""
    return Gate(
        None if not up else _share(up, GATE_MIN_UP) if up.endswith("%") else _count(up),
        is_share=not up or up.endswith("%"),
        max_5xx=_share(errors, GATE_MAX_5XX) if errors else None,
        window=min(within, _WINDOW) if window is None else window,
        backends=tuple(filter(None, names.split(","))),
    )


def _share(text: str, parameter: Parameter) -> float:
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > 100:
        raise BadParameter(f"{parameter.name} in query must be a share from 0% to 100%, such as 5%")
    return float(match[1]) / 100


def _count(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise BadParameter(
            "gate_min_up in query must be a number of servers, or a share such as 80%"
        )
    return float(text)


def show_outcome(resp: falcon.Response, outcome: Outcome, path_of: PathOf | None = None) -> None:
    """Say in an answer which reload is to come, and until when the change has to be confirmed.

    Where `path_of` gives the paths of objects, the header `Warning` says which names are lost.
    """
    if outcome.lost and path_of is not None:
        warn_of_lost(resp, outcome.lost, path_of)
    if outcome.reload_id is not None:
        resp.set_header("Reload-ID", outcome.reload_id)
    if outcome.confirm_before is not None:
        resp.set_header("Confirm-Before", written_time(outcome.confirm_before))


def warn_of_lost(resp: falcon.Response, lost: Sequence[LostName], path_of: PathOf) -> None:
    """Say in an answer, in the header `Warning`, which names mean nothing any more."""
    text = said_of(lost, path_of).replace('"', "'").encode("ascii", "replace").decode()
    resp.set_header("Warning", f'299 dataplane "{text}"')  # RFC 7234, section 5.5


def _tags(header: str) -> tuple[str, ...]:
    """Return the tags of a header, without quotes; weak ones stay as they are written."""
    found, at = [], 0
    while at < len(header):
        match = _TAG.match(header, at)
        if match is None:
            raise BadRequest('If-Match must be * or tags in quotes, such as "3f2a"')
        found.append(match[1] if match[1][0] == "W" else match[1].strip('"'))
        at = match.end()
    if not found:
        raise BadRequest('If-Match must be * or tags in quotes, such as "3f2a"')
    return tuple(found)
