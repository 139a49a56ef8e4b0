"""`/service_discovery/<source>`: the entries of every source, and their status."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import falcon

from dataplane_core.plugin import (
    BAD_REQUEST,
    EXISTS,
    NOT_FOUND,
    ApiRequest,
    Body,
    Fact,
    Failure,
    Fragment,
    Gauge,
    Operation,
    Response,
    Routes,
    Services,
    hookspec,
    impl,
    list_of,
    operation,
    raise_problems,
    to_json,
)
from dataplane_plugins.discovery.configured import configured, props_of
from dataplane_plugins.discovery.engine import Engine
from dataplane_plugins.discovery.entries import SourceEntries, SourceStatuses
from dataplane_plugins.discovery.sources import Source, SourceEntry

TAG = "ServiceDiscovery"
STATUS = {
    "type": "object",
    "properties": {
        "source": {"type": "string"},
        "id": {"type": "string"},
        "last_success": {"type": "number"},
        "last_error": {"type": "number"},
        "message": {"type": "string"},
        "failures": {"type": "integer"},
        "services": {"type": "integer"},
        "servers": {"type": "integer"},
        "left_out": {"type": "array", "items": {"type": "string"}},
    },
}


@hookspec(Failure.STOPS, list_of("sources", lambda one: hasattr(one, "watch")))
def dataplane_discovery() -> Iterable[Source] | None:
    """Add sources of services: each gets `/service_discovery/<name>` and keeps backends."""


def sources_of(services: Services) -> list[Source]:
    """Return the sources of all plugins."""
    return [one for some in services.hooks.dataplane_discovery() for one in some]


class _OfSource:
    """What the list of the entries of a source and one of them share."""

    def __init__(self, source: Source, entries: SourceEntries) -> None:
        self.source, self.entries = source, entries
        self._secrets = [prop.name for prop in source.props if prop.secret]

    def _shown(self, req: ApiRequest, entry: SourceEntry) -> SourceEntry:
        """Return an entry as who asks may see it."""
        return entry if req.hiding is None else req.hiding.shown_object(entry, self._secrets)

    def _given(self, req: ApiRequest, kept: SourceEntry) -> SourceEntry:
        """Return the entry in a body, with the secrets that `kept` has where these are hidden."""
        given = req.body.echo
        if req.hiding is not None:
            given = req.hiding.given_object(given, self._secrets, kept)
        raise_problems(self.source.problems(given))
        return given


class SourceEntryList(_OfSource):
    """The list of the entries of a source; a POST adds an entry."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        entries = [self._shown(req, one) for one in self.entries.all(self.source)]
        resp.data = to_json(req.served.version.wrap(None, entries))

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        made = self.entries.create(self.source, self._given(req, {}))
        resp.status = 201
        resp.data = to_json(self._shown(req, made))


