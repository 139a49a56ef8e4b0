"""What a site is made of: one frontend with its listeners, and the backends that it leads to.

Documents in, documents out; `sites` serves them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from dataplane_core.plugin import (
    DEFAULTS,
    FRONTENDS,
    AlreadyExists,
    Code,
    Document,
    Model,
    Problem,
    Prop,
    Registry,
    RowCollection,
    RowTable,
    Section,
    Values,
    View,
    misplaced,
    of_item,
    place_section,
    place_section_beside,
    refuse_namesake,
    repeated,
)
from dataplane_plugins.configuration.common.values import SECTION_NAME
from dataplane_plugins.configuration.proxies.backends import BACKEND
from dataplane_plugins.configuration.proxies.frontends import FRONTEND
from dataplane_plugins.configuration.sites.rows_in_version import SectionInVersion
from dataplane_plugins.configuration.sites.site_rules import in_places

REMOVED_MODES = ("http-tunnel", "forced-close")
"""Connection modes that the interface has and HAProxy has no more (since 2.1)."""

PARTS = frozenset({"binds", "servers", "backend_switching_rules"})
"""The collections that hold the lines of sites."""

Flat = dict[str, Any]


def part(model: Model, name: str, *wanted: str) -> Model:
    """Return the statements of a model that carry certain properties or nested objects."""
    chosen = (
        one for one in model.statements if {p.name.partition(".")[0] for p in one.props} & {*wanted}
    )
    return Model(name, *chosen)


@cache  # to know the properties of all statements takes a hundredth of a start
def service_model() -> Model:
    """Return what a site has of a frontend."""
    return part(FRONTEND, "site_service", "mode", "maxconn", "http_connection_mode")


@cache
def default_line() -> RowTable:
    """Return the line that leads to a site's default backend."""
    return RowTable(part(FRONTEND, "site_default", "default_backend").statements[0])


@cache
def farm_model() -> Model:
    """Return what a site has of a backend."""
    return part(BACKEND, "site_farm", "mode", "balance", "forwardfor")


_SERVICE = "service."
"""What the paths of a frontend's properties begin with."""


