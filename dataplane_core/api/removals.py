"""Tell a client, in a transaction, that what it deletes is still referred to."""

import falcon

from dataplane_core.api.change_options import warn_of_lost
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.view import View
from dataplane_core.errors import Reference
from dataplane_core.references.existing import reader_for
from dataplane_core.references.names_in_files import NamesInFiles
from dataplane_core.resources.referring import NamedUse, referrers
from dataplane_core.store.lost_names import LostName
from dataplane_core.text import Document


def tell_of_referrers(
    view: View, req: ApiRequest, resp: falcon.Response, document: Document, reference: Reference
) -> None:
    """Name what refers to an object that is to go, in the header `Warning`.

    That is for transactions: what refers to the object may go with it. A commit, and so any change
    that is made at once, says itself what it takes from others.
    """
    if view.store(req) is not view.config or not req.query.get("transaction_id"):
        return
    users = _users(referrers(view.registry, document, reference))
    read = reader_for(view.config.file.path, document)
    found = NamesInFiles(view.registry, document, read).referring_to(reference)
    lines = tuple(f"line {one.line} of {one.file}" for one in found)
    if users or lines:
        warn_of_lost(resp, [LostName(_named(reference), users, lines)], view.location)


def _named(reference: Reference) -> str:
    if reference.key is None:
        return f"{reference.kind} {reference.section}"
    return f"{reference.key} of {reference.kind} {reference.section}"


def _users(uses: list[NamedUse]) -> tuple[Reference, ...]:
    return tuple(one.resource for one in uses if one.resource)
