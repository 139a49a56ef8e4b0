"""Tell a server when it may give an answer again without asking the application.

Some answers are a function of the request and of the configuration alone. With such an answer the
application leaves a function in the request's environment. A server may call it for an equal
request: same method, target and headers (but `X-Request-ID`), same kind of listener, same client
certificate. It returns whether the application would answer with the same status, headers and
bytes now, and has counted the caller then. It looks at the files that the answer rests on, at
most two, and neither reads them nor waits for anything.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import ref

from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.logs.apache import API_VERSION

if TYPE_CHECKING:
    from dataplane_core.services import Services

KEY = "dataplane.repeat"
"""The key of a request's environment under which the function stands."""

BASIS = "dataplane.repeat_basis"
"""The key under which stands what the answer was read from; equal answers have the same object."""

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

        environ[KEY], environ[BASIS] = is_same, snapshot

    return offer