class SourceEntryItem(_OfSource):
    """An entry of a source. Its backends stay when the entry is deleted."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        entry = self._shown(req, self.entries.get(self.source, id))
        resp.data = to_json(req.served.version.wrap(None, entry))

    def on_put(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        given = self._given(req, self.entries.get(self.source, id))
        resp.data = to_json(self._shown(req, self.entries.replace(self.source, id, given)))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        self.entries.delete(self.source, id)
        resp.status = 204


class StatusList:
    """The status of every entry that is followed."""

    def __init__(self, statuses: SourceStatuses) -> None:
        self.statuses = statuses

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(req.served.version.wrap(None, self.statuses.all()))


def _shown(schema: Fragment, required: bool) -> Response:
    headers = ("Configuration-Version",)
    return Response(
        schema, headers, "What there is.", wrapped=True, required=required, versioned=False
    )


def _operation(id: str, summary: str, body: Body | None = None, **answers: Response) -> Operation:
    found = operation(id, TAG, summary, (), body, **answers)
    return replace(found, rehearses=not id.startswith("get"))


def _add(routes: Routes, source: Source, entries: SourceEntries) -> None:
    """Serve the entries of one source."""
    schema = _schema(source)
    routes.schema(f"{schema}s", {"type": "array", "items": {"$ref": schema}})
    routes.add(source.path, SourceEntryList(source, entries), _for_all(source))
    routes.add(f"{source.path}/{{id}}", SourceEntryItem(source, entries), _for_one(source))


def _schema(source: Source) -> str:
    return source.schema or source.name


def _title(source: Source) -> str:
    return source.title or source.name.title()


def _for_all(source: Source) -> dict[str, Operation]:
    """Return the operations on the list of entries of a source."""
    title, name = _title(source), f"the source {source.name}"
    one, many = {"$ref": _schema(source)}, {"$ref": f"{_schema(source)}s"}
    body = Body(one, props=props_of(source), example=source.example or None)
    return {
        "GET": _operation(
            f"get{title}s",
            f"List the entries of {name}. Each entry keeps the backends of the services that it "
            "finds.",
            _200=_shown(many, True),
        ),
        "POST": _operation(
            f"create{title}",
            f"Create an entry of {name}. The server follows it from now on, and keeps a backend "
            "for each of its services.",
            body,
            _201=Response(one),
            _400=BAD_REQUEST,
            _409=EXISTS,
        ),
    }


def _for_one(source: Source) -> dict[str, Operation]:
    """Return the operations on an entry of a source."""
    title, name = _title(source), f"the source {source.name}"
    one = {"$ref": _schema(source)}
    body = Body(one, props=props_of(source), example=source.example or None)
    return {
        "GET": _operation(
            f"get{title}",
            f"Read an entry of {name}. What it follows, and how.",
            _200=_shown(one, False),
            _404=NOT_FOUND,
        ),
        "PUT": _operation(
            f"replace{title}",
            f"Replace an entry of {name}. The server follows it anew.",
            body,
            _200=Response(one),
            _400=BAD_REQUEST,
            _404=NOT_FOUND,
            _409=EXISTS,
        ),
        "DELETE": _operation(
            f"delete{title}",
            f"Delete an entry of {name}. It is followed no more; the backends that it has made "
            "stay.",
            _204=Response(None, (), "Removed."),
            _404=NOT_FOUND,
        ),
    }


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Store the entries of the settings file, and serve the entries of all sources."""
    help = "Sources of services, whose entries keep backends with the servers that they find."
    routes.tag(TAG, help, 60)
    sources = sources_of(services)
    given = [configured(source, services.settings) for source in sources]
    entries = SourceEntries(services.state)
    for source, bodies in zip(sources, given, strict=True):
        entries.configure(source, bodies)
        _add(routes, source, entries)
    routes.schema("discovery_status", {"type": "array", "items": STATUS})
    listing = _shown({"$ref": "discovery_status"}, True)
    reading = _operation(
        "getDiscoveryStatus",
        "Read how discovery fares. For each entry that is followed: when it was last read, what "
        "failed, and what it keeps.",
        _200=listing,
    )
    routes.add(
        "/service_discovery/status", StatusList(SourceStatuses(services.state)), {"GET": reading}
    )


@impl
def dataplane_start(services: Services) -> None:
    """Follow the sources in one of the workers."""
    # Only the worker that follows them needs the sources, and what they are written to.
    services.lead("discovery", lambda stop: Engine(services, sources_of(services)).run(stop))


@impl
def dataplane_metrics(services: Services) -> Iterator[Gauge]:
    """Yield how many entries of each source are followed well, and how many not."""
    SourceEntries(services.state)
    statuses = SourceStatuses(services.state).all()
    found = Counter((one["source"], "failing" if one.get("failures") else "ok") for one in statuses)
    for (source, status), number in sorted(found.items()):
        labels = (("source", source), ("status", status))
        yield Gauge("discovery_entries", "Entries of sources of services.", number, labels)


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Return the status of every entry that is followed."""
    SourceEntries(services.state)
    for one in SourceStatuses(services.state).all():
        name = f"{one['source']} {one['id']}"
        if one.get("failures"):
            yield Fact("discovery", f"{name}: {one.get('message', 'failed')}", True)
        else:
            counts = f"{one.get('services', 0)} services, {one.get('servers', 0)} servers"
            yield Fact("discovery", f"{name}: {counts}")
