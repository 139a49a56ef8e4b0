"""What checks every request: the parts that the guards of all operations share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import falcon

from dataplane_core.api.access import Authorize
from dataplane_core.api.body_amounts import LineRoom
from dataplane_core.api.cross_site import CrossSite, keep_private
from dataplane_core.api.repeat import OfferRepeat
from dataplane_core.api.request import ApiRequest
from dataplane_core.auth import Identity, Role
from dataplane_core.dataclass import dataclass
from dataplane_core.store.planned import ChangePlan

if TYPE_CHECKING:
    from dataplane_core.api.followed import Follow
    from dataplane_core.api.hiding import Hiding

Identify = Callable[[ApiRequest], Identity]
RenderPlan = Callable[[ChangePlan], Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """The checks that all operations share.

    `current_version` gives the version that a request's answer shows unless its responder says so:
    the configuration's, or its transaction's. `offer` lets the server repeat an answer,
    `render_plan` makes JSON of what a change would do, `announce` tells plugins of a request that
    is about to be carried out: None where nothing is to. `sites` judges what pages in a browser ask
    for. `refuse_changes` raises the reason why nothing may be changed, if there is one. `hiding`
    hides secrets from some. `dangerous` is the least role that may open the system, if not all that
    may change anything are to. `opened_by` tells who has begun a transaction. `follow` finds out
    what the answer of a change is to wait for, if a plugin knows of something. Bodies share the
    room that is in `lines`.
    """

    identify: Identify
    authorize: Authorize | None
    sites: CrossSite
    current_version: Callable[[ApiRequest], int]
    body_limit: int
    lines: LineRoom
    refuse_changes: Callable[[], object] = bool
    offer: OfferRepeat | None = None
    render_plan: RenderPlan | None = None
    announce: Callable[[ApiRequest], None] | None = None
    hiding: "Hiding | None" = None
    dangerous: Role | None = None
    opened_by: Callable[[str], str | None] = lambda transaction: None
    follow: "Follow | None" = None

    def finish(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Set the headers of an answer; strangers are not told of the configuration."""
        if req.new_cookie:
            resp.append_header("Set-Cookie", req.new_cookie)
        if req.session is not None:
            keep_private(resp)
        version = req.shown_version
        if version is None and req.identity is not None:
            version = self.current_version(req)
        if version is not None:
            resp.set_header("Configuration-Version", str(version))
        varies = resp.get_header("Vary")
        resp.set_header("Vary", f"{varies}, Origin" if varies else "Origin")
        resp.set_header("X-Request-ID", req.request_id)
