"""Look at the answers of responders that third parties' plugins have added before they are sent."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import falcon

from dataplane_core.api.request import ApiRequest


def looked_at(
    respond: Callable[..., None], watching: Callable[[], AbstractContextManager[None]]
) -> Callable[..., None]:
    """Return a responder whose answer can be sent, or that has failed and left nothing behind.

    `watching` watches one call: it names the plugin of one that does not return.
    """

    def responded(req: ApiRequest, resp: falcon.Response, **named: Any) -> None:
        try:
            with watching():
                respond(req, resp, **named)
            falcon.code_to_http_status(resp.status)
            body = resp.render_body()
            if not isinstance(body, bytes | None):
                raise TypeError(f"the body of the answer is {type(body).__name__}, not bytes")
        except BaseException:
            resp.text = resp.data = resp.stream = resp.media = None
            raise

    return responded
