"""`/services/haproxy/configuration/version`: the number of the newest version."""

import falcon

from dataplane_core.plugin import (
    DEFAULT_RESPONSE,
    NOT_FOUND,
    TRANSACTION_ID,
    ApiRequest,
    Operation,
    Response,
    Routes,
    impl,
    to_json,
)


class ConfigurationVersion:
    """The number of the configuration's version, or of the one that a transaction started from."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(req.served.view.snapshot(req).version)


@impl
def dataplane_routes(routes: Routes) -> None:
    """Serve the number of the version."""
    routes.tag("Configuration", "The version of the configuration, and its whole text.", -1)
    responses = {
        "200": Response({"type": "integer"}, (), "The number."),
        "404": NOT_FOUND,
        "default": DEFAULT_RESPONSE,
    }
    operation = Operation(
        "getConfigurationVersion",
        "Configuration",
        "Read the version of the configuration. The number that a change has to name in "
        "`version`; each commit raises it.",
        (TRANSACTION_ID,),
        responses=responses,
        repeatable=True,
    )
    routes.add(
        "/services/haproxy/configuration/version", ConfigurationVersion(), {"GET": operation}
    )
