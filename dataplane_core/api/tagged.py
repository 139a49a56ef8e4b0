"""Tags of resources (ETag, RFC 9110, section 8.8.3): of what is shown, whatever its version is.

A tag stays the same for as long as the resource does. So a client that sends it back (`If-Match`)
needs no number of a version: its change is made if the resource is what it was, and changes of
other resources in between do not matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import falcon
import orjson

from dataplane_core.api.body import to_json
from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.digests import blake2b
from dataplane_core.errors import BadRequest, NotFound, PreconditionFailed
from dataplane_core.store.author import ChangeOptions
from dataplane_core.store.snapshot import KeptAnswer, Snapshot

ANY = "*"
_WEAK = "W/"


@runtime_checkable
class Replaceable(Protocol):
    """A resource that can say what a GET shows of an object: a PUT is compared with that."""

    def shown(self, req: Any, /, **named: Any) -> Any:
        """Return what a GET shows of the object, or list; raise `DataplaneError` without one."""


@runtime_checkable
class JudgesTags(Protocol):
    """A resource whose responders look at `If-Match` themselves."""

    judges_tags: bool


def tag_of(shown: bytes) -> str:
    """Return the tag of a resource, which is shown as this JSON."""
    return blake2b(shown, 12).hex()


def kept_answer(value: Any, wrap: Callable[[Any], Any]) -> KeptAnswer:
    """Return the answer that shows a resource: its JSON as `wrap` has it, and its tag."""
    shown = to_json(value)
    whole = wrap(orjson.Fragment(shown))
    data = shown if isinstance(whole, orjson.Fragment) else to_json(whole)
    return KeptAnswer(data, tag_of(shown))


def answer_tagged(req: CheckedRequest, resp: falcon.Response, kept: KeptAnswer) -> None:
    """Answer with a resource and its tag; without it if the client has it (`If-None-Match`)."""
    resp.set_header("ETag", f'"{kept.tag}"')
    if "HTTP_IF_NONE_MATCH" in req.env and _is_among(kept.tag, req.if_none_match):
        resp.status = 304
        return
    resp.data = kept.data


def _is_among(tag: str, tags: Any) -> bool:
    return any(one in (tag, ANY) for one in tags or ())


def require_match(req: CheckedRequest, resource: object, named: dict[str, Any]) -> None:
    """Refuse a change of a resource that is not what the client takes it for (`If-Match`).

    Raises `PreconditionFailed`, and `BadRequest` where the path has no tag. The request's
    `condition` does the same for the text that the change is made on in the end.
    """
    if isinstance(resource, JudgesTags):
        return
    if not isinstance(resource, Replaceable):
        raise BadRequest("If-Match cannot be used here: what is changed has no tag")
    wanted = req.change_options.if_match

    def check(snapshot: Snapshot | None) -> None:
        req.as_of = snapshot
        try:
            tag = tag_of(to_json(resource.shown(req, **named)))
        except NotFound as error:
            raise PreconditionFailed(f"If-Match: {error.message}") from None
        finally:
            req.as_of = None
        if ANY not in wanted and tag not in wanted:
            raise PreconditionFailed(_mismatch(tag, wanted))

    check(None)
    req.condition = check
    if not req.query.get("transaction_id"):
        req.matched_version = req.shown_version


def _mismatch(tag: str, wanted: Sequence[str]) -> str:
    """Return why no tag of a client is that of a resource: tags are compared strongly."""
    if f'{_WEAK}"{tag}"' in wanted:
        return (
            f'If-Match: {_WEAK}"{tag}" is a weak tag, which never matches: a proxy that compresses '
            f'answers has made it of "{tag}"; send that, or have the proxy leave tags alone'
        )
    bare = [one.removeprefix(_WEAK).strip('"') for one in wanted]
    if any(one.startswith((f"{tag}-", f"{tag};", f"{tag}/")) for one in bare):
        return (
            f'If-Match: the tag of the resource is "{tag}"; a proxy that compresses answers has '
            "added to it: send it as it was, or have the proxy leave tags alone"
        )
    if wanted and all(one.startswith(f'{_WEAK}"') for one in wanted):
        return f'If-Match: weak tags ({_WEAK}"…") never match; the tag of the resource is "{tag}"'
    return f'the resource has changed since it was read: its tag is "{tag}" now'


def version_to_change(req: CheckedRequest) -> tuple[int | None, ChangeOptions]:
    """Return the version that a change is made for, and what else the client wants of the change.

    A client that knows the resource by its tag need not name a version. Versions that leave the
    resource alone do not matter to its change then.
    """
    version: int | None = req.query.get("version")
    options = req.change_options
    if req.condition is not None:
        options = replace(options, condition=req.condition)
    if version or req.matched_version is None:
        return version, options
    return req.matched_version, replace(options, rebase=True)
