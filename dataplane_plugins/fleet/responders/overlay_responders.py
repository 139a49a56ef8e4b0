"""Show what is a group's or a member's own, and make it of the edits of a transaction."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    Document,
    NotFound,
    is_rehearsed,
    to_json,
)
from dataplane_plugins.changes.left_out import LeftOut
from dataplane_plugins.changes.rendering import Rendering
from dataplane_plugins.changes.unified import unified_diff
from dataplane_plugins.fleet.members.errors import told
from dataplane_plugins.fleet.records.overlay import Overlay, check_name
from dataplane_plugins.fleet.responders.fleet_responders import Shared
from dataplane_plugins.fleet.responders.overlay_edits import OverlayEdits
from dataplane_plugins.fleet.rollouts.overlay_changes import OverlayChanges
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.sharing.sharer import author_fields

_MOST = 1000


class OverlayList:
    """What groups and members have of their own: GET."""

    def __init__(self, shared: Shared) -> None:
        self._overlays = Overlays(shared.member)
        self._shown = _Shown(shared, self._overlays)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        limit, after = req.query["limit"], req.query["after"] or ""
        if not 1 <= limit <= _MOST:
            raise BadRequest(f"limit must be between 1 and {_MOST}")
        with told():
            found = [one for one in self._overlays.readable() if f"{one.kind}/{one.name}" > after]
            resp.data = to_json([self._shown(one, req) for one in found[:limit]])


class OverlayItem:
    """What one group or member has of its own: GET; make it of a transaction: PUT; DELETE."""

    def __init__(self, shared: Shared) -> None:
        self._member, self._overlays = shared.member, Overlays(shared.member)
        self._edits = OverlayEdits(shared.services, shared.member)
        self._shown = _Shown(shared, self._overlays)
        self._changes = OverlayChanges(shared.member, self._overlays, shared.rollouts)

    def on_get(self, req: ApiRequest, resp: falcon.Response, kind: str, name: str) -> None:
        with told():
            found = self._overlays.get(check_name(kind, name), name)
            if found is None:
                raise NotFound(f"there is no overlay of {kind} {name}")
            resp.data = to_json(self._shown(found, req))

    def on_put(self, req: ApiRequest, resp: falcon.Response, kind: str, name: str) -> None:
        where = check_name(kind, name)
        with told():
            made = self._edits.of_transaction(where, name, req.query["transaction_id"], req.who)
            if made is not None:
                resp.data = to_json(self._shown(made, req))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, kind: str, name: str) -> None:
        where = check_name(kind, name)
        with told():
            self._member.revisions.chunks.begin()
            head = self._member.revisions.newest()
            gone = self._overlays.removed(where, name, head.number + 1) if head else None
            if head is None or gone is None:
                raise NotFound(f"there is no overlay of {kind} {name}")
            if is_rehearsed(f"{kind} {name} would have nothing of its own"):
                return
            self._changes.put(gone, head, author_fields(req.author))
        resp.status = falcon.HTTP_204


class _Shown:
    """Shows overlays: what they change, as objects and as lines that differ."""

    def __init__(self, shared: Shared, overlays: Overlays) -> None:
        self._overlays, self._rendering = overlays, Rendering(shared.view)

    def __call__(self, one: Overlay, req: ApiRequest) -> dict[str, Any]:
        """Return an overlay as JSON."""
        base, own = (self._overlays.document(address) for address in (one.base, one.own))
        if req.hiding is not None:
            hidden = (req.hiding.text(each.text()) for each in (base, own))
            base, own = (Document.parse(each, base.language) for each in hidden)
        left_out = LeftOut()
        found = {
            "kind": one.kind, "name": one.name,
            "diff": unified_diff(base.text(), own.text(), ("shared", "own")),
            "changes": self._rendering.between(base, own, left_out),
        }  # fmt: skip
        return found | left_out.told()
