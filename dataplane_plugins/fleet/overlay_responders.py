"""Show what is a group's or a member's own, and make it of the edits of a transaction."""

from typing import Any

import falcon

from dataplane_core.plugin import ApiRequest, Forbidden, NotFound, is_rehearsed, to_json
from dataplane_plugins.changes.unified import unified_diff
from dataplane_plugins.fleet.errors import FleetUnavailable, told
from dataplane_plugins.fleet.overlays import Overlay, Overlays, check_name, edited
from dataplane_plugins.fleet.responders import Shared


class OverlayList:
    """What groups and members have of their own: GET."""

    def __init__(self, shared: Shared) -> None:
        self._overlays = Overlays(shared.member)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        with told():
            shown = [overlay_json(self._overlays, one, req) for one in self._overlays.all()]
            resp.data = to_json(shown)


class OverlayItem:
    """What one group or member has of its own: GET; make it of a transaction: PUT; DELETE."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._overlays = Overlays(shared.member)

    def on_get(self, req: ApiRequest, resp: falcon.Response, kind: str, name: str) -> None:
        with told():
            found = self._overlays.get(check_name(kind, name), name)
            if found is None:
                raise NotFound(f"there is no overlay of {kind} {name}")
            resp.data = to_json(overlay_json(self._overlays, found, req))

    def on_put(self, req: ApiRequest, resp: falcon.Response, kind: str, name: str) -> None:
        config, where = self._shared.services.config, check_name(kind, name)
        transaction_id = req.query["transaction_id"]
        with told():
            head = self._shared.member.revisions.newest()
            if head is None:
                raise FleetUnavailable("the fleet has no configuration yet")
            before = config.snapshot().document
            after = config.snapshot(transaction_id).document
            plan = config.plan(after)
            if plan.refusal and not plan.findings:  # members ask HAProxy themselves
                raise Forbidden(plan.refusal)
            made = edited(self._overlays, where, name, before, after, head.text)
            if is_rehearsed(f"{kind} {name} would have that of its own"):
                return
            self._overlays.put(made)
            config.transactions.delete(transaction_id)
            who = req.who or "a client"
            self._shared.services.log.info("fleet: the overlay of %s %s is by %s", kind, name, who)
            resp.data = to_json(overlay_json(self._overlays, made, req))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, kind: str, name: str) -> None:
        where = check_name(kind, name)
        with told():
            if self._overlays.get(where, name) is None:
                raise NotFound(f"there is no overlay of {kind} {name}")
            if is_rehearsed(f"{kind} {name} would have nothing of its own"):
                return
            self._overlays.delete(where, name)
        resp.status = falcon.HTTP_204


def overlay_json(overlays: Overlays, one: Overlay, req: ApiRequest) -> dict[str, Any]:
    """Return an overlay as JSON: what it changes, as lines that differ."""
    base, own = (overlays.document(address).text() for address in (one.base, one.own))
    if req.hiding is not None:
        base, own = req.hiding.text(base), req.hiding.text(own)
    return {"kind": one.kind, "name": one.name, "diff": unified_diff(base, own, ("shared", "own"))}
