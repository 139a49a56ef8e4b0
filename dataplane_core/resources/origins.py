"""Which plugin declared what; and the refusal of a thing that is declared twice."""

from collections.abc import Iterable

from dataplane_core.grammar import Prop, Statement
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.extra_props import extra_props

Versions = tuple[str, ...] | None
"""Names of the API versions that have something; None stands for all of the Data Plane API."""

OWN_INTERFACE = "dataplane"
"""The name of the server's own interface, below `/dataplane/v1`: none of the Data Plane API's."""


class RegistryError(ValueError):
    """A declaration that cannot stand beside the others; names both.

    `origins` are the plugins that it names, the one to blame last.
    """

    def __init__(self, message: str, *origins: str) -> None:
        super().__init__(message)
        self.origins = origins


class Origins:
    """The plugin that declared each thing, by what it is, its name, and where that name counts.

    Where two plugins declare the same, a RegistryError says what it is and names both.
    """

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str, str], list[tuple[str, Versions]]] = {}
        self._schemas: dict[str, list[tuple[object, str, Versions]]] = {}

    def copy(self) -> "Origins":
        """Return what is known so far; what the copy learns stays its own."""
        new = Origins()
        new._claims = {key: [*claims] for key, claims in self._claims.items()}
        new._schemas = {name: [*known] for name, known in self._schemas.items()}
        return new

    def claim(
        self, what: str, name: str, origin: str, of: str = "", versions: Versions = None
    ) -> None:
        """Record that a plugin declares a thing, which nobody else may do."""
        claims = self._claims.setdefault((what, name, of), [])
        for first, others in claims:
            if _overlap(versions, others):
                thing = f"the {what} {name} of {of}" if of else f"the {what} {name}"
                said = f"{thing} is declared {_both(first, origin)}"
                raise RegistryError(said, first, origin)
        claims.append((origin, versions))

    def know(self, what: str, names: Iterable[str], origin: str, of: str) -> None:
        """Record who has declared things, unless that is known."""
        for name in names:
            self._claims.setdefault((what, name, of), [(origin, None)])

    def collection(self, one: Collection) -> None:
        """Record what a collection declares, apart from its schema."""
        known = {one.naming.operation_id(operation) for operation in one.operations}
        for identifier in sorted(known):
            self.claim("operation", identifier, one.origin, "", one.versions)
        for version, naming in one.namings.items():
            others = {naming.operation_id(operation) for operation in one.operations_of(version)}
            for identifier in sorted(others - known):
                self.claim("operation", identifier, one.origin, "", (version,))
        if isinstance(one, RowCollection):
            for kind in one.parents:
                for head in dict.fromkeys(form.head for form in one.table.statement.forms):
                    where = f"{kind} sections"
                    self.claim("line", " ".join(head), one.origin, where, one.versions)
        if isinstance(one, SectionCollection):
            self.claim("section", one.kind, one.origin, "", one.versions)
        if isinstance(one, SectionCollection | SingleSection):
            self.know("property", _names(extra_props(one)), one.origin, one.name)
            for statement in one.model.statements:
                self.statement(one.name, statement, one.origin)

    def statement(self, collection: str, statement: Statement, origin: str) -> None:
        """Record the lines and properties that a statement adds to a model."""
        for head in dict.fromkeys(form.head for form in statement.forms):
            self.claim("line", " ".join(head), origin, collection)
        for name in statement.names:
            self.claim("property", name, origin, collection)

    def added(
        self, one: SectionCollection | SingleSection, statement: Statement, origin: str
    ) -> None:
        """Record what a statement adds to sections that another plugin declares."""
        for line in (" ".join(form.head) for form in statement.forms):
            for first, _ in self._claims.get(("line", line, f"{one.kind} sections"), ()):
                self.know("line", [line], first, one.name)
        self.statement(one.name, statement, origin)

    @staticmethod
    def same_types(
        one: Collection, there: Iterable[Prop], props: Iterable[Prop], origin: str
    ) -> None:
        """Refuse properties that are `there`, in a collection, with another type."""
        known = {prop.name: prop.json for prop in there}
        for prop in props:
            if known.get(prop.name, prop.json) != prop.json:
                first, second = one.origin or "a plugin", origin or "a plugin"
                raise RegistryError(
                    f"the property {prop.name} of {one.name} is of type {known[prop.name]} for"
                    f" {first} and of type {prop.json} for {second}",
                    one.origin,
                    origin,
                )

    def schemas(self, one: Collection) -> None:
        """Record what the names of a collection stand for in the specification."""
        namings = [(one.naming, one.versions)]
        namings += [(naming, (version,)) for version, naming in one.namings.items()]
        for naming, versions in namings:
            self.schema(naming.schema, one.props, one.origin, versions)
            if "list" in one.operations:
                items = {"type": "array", "items": {"$ref": naming.schema}}
                self.schema(naming.schemas, items, one.origin, versions)

    def schema(self, name: str, content: object, origin: str, versions: Versions = None) -> None:
        """Record what a name stands for in the specification; all who use it must agree."""
        known = self._schemas.setdefault(name, [])
        for other, first, others in known:
            if other != content and _overlap(versions, others):
                both = _both(first, origin)
                said = f"the schema {name} is declared {both}, with another content"
                raise RegistryError(said, first, origin)
        known.append((content, origin, versions))


class Unchecked(Origins):
    """Takes every declaration as it is: for those that come with the server, which tests check."""

    def copy(self) -> "Origins":
        return self

    def claim(
        self, what: str, name: str, origin: str, of: str = "", versions: Versions = None
    ) -> None:
        pass

    def know(self, what: str, names: Iterable[str], origin: str, of: str) -> None:
        pass

    def collection(self, one: Collection) -> None:
        pass

    def statement(self, collection: str, statement: Statement, origin: str) -> None:
        pass

    def schemas(self, one: Collection) -> None:
        pass

    def schema(self, name: str, content: object, origin: str, versions: Versions = None) -> None:
        pass


def _names(props: Iterable[Prop]) -> list[str]:
    return [prop.name for prop in props]


def _overlap(some: Versions, others: Versions) -> bool:
    if some is None or others is None:
        named = some or others
        return named is None or any(one != OWN_INTERFACE for one in named)
    return not set(some).isdisjoint(others)


def _both(first: str, second: str) -> str:
    """Return the two plugins, as the end of a sentence."""
    if first == second:
        return f"twice by {first}" if first else "twice"
    return f"by {first or 'a plugin'} and again by {second or 'a plugin'}"
