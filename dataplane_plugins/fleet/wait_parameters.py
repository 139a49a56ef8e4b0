"""The parameters by which the answer of a change waits until members have it."""

from collections.abc import Callable
from typing import Any

from dataplane_core.plugin import ApiRequest, Awaited, CarryOut, Parameter, Routes

WAIT = Parameter(
    "wait", enum=("applied", "canary", "all"),
    help="Answer when the member that is asked has brought the change to its HAProxy, when the "
    "first wave has it, or all members. 409: it was made, and did not last, or stops.",
)  # fmt: skip
WAIT_TIMEOUT = Parameter(
    "wait_timeout", "integer", default=60,
    help="Seconds to wait, 300 at most. 202: it is made, and on its way.",
)  # fmt: skip


def follow_changes(routes: Routes, waiting: Callable[[], Any]) -> None:
    """Know who asks for each change, and have answers wait; what does that is made when asked for.

    `waiting` returns it (`Waiting`).
    """

    def follow(req: ApiRequest) -> CarryOut | None:
        from dataplane_plugins.fleet.made import asked_by

        carry_out: CarryOut | None = waiting().follow(req) if WAIT.name in req.params else None

        def carried_out(respond: Callable[[], None]) -> Awaited | None:
            with asked_by(req.author):
                if carry_out is not None:
                    return carry_out(respond)
                respond()
                return None

        return carried_out

    routes.follow_changes_with(follow, (WAIT, WAIT_TIMEOUT))
