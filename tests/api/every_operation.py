"""Every operation of every API version, as the routes themselves have them."""

import re
from collections.abc import Iterator

from dataplane_core.api.operations import Operation
from tests.api.support import Api

_NAME = re.compile(r"\{[^}]*\}")


def every_operation(api: Api) -> Iterator[tuple[str, str, Operation]]:
    """Yield method, path and operation of all that is served, the server's own interface included."""
    for one in api.app.interfaces:
        for route in one.routes:
            path = one.version.prefix + ("" if route.template == "/" else _NAME.sub("1", route.template))
            for method in route.operations:
                yield method, path, route.complete(route.operations[method])
                if route.at_top:
                    yield method, _NAME.sub("1", route.template), route.complete(route.operations[method])
