"""`/docs`: Swagger UI on the served specification, from files that come with the server.

A browser loads nothing from other machines. No other files than those named here are served.
"""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from dataplane_core.plugin import (
    BYTES,
    OWN,
    ApiRequest,
    NotFound,
    Operation,
    Parameter,
    Response,
    Routes,
    impl,
)
from dataplane_plugins.service.specification import OWN_PATH

if TYPE_CHECKING:
    import falcon


MEDIA = {
    "docs.js": "text/javascript; charset=utf-8",
    "docs.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
# Swagger UI sets styles inline and has images in data addresses; everything else is refused.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class DocumentationFile(NamedTuple):
    """A file of the page, with its media type and the tag (ETag) of its content."""

    data: bytes
    media: str
    tag: str


@cache
def read_asset(name: str, media: str) -> DocumentationFile:
    """Read one of the files beside this module, when it is first asked for."""
    import hashlib  # loads OpenSSL

    data = files(__package__).joinpath("assets", name).read_bytes()
    return DocumentationFile(data, media, hashlib.sha256(data).hexdigest()[:16])


class DocumentationPage:
    """The page. Its references are relative, because a reverse proxy may change the prefix.

    `specification` is the path, below the prefix, of the document that the page shows.
    """

    def __init__(self, specification: str) -> None:
        self._specification = specification

    def on_get(self, req: "ApiRequest", resp: "falcon.Response") -> None:
        base = req.reference(req.served.version.prefix)
        resp.content_type = "text/html; charset=utf-8"
        resp.set_header("Content-Security-Policy", POLICY)
        resp.set_header("X-Content-Type-Options", "nosniff")
        text = read_asset("docs.html", "text/html").data.decode()
        text = text.replace("{specification}", base + self._specification)
        resp.text = text.replace("{base}", base)


class DocumentationFiles:
    """The files that the page refers to."""

    def on_get(self, req: "ApiRequest", resp: "falcon.Response", file: str) -> None:
        if file not in MEDIA:
            raise NotFound(f"the documentation has no file {file}")
        found = read_asset(file, MEDIA[file])
        resp.etag = found.tag
        resp.set_header("Cache-Control", "private, no-cache")
        resp.set_header("X-Content-Type-Options", "nosniff")
        if found.tag in (req.if_none_match or ()):
            resp.status = 304
            return
        resp.content_type = found.media
        resp.data = found.data


@impl
def dataplane_routes(routes: "Routes") -> None:
    """Serve the page and its files below every version's prefix."""
    page = Operation(
        id="getDocumentation",
        tag="Documentation",
        summary="Read this documentation. "
        "The page that shows the specification and tries its operations out.",
        responses={"200": Response({"type": "string"}, (), "The page.")},
        produces="text/html",
        repeatable=True,
    )
    known = ", ".join(MEDIA)
    files_of_page = Operation(
        id="getDocumentationFile",
        tag="Documentation",
        summary="Read a file of this documentation. "
        "Scripts and styles, which come with the server.",
        parameters=(Parameter("file", where="path", required=True, help=f"One of {known}."),),
        responses={
            "200": Response({"type": "string", "format": "binary"}, (), "The file."),
            "304": Response(None, (), "The file is the one that the request names."),
            "404": Response({"$ref": "error"}, (), "There is no such file."),
        },
        produces=BYTES,
        repeatable=True,
    )
    routes.tag("Documentation", "The page that shows this specification.", 90)
    routes.open_with("/docs")
    for specification, versions in (("/specification_openapiv3", None), (OWN_PATH, OWN)):
        routes.add("/docs", DocumentationPage(specification), {"GET": page}, versions)
        routes.add("/docs/{file}", DocumentationFiles(), {"GET": files_of_page}, versions)
