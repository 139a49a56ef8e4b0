"""Make changes a group's or a member's own: of a transaction, or a single one (`overlay=…`)."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    CarryOut,
    Document,
    Forbidden,
    NotFound,
    Services,
    is_rehearsed,
)
from dataplane_plugins.fleet.members.errors import FleetUnavailable, told
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.overlay import Kind, Overlay, check_name
from dataplane_plugins.fleet.records.revisions import Revision
from dataplane_plugins.fleet.rollouts.overlay_changes import OverlayChanges
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts


class OverlayEdits:
    """Makes what clients change on this member an overlay, and leaves the configuration alone."""

    def __init__(self, services: Services, member: Member) -> None:
        self._services, self._member = services, member
        self._overlays = Overlays(member)
        self._changes = OverlayChanges(member, self._overlays, Rollouts(member))

    def of_transaction(
        self, kind: Kind, name: str, transaction_id: str, who: str
    ) -> Overlay | None:
        """Make the edits of a transaction an overlay, and end it; None where it is only tried."""
        config = self._services.config
        self._member.revisions.chunks.begin()
        head = self._member.revisions.newest()
        if head is None:
            raise FleetUnavailable("the fleet has no configuration yet")
        before = config.snapshot().document
        after = config.snapshot(transaction_id).document
        plan = config.plan(after)
        if plan.refusal and not plan.findings:  # members ask HAProxy themselves
            raise Forbidden(plan.refusal)
        made = edited(self._overlays, kind, name, before, after, head)
        if is_rehearsed(f"{kind} {name} would have that of its own"):
            return None
        self._changes.put(made, head, {"name": who} if who else {})
        config.transactions.delete(transaction_id)
        by = who or "a client"
        self._services.log.info("fleet: the overlay of %s %s is by %s", kind, name, by)
        return made

    def follow(self, req: ApiRequest, where: str) -> CarryOut:
        """Return what carries a single change out as one of an overlay; raises `BadRequest`."""
        kind, _, name = where.partition("/")
        if not {"transaction_id", "version"} <= req.query.keys():
            raise BadRequest("overlay in query: this operation edits no object of haproxy.cfg")
        if req.query["transaction_id"]:
            raise BadRequest("overlay in query: end the transaction by PUT of the overlay instead")
        if req.change_options.dry_run or req.change_options.confirm_within is not None:
            raise BadRequest("overlay in query: it cannot be tried, or be on trial")
        return partial(self._carry_out, req, check_name(kind, name), name)

    def _carry_out(
        self, req: ApiRequest, kind: Kind, name: str, respond: Callable[[], None]
    ) -> None:
        transactions = self._services.config.transactions
        begun = transactions.begin(req.query["version"] or 0, req.who)
        own = {"version": None, "force_reload": False, "transaction_id": begun.id}
        req.query = {**req.query, **own}
        try:
            respond()
            with told():
                self.of_transaction(kind, name, begun.id, req.who)
        finally:
            with suppress(NotFound):
                transactions.delete(begun.id)


def edited(
    overlays: Overlays, kind: Kind, name: str, before: Document, after: Document, head: Revision
) -> Overlay:
    """Return the overlay that makes of the shared text of `head` what a change here has made.

    `before` and `after` are what this member has without and with the change. Raises `Conflict`.
    """
    here = overlays.here()
    below = () if kind == "group" else tuple(one for one in here if one.kind == "group")
    present = overlays.last(kind, name)
    base = overlays.kept_for(head.text, below)
    now = base if present.is_gone else overlays.text_for(head.text, (*below, present))
    return present.followed_by(base, overlays.merged(before, after, now), head.number + 1)
