"""Tell a client that what it deletes is still referred to, or refuse to delete it."""

import falcon

from dataplane_core.api.request import ApiRequest
from dataplane_core.api.view import View
from dataplane_core.errors import Conflict, Reference
from dataplane_core.resources.referring import NamedUse, referrers
from dataplane_core.text import Document

_MOST_NAMED = 5


def tell_of_referrers(
    view: View, req: ApiRequest, resp: falcon.Response, document: Document, reference: Reference
) -> None:
    """Name what refers to an object that is to go, in the header `Warning`.

    Raises `Conflict` in its place where the settings want that. In a transaction nothing is
    refused: what refers to the object may go with it.
    """
    if view.store(req) is not view.config:
        return  # another file, whose sections nobody refers to by the names of this one
    uses = referrers(view.registry, document, reference)
    if not uses:
        return
    text = f"{_named(reference)} is still named by {_users(view, uses)}"
    if view.refuses_dangling and not req.query.get("transaction_id"):
        raise Conflict(text)
    resp.set_header("Warning", f'299 dataplane "{text}"')  # RFC 7234, section 5.5


def _named(reference: Reference) -> str:
    if reference.key is None:
        return f"{reference.kind} {reference.section}"
    return f"{reference.key} of {reference.kind} {reference.section}"


def _users(view: View, uses: list[NamedUse]) -> str:
    found = dict.fromkeys(view.location(one.resource) for one in uses if one.resource)
    named, more = list(found)[:_MOST_NAMED], len(found) - _MOST_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
