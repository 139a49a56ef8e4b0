"""`/specification` (Swagger 2.0), `/specification_openapiv3`, and our own `/openapi.json`."""


import falcon

from dataplane_core.plugin import (
    DEFAULT_RESPONSE,
    OWN,
    ApiRequest,
    Operation,
    Response,
    Routes,
    impl,
    lazy_pattern,
    to_json,
)

OWN_PATH = "/openapi.json"
"""The path of the document of the server's own interface."""

_HOST = lazy_pattern(r"[^{}/ :\\]+(:\d+)?")  # what Swagger 2.0 allows; no address of IPv6


class Specification:
    """The specification in one form."""

    def __init__(self, form: str) -> None:
        self.form = form

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = req.served.document(self.form)


class SwaggerSpecification(Specification):
    """The specification as Swagger 2.0, with the host that the request was sent to."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        document, host = req.served.document(self.form), req.forwarded_host
        if _HOST.fullmatch(host):
            # The document is long and made once, so the host is put in front of its text.
            document = b'{"host":' + to_json(host) + b"," + document[1:]
        resp.data = document


@impl
def dataplane_routes(routes: Routes) -> None:
    """Serve the specification in both forms."""
    routes.tag("Specification", "This interface as Swagger 2.", 90)
    routes.tag("SpecificationOpenapiv3", "This interface as OpenAPI 3.", 90)
    answers = {
        "200": Response({"type": "object"}, (), "The document."),
        "default": DEFAULT_RESPONSE,
    }
    old = Operation(
        "getSpecification",
        "Specification",
        "Read the specification as Swagger 2. This interface in the older form that generators of "
        "clients read.",
        responses=answers,
        repeatable=True,
    )
    new = Operation(
        "getOpenapiv3Specification",
        "SpecificationOpenapiv3",
        "Read the specification as OpenAPI 3. This interface in the form that the documentation "
        "shows.",
        responses=answers,
        repeatable=True,
    )
    routes.add("/specification", SwaggerSpecification("2.0"), {"GET": old})
    routes.add("/specification_openapiv3", Specification("3.0.3"), {"GET": new})
    own = Operation(
        "getSpecification",
        "SpecificationOpenapiv3",
        "Read the specification as OpenAPI 3.1. This interface, for generators of clients.",
        responses=answers,
        repeatable=True,
    )
    routes.add(OWN_PATH, Specification("3.1.0"), {"GET": own}, versions=OWN)
