"""The application with all plugins, called without a network."""

from collections.abc import Iterable

from tests.api.support import OWN, Api

V3 = "/v3/services/haproxy/configuration"
APPLY = f"{OWN}/apply"


class WholeApi(Api):
    """The application with every plugin that comes with the server."""

    def wanted(self, plugins: Iterable[object]) -> list[object] | None:
        return None
