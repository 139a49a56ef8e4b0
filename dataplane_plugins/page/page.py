"""`/page`: the page for a browser, and its files.

They are open to everybody: they hold nothing but what each installation has, and asking who looks
at them would need another page. Whatever the page shows it asks the API for.
"""

from typing import TYPE_CHECKING

from dataplane_core.plugin import (
    BYTES,
    OWN,
    ApiRequest,
    Operation,
    Parameter,
    Response,
    Routes,
    impl,
)

if TYPE_CHECKING:
    import falcon

    from dataplane_plugins.page.page_files import PageFile, PageFiles

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'"
)
"""What the page may do: load what this server has, and nothing that stands in the page itself."""

HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of the page and of its files."""

_PATH = "/page"


class _Files:
    """Has the files; what reads them is loaded for the first browser that comes."""

    _found: "PageFiles | None" = None

    @property
    def files(self) -> "PageFiles":
        if self._found is None:
            from dataplane_plugins.page.page_files import PageFiles

            self._found = PageFiles()
        return self._found


class Page(_Files):
    """The page. Its references are relative: a reverse proxy may change what is before them."""

    def on_get(self, req: ApiRequest, resp: "falcon.Response") -> None:
        base = req.reference(req.served.version.prefix + _PATH)
        _answer(req, resp, self.files.index(base, req.reference("").rstrip("/")))


class FilesOfPage(_Files):
    """The scripts, styles and pictures that the page refers to."""

    def on_get(
        self, req: ApiRequest, resp: "falcon.Response", folder: str, file: str
    ) -> None:
        _answer(req, resp, self.files.get(folder, file))


def _answer(req: ApiRequest, resp: "falcon.Response", found: "PageFile") -> None:
    """Send a file, or say that the browser has it."""
    data, tag, is_packed = found.form(_takes_gzip(req.env.get("HTTP_ACCEPT_ENCODING", "")))
    for name, value in HEADERS.items():
        resp.set_header(name, value)
    resp.set_header("Vary", "Accept-Encoding")
    resp.etag = tag
    if tag in (req.if_none_match or ()):
        resp.status = 304
        return
    if is_packed:
        resp.set_header("Content-Encoding", "gzip")
    resp.content_type, resp.data = found.media, data


def _takes_gzip(accepted: str) -> bool:
    """Tell whether a client takes gzip, by its `Accept-Encoding` (RFC 9110, section 12.5.3)."""
    for one in accepted.lower().split(","):
        coding, *parameters = (part.replace(" ", "").strip("\t") for part in one.split(";"))
        if coding in ("gzip", "x-gzip"):
            return not any(part in ("q=0", "q=0.0", "q=0.00", "q=0.000") for part in parameters)
    return False


@impl
def dataplane_routes(routes: Routes) -> None:
    """Serve the page and its files, and lead browsers that ask for the top there."""
    page = Operation(
        "getPage",
        "Page",
        "Open the page. For a browser: what the load balancer does, and changes of it.",
        responses={
            "200": Response({"type": "string"}, (), "The page."),
            "304": Response(None, (), "The page is the one that the request names."),
        },
        produces="text/html",
        open=True,
    )
    files_of_page = Operation(
        "getPageFile",
        "Page",
        "Read a file of the page. Scripts, styles and pictures, which come with the server.",
        parameters=(
            Parameter("folder", where="path", required=True, help="Where the page has the file."),
            Parameter("file", where="path", required=True, help="The file's name."),
        ),
        responses={
            "200": Response({"type": "string", "format": "binary"}, (), "The file."),
            "304": Response(None, (), "The file is the one that the request names."),
            "404": Response({"$ref": "error"}, (), "There is no such file."),
        },
        produces=BYTES,
        open=True,
    )
    routes.tag("Page", "The page for a browser.", 95)
    routes.open_with(_PATH, OWN)
    routes.add(_PATH, Page(), {"GET": page}, OWN)
    routes.add(_PATH + "/{folder}/{file}", FilesOfPage(), {"GET": files_of_page}, OWN)