class Sites:
    """Sites in a document, by way of the collections that are registered for their parts.

    `view` is that of the API version in which they are seen.
    """

    def __init__(self, registry: Registry, view: View) -> None:
        self._registry = registry
        binds = {"listeners": _rows(registry, "binds")}
        self._service = SectionInVersion(service_model(), binds, view)
        self._farm = SectionInVersion(farm_model(), {"servers": _rows(registry, "servers")}, view)
        self._rules = _rows(registry, "backend_switching_rules")

    @property
    def props(self) -> tuple[Prop, ...]:
        """The properties of a site."""
        declared = service_model().props
        modes = (*REMOVED_MODES, *next(p.enum for p in declared if p.name.startswith("http_")))
        service = (
            Prop(prop.name, enum=modes, help=prop.help) if prop.name.startswith("http_") else prop
            for prop in declared
        )
        return (
            Prop(
                "name",
                pattern=SECTION_NAME,
                required=True,
                help="Name of the site and its frontend.",
            ),
            *(prop.under("service") for prop in service),
            Prop(
                "service.listeners",
                "array",
                items=self._service.props_of("listeners"),
                help="Addresses that the site listens on.",
            ),
            Prop("farms", "array", items=self._farm_props(), help="Backends of the site."),
        )

    def _farm_props(self) -> tuple[Prop, ...]:
        return (
            Prop("name", pattern=SECTION_NAME, required=True, help="Name of the backend."),
            Prop(
                "use_as",
                enum=("default", "conditional"),
                required=True,
                help="Whether a condition leads here, or all that no condition leads elsewhere.",
            ),
            *(prop for prop in self._rules.props if prop.name in ("cond", "cond_test")),
            *farm_model().props,
            Prop(
                "servers",
                "array",
                items=self._farm.props_of("servers"),
                help="Servers of the backend.",
            ),
        )

    def problems(self, values: Values) -> Iterator[Problem]:
        """Yield rules between the properties of a site that `values` breaks."""
        mode = values.get("service.http_connection_mode")
        if mode in REMOVED_MODES:
            path = "service.http_connection_mode"
            yield Problem(path, 422, f"{path}: HAProxy has no {mode} any more, leave it out")
        for one in self._service.problems(_within(values, _SERVICE)):
            message = one.message.replace(one.path, f"{_SERVICE}{one.path}", 1)
            yield replace(one, path=f"{_SERVICE}{one.path}", message=message)
        farms = values.get("farms", ())
        if sum(farm["use_as"] == "default" for farm in farms) > 1:
            yield Problem("farms", 422, "farms must not have more than one default")
        yield from repeated("farms", (farm["name"] for farm in farms))
        for at, farm in enumerate(farms):
            yield from of_item("farms", at, self._farm_problems(farm))

    def _farm_problems(self, farm: Values) -> Iterator[Problem]:
        for name in ("cond", "cond_test"):
            if farm["use_as"] == "conditional" and name not in farm:
                yield Problem(name, Code.REQUIRED, f"{name} in body is required")
            if farm["use_as"] == "default" and name in farm:
                yield misplaced(name, f"{name} does not belong to use_as default")
        yield from self._farm.problems(farm)

    def read(self, document: Document, section: Section) -> Flat:
        """Return the site of a frontend; lists without an entry are left out."""
        service = self._service.read(section)
        farms = [self._read_farm(document, use) for use in self._uses(document, section)]
        return {
            "name": section.name,
            **{f"{_SERVICE}{path}": value for path, value in service.items()},
            **({"farms": farms} if farms else {}),
        }

    def _uses(self, document: Document, section: Section) -> list[Flat]:
        """Return how a frontend uses backends: the default, then the conditional rules.

        What does not exist, or is computed, is no part of the site.
        """
        name = _default(section)
        uses: list[Flat] = [{"name": name, "use_as": "default"}] if name else []
        for row in self._rules.table.rows(section):
            if "cond" in row.values:
                uses.append({**row.values, "use_as": "conditional"})
        return [use for use in uses if document.find("backend", use["name"])]

    def _read_farm(self, document: Document, use: Flat) -> Flat:
        backend = document.find("backend", use["name"])
        assert backend is not None
        return {**use, "servers": [], **self._farm.read(backend)}

    def create(self, document: Document, values: Values) -> Document:
        """Return the document with a new site; raise `AlreadyExists` for parts that are there."""
        name = values["name"]
        if document.find("frontend", name) is not None:
            raise AlreadyExists(f"object already exists: frontend {name} already exists")
        refuse_namesake(document, "frontend", name)
        order = self._registry.section_order
        document, _ = place_section(document, "frontend", name, None, order)
        return self.replace(document, name, values)

    def replace(self, document: Document, name: str, values: Values) -> Document:
        """Return the document with the site `name` saying `values`.

        Backends that the site led to and leads to no more are removed unless others use them.
        """
        section = _frontend(document, name)
        uses = self._uses(document, section)
        known = {use["name"] for use in uses}
        farms = values.get("farms", ())
        for farm in farms:
            document = self._put_farm(document, farm, known, name)
        section = _frontend(document, name)
        document = document.replace(section, self._put_service(section, uses, values))
        return self._drop(document, known - {farm["name"] for farm in farms})

    def remove(self, document: Document, name: str) -> Document:
        """Return the document without a site, and without the backends that only it has used."""
        section = _frontend(document, name)
        known = {use["name"] for use in self._uses(document, section)}
        return self._drop(document.remove(section), known)

    def _put_farm(self, document: Document, farm: Values, known: set[str], site: str) -> Document:
        name = farm["name"]
        backend = document.find("backend", name)
        if backend is None:
            refuse_namesake(document, "backend", name)
            order = self._registry.section_order
            frontend = _frontend(document, site)
            document, backend = place_section_beside(document, "backend", name, frontend, order)
        elif name not in known:
            raise AlreadyExists(f"object already exists: backend {name} already exists")
        return document.replace(backend, self._farm.put(backend, farm))

    def _put_service(self, section: Section, uses: list[Flat], values: Values) -> Section:
        """Return a frontend with what a site says of it; uses that are no part of the site stay."""
        new = self._service.put(section, _within(values, _SERVICE))
        rules, default = self._rules_of(new, uses, values.get("farms", ()))
        new = self._rules.table.put(new, rules)
        if default == _default(section):
            return new
        return default_line().put(new, [{"default_backend": default}] if default else [])

    def _rules_of(
        self, section: Section, uses: list[Flat], farms: Iterable[Values]
    ) -> tuple[list[Flat], str | None]:
        """Return the rules and the default that a frontend is to have."""
        fields = ("name", "cond", "cond_test")
        shown = {use["name"] for use in uses}
        wanted = [
            {path: farm[path] for path in fields}
            for farm in farms
            if farm["use_as"] == "conditional"
        ]
        rows = [row.values for row in self._rules.table.rows(section)]
        ours = [row for row in rows if row["name"] in shown and "cond" in row]
        places = in_places([row["name"] for row in ours], wanted)
        stands = {id(row): rules for row, rules in zip(ours, places, strict=False)}
        rules = [rule for row in rows for rule in stands.get(id(row), [row])]
        old = _default(section)
        default = next((farm["name"] for farm in farms if farm["use_as"] == "default"), None)
        return [*rules, *places[-1]], default or (None if old in shown else old)

    def _drop(self, document: Document, names: Iterable[str]) -> Document:
        """Return the document without those of the backends that no proxy leads to."""
        for name in sorted(names):
            backend = document.find("backend", name)
            if backend is not None and not any(self._leads(one, name) for one in document.sections):
                document = document.remove(backend)
        return document

    def _leads(self, section: Section, name: str) -> bool:
        if section.kind not in (DEFAULTS, *FRONTENDS):
            return False
        rules = self._rules.table.rows(section)
        return _default(section) == name or any(row.values["name"] == name for row in rules)


def _rows(registry: Registry, name: str) -> RowCollection:
    found = registry.collections[name]
    assert isinstance(found, RowCollection)
    return found


def _default(section: Section) -> str | None:
    """Return the backend that a proxy leads to without a rule; of several lines the last counts."""
    rows = default_line().rows(section)
    return rows[-1].values["default_backend"] if rows else None


def _frontend(document: Document, name: str) -> Section:
    section = document.find("frontend", name)
    assert section is not None
    return section


def _within(values: Values, prefix: str) -> Flat:
    """Return the properties below a prefix, under their names there."""
    return {
        path.removeprefix(prefix): value
        for path, value in values.items()
        if path.startswith(prefix)
    }
