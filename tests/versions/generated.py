"""Objects made from the declarations, and where they stand in each version of the interface."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from dataplane_core.api.served_version import ServedVersion
from dataplane_core.errors import Invalid, Reference
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.extra_props import extra_props
from dataplane_core.resources.locate import row_name
from dataplane_core.testing import places
from dataplane_core.text import Document, Section
from dataplane_core.text.language import LISTEN
from tests.golden.offline import registry
from tests.grammar.generate import objects
from tests.laws.support import Everything
from tests.laws.test_generated_objects import plausible, pools

NEW = "generated"
COLLECTIONS = {
    one.name: one
    for one in registry().collections.values()
    if isinstance(one, RowCollection) or (isinstance(one, SectionCollection | SingleSection) and one.model.statements)
    if not {"create", "replace"}.isdisjoint(one.operations)
}
KINDS = dict.fromkeys(
    kind
    for one in COLLECTIONS.values()
    for kind in (one.parents if isinstance(one, RowCollection) else (one.kind,))
)
ONLY_ONE = {one.kind for one in COLLECTIONS.values() if isinstance(one, SingleSection) and not one.last}
BASE = "".join(f"{kind}{'' if kind in ONLY_ONE else ' base'}\n" for kind in KINDS)
"""One section of each kind, with nothing in it."""


class Maker:
    """Random values of one collection, as its lines say them."""

    def __init__(self, one: Collection) -> None:
        rows = isinstance(one, RowCollection)
        statements = [one.table.statement] if rows else list(one.model.statements)
        self._makers = [objects(statement) for statement in statements]
        self._pool = pools(statements)
        self._props = {prop.name: prop for prop in one.props}
        self._most = 1 if rows else 4

    def draw(self, data: st.DataObject) -> dict[str, Any]:
        """Values of one statement, or of a few."""
        made: dict[str, Any] = {}
        for one in data.draw(st.lists(st.sampled_from(self._makers), min_size=1, max_size=self._most)):
            made = {**data.draw(one), **made}
        return plausible(data, made, self._pool, self._props)


class Place:
    """One object of a collection, in a transaction, as each version knows it."""

    def __init__(self, api: Everything, name: str, kind: str, transaction: str) -> None:
        self._api = api
        self._transaction = transaction
        self._one = api.registry.collections[name]
        self._kind = kind

    @property
    def document(self) -> Document:
        return self._api.app.services.config.snapshot(self._transaction).document

    @property
    def text(self) -> str:
        return self.document.text()

    @property
    def section(self) -> Section:
        """The section that is the object, or that has it."""
        if isinstance(self._one, SectionCollection):
            return next(one for one in self.document.of_kind(self._kind) if one.name == NEW)
        return self.document.of_kind(self._kind)[0]

    @property
    def values(self) -> Mapping[str, Any]:
        """What the file says of the object."""
        if isinstance(self._one, RowCollection):
            return self._one.table.rows(self.section)[0].values
        return dict(self._one.model.read(self.section))  # type: ignore[attr-defined]

    @property
    def is_named(self) -> bool:
        """Whether the object's name stands in the file, and is not made up of what its line says."""
        one = self._one
        return not isinstance(one, RowCollection) or one.unnamed is None or one.key in self.values

    def collection(self, version: ServedVersion) -> Collection | None:
        """The collection as a version has it in this kind of section; None for one that has not."""
        found = next((one for one in version.view.collections if one.name == self._one.name), None)
        is_there = not isinstance(found, RowCollection) or self._kind in found.parents
        return found if is_there else None

    def can_replace(self, version: ServedVersion) -> bool:
        """Whether a version has a PUT of the object."""
        return "replace" in self._one.operations_of(version.version.name)

    def path(self, version: ServedVersion, key: Any = 0) -> str:
        """The path of the object, which is the first row that its section has."""
        one, name = self._one, ""
        if isinstance(one, RowCollection):
            name = self.section.name
            rows = one.table.rows(self.section)
            if not one.indexed:
                key = row_name(one, rows[0]) if rows else "none"
            return version.view.location(Reference(one.name, self._kind, name, key))
        return version.view.location(Reference(one.name, self._kind, NEW))

    def body(self, version: ServedVersion, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a version shows of values that an object has."""
        one = self.collection(version)
        assert one is not None
        shown = version.view.codec(one).project(dict(values))
        if isinstance(one, SectionCollection):
            shown[one.key] = NEW
        elif isinstance(one, RowCollection) and one.key and version.view.codec(one).root.children[one.key].required:
            shown.setdefault(one.key, NEW)
        elif isinstance(one, RowCollection) and one.indexed and version.version.index_property:
            shown[version.version.index_property] = 0
        return dict(shown)

    def write(self, version: ServedVersion, body: dict[str, Any]) -> bool:
        """Make the object; return whether the version takes it."""
        one, path = self.collection(version), self.path(version)
        if isinstance(one, SingleSection):
            return self._call("PUT", path, body) < 300
        where, _, query = path.partition("?")
        in_path = isinstance(one, RowCollection) and one.indexed and version.version.index_property is None
        if not in_path or one.appended:  # type: ignore[union-attr]
            where = where.rpartition("/")[0]
        return self._call("POST", f"{where}{'?' if query else ''}{query}", body) < 300

    def replace(self, version: ServedVersion, body: Any) -> int:
        return self._call("PUT", self.path(version), body)

    def remove(self, version: ServedVersion) -> None:
        """Take the object away; what a file has only once says nothing then."""
        if isinstance(self._one, SingleSection):
            assert self._call("PUT", self.path(version), {}) < 300
        else:
            assert self._call("DELETE", self.path(version)) < 300

    def shown(self, version: ServedVersion) -> dict[str, Any]:
        answer = self._api.call("GET", self._within(self.path(version)))
        assert answer.status_code == 200, (self.path(version), answer.text)
        return dict(places.unwrapped(version, answer.json))

    def said(self, version: ServedVersion, shown: dict[str, Any]) -> dict[str, Any]:
        """What an object that a version shows says in the file's own terms."""
        one, values = self._one, version.view.codec(self._one).load(shown, shown).values
        beside = {prop.name for prop in extra_props(one)}
        if not self.is_named:
            beside.add(str(one.key))  # type: ignore[attr-defined]
        own = {name: value for name, value in values.items() if name not in beside}
        if isinstance(one, RowCollection):
            with suppress(Invalid):  # where the version lacks what the line cannot do without
                # Some words have several properties that say them: the line has one way to say it.
                own = one.table.rows(one.table.insert(Section.new(self._kind, "other"), own))[0].values
        return dict(own)

    def can_say(self, version: ServedVersion, shown: dict[str, Any]) -> bool:
        """Whether a version takes a new object that says what it shows."""
        return not version.view.codec(self._one).load(shown).problems

    def addressed_by(self, version: ServedVersion) -> set[str | None]:
        """The properties that say which object it is."""
        return {getattr(self._one, "key", None), version.version.index_property}

    def _call(self, method: str, path: str, body: Any = None) -> int:
        answer = self._api.call(method, self._within(path), body)
        assert answer.status_code < 500, (method, path, body, answer.text)
        self.answer = answer.text
        return answer.status_code

    def _within(self, path: str) -> str:
        return f"{path}{'&' if '?' in path else '?'}transaction_id={self._transaction}"


def kinds(version: ServedVersion, name: str) -> list[str]:
    """The kinds of sections in which a version has a collection."""
    one = next((one for one in version.view.collections if one.name == name), None)
    if isinstance(one, RowCollection):
        return [kind for kind in one.parents if kind != LISTEN]
    return [] if one is None else [one.kind]  # type: ignore[attr-defined]
