"""Tell a server when it may give an answer again without asking the application.

What the application leaves with such an answer is said in `environ_keys`. The function looks at
the files that the answer rests on, at most two, and neither reads them nor waits for anything.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import ref

from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.environ_keys import REPEAT, REPEAT_BASIS
from dataplane_core.logs.apache import API_VERSION

if TYPE_CHECKING:
    from dataplane_core.services import Services

OfferRepeat = Callable[[CheckedRequest], None]


def repeats_of(services: "Services") -> OfferRepeat:
    """Return what leaves the function with a request that has been answered.

    Nothing is left for an answer that did not come from the configuration as it is in the file,
    such as one of a transaction.
    """
    unchanged, count = services.config.unchanged, services.callers.count

    def offer(req: CheckedRequest) -> None:
        snapshot, admission, environ = req.snapshot, req.admission, req.env
        if snapshot is None or admission is None or req.new_cookie:
            return
        newest, holds = ref(snapshot), admission.holds  # a server keeps no former text alive
        caller = environ[API_VERSION], environ["REMOTE_USER"], environ.get("HTTP_USER_AGENT", "")

        def is_same() -> bool:
            now = unchanged()
            if now is None or now is not newest() or not holds(now.document):
                return False
            count(*caller)
            return True

        environ[REPEAT], environ[REPEAT_BASIS] = is_same, snapshot

    return offer
