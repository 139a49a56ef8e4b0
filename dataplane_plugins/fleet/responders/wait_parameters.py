"""The parameters of changes: to wait until members have one, or to make it a member's own."""

from collections.abc import Callable
from typing import Any

from dataplane_core.plugin import (
    ApiRequest,
    Awaited,
    BadRequest,
    CarryOut,
    Parameter,
    Routes,
    asked_by,
)

WAIT = Parameter(
    "wait", enum=("applied", "canary", "all"),
    help="Answer when the member that is asked has brought the change to its HAProxy, when the "
    "first wave has it, or all members. 409: it was made, and did not last, or stops.",
)  # fmt: skip
WAIT_TIMEOUT = Parameter(
    "wait_timeout", "integer", default=60,
    help="Seconds to wait, 300 at most. 202: it is made, and on its way.",
)  # fmt: skip
OVERLAY = Parameter(
    "overlay",
    help="Make the change what a group or a member has of its own, as in `group/edge` or `node/a`, "
    "and nobody else.",
)  # fmt: skip


def follow_changes(
    routes: Routes, waiting: Callable[[], Any], overlays: Callable[[], Any]
) -> None:
    """Know who asks for each change, have answers wait, and make changes a member's own.

    What does that is made when it is asked for: `waiting` returns a `Waiting`, `overlays` an
    `OverlayEdits`.
    """

    def follow(req: ApiRequest) -> CarryOut | None:
        carry_out: CarryOut | None = waiting().follow(req) if WAIT.name in req.params else None
        own = req.get_param(OVERLAY.name)
        if own and req.scratch is None:
            if carry_out is not None:
                raise BadRequest("wait and overlay in query: an overlay is not rolled out")
            carry_out = overlays().follow(req, own)

        def carried_out(respond: Callable[[], None]) -> Awaited | None:
            with asked_by(req.author):
                if carry_out is not None:
                    return carry_out(respond)
                respond()
                return None

        return carried_out

    routes.follow_changes_with(follow, (WAIT, WAIT_TIMEOUT, OVERLAY))
