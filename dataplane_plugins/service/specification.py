"""`/specification` (Swagger 2.0) and `/specification_openapiv3` (OpenAPI 3.0)."""

import falcon

from dataplane_core import impl
from dataplane_core.api.operations import FAILURE, Operation, Response
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.routes import Routes


class Specification:
    """The document in one form."""

    def __init__(self, form: str) -> None:
        self.form = form

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = req.site.document(self.form)


@impl
def dataplane_routes(routes: Routes) -> None:
    """Serve both documents."""
    answers = {"200": Response({"type": "object"}, (), "The document."), "default": FAILURE}
    old = Operation(
        "getSpecification",
        "Specification",
        "This interface as Swagger 2.0",
        responses=answers,
    )
    new = Operation(
        "getOpenapiv3Specification",
        "SpecificationOpenapiv3",
        "This interface as OpenAPI 3.0",
        responses=answers,
    )
    routes.add("/specification", Specification("2.0"), {"GET": old})
    routes.add("/specification_openapiv3", Specification("3.0.3"), {"GET": new})
