"""`/services/haproxy/sites`: a frontend with its listeners and backends as one object."""

from collections.abc import Callable
from typing import Any

import falcon

from dataplane_core.plugin import (
    CHANGE,
    DEFAULT_RESPONSE,
    NOT_FOUND,
    TRANSACTION_ID,
    ApiRequest,
    Body,
    Codec,
    Document,
    InVersion,
    NotFound,
    Operation,
    Response,
    Routes,
    Section,
    Services,
    View,
    created,
    deleted,
    impl,
    replaced,
)
from dataplane_plugins.configuration.sites.site_parts import PARTS, Sites

PATH = "/services/haproxy/sites"
ONE = {"$ref": "site"}
EXAMPLE = {
    "name": "shop",
    "service": {
        "mode": "http",
        "listeners": [{"name": "web", "address": "127.0.0.1", "port": 8090}],
    },
    "farms": [
        {
            "name": "shop_servers",
            "use_as": "default",
            "servers": [{"name": "shop1", "address": "127.0.0.1", "port": 8091}],
        }
    ],
}


class SiteResource:
    """What the list and the single site share, in the view of one API version."""

    def __init__(self, view: View) -> None:
        self._sites = Sites(view.registry, view)
        self._view = view
        self._codec = view.make_codec("site", self._sites.props, empty={"service": {}})

    def _shown(self, document: Document, section: Section) -> dict[str, Any]:
        return self._codec.project(self._sites.read(document, section))

    def _change(
        self,
        req: ApiRequest,
        resp: falcon.Response,
        status: int,
        make: Callable[[Document], Document],
    ) -> None:
        with self._view.edit(req) as edit:
            edit.document = make(edit.document)
        self._view.answer_change(req, resp, edit.outcome, status)


class SiteList(SiteResource):
    """All sites: GET, POST."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        self._view.answer_read(req, resp, lambda snapshot: self._read(snapshot.document))

    def _read(self, document: Document) -> list[dict[str, Any]]:
        return [self._shown(document, section) for section in document.of_kind("frontend")]

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        values = req.body.values
        self._change(req, resp, 201, lambda document: self._sites.create(document, values))


class SiteItem(SiteResource):
    """One site by the name of its frontend: GET, PUT, DELETE."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self._view.answer_read(req, resp, lambda snapshot: self._read(snapshot.document, name))

    def shown(self, req: ApiRequest, name: str) -> dict[str, Any]:
        """Return the site as a GET shows it."""
        return self._read(self._view.snapshot(req).document, name)

    def _read(self, document: Document, name: str) -> dict[str, Any]:
        return self._shown(document, _need(document, name))

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        values = req.body.values

        def make(document: Document) -> Document:
            _need(document, name)
            return self._sites.replace(document, name, values)

        self._change(req, resp, 200, make)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        def make(document: Document) -> Document:
            _need(document, name)
            return self._sites.remove(document, name)

        self._change(req, resp, 204, make)


def _need(document: Document, name: str) -> Section:
    section = document.find("frontend", name)
    if section is None:
        raise NotFound(f"missing object: site {name} does not exist")
    return section


def _read(id: str, schema: dict[str, str], summary: str, **more: Response) -> Operation:
    found = Response(
        schema, ("Configuration-Version",), "What there is.", wrapped=True, required=not more
    )
    responses = {"200": found, **more, "default": DEFAULT_RESPONSE}
    return Operation(id, "Sites", summary, (TRANSACTION_ID,), responses=responses, cached=True)


def _write(
    id: str, summary: str, responses: dict[str, Response], body: Body | None = None
) -> Operation:
    return Operation(id, "Sites", summary, CHANGE, body, responses)


def _operations(body: Body) -> tuple[dict[str, Operation], dict[str, Operation]]:
    """Return what the specification says of all sites, and of one."""
    many = {
        "GET": _read(
            "getSites",
            {"$ref": "sites"},
            "List sites. A site is a frontend with its binds and the backends that it leads to.",
        ),
        "POST": _write(
            "createSite",
            "Create a site. Makes the frontend, its binds, and the backends with their servers, "
            "all at once.",
            created(ONE),
            body,
        ),
    }
    one = {
        "GET": _read(
            "getSite",
            ONE,
            "Read a site. The frontend of that name with all that belongs to it.",
            **{"404": NOT_FOUND},
        ),
        "PUT": _write(
            "replaceSite",
            "Replace a site. Backends that no proxy leads to any more are removed.",
            replaced(ONE),
            body,
        ),
        "DELETE": _write(
            "deleteSite",
            "Delete a site. The frontend goes, and with it the backends that nothing else leads "
            "to.",
            deleted(),
        ),
    }
    return many, one


def _codec(view: View) -> Codec:
    """Return the codec of the bodies of sites in a version."""
    sites = Sites(view.registry, view)
    return view.make_codec("site", sites.props, sites.problems)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve sites, if all that they are made of is there."""
    if not services.registry.collections.keys() >= PARTS:
        return
    many, one = _operations(Body(ONE, make_codec=_codec, example=EXAMPLE))
    routes.tag("Sites", "A frontend with the backends that it leads to, as one object.", 10)
    routes.schema("sites", {"type": "array", "items": ONE})
    routes.add(PATH, InVersion(SiteList), many)
    routes.add(f"{PATH}/{{name}}", InVersion(SiteItem), one)
