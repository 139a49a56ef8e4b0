"""The parameters by which the answer of a change waits until members have it."""

from dataplane_core.plugin import Parameter

WAIT = Parameter(
    "wait", enum=("applied", "canary", "all"),
    help="Answer when the member that is asked has brought the change to its HAProxy, when the "
    "first wave has it, or all members. 409: it was made, and did not last, or stops.",
)  # fmt: skip
WAIT_TIMEOUT = Parameter(
    "wait_timeout", "integer", default=60,
    help="Seconds to wait, 300 at most. 202: it is made, and on its way.",
)  # fmt: skip
