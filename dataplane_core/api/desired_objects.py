"""Make a document hold the objects of a desired state, with the smallest edits.

A desired state is a JSON object with the collections of sections under their names in the paths of
the interface, each as a GET with `full_section=true` answers it: a list of objects, or one object
for a section such as `global`. Each object says its section whole, with all its rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from dataplane_core.api.section_objects import SectionObjects
from dataplane_core.api.view import View
from dataplane_core.errors import Code, DataplaneError, Invalid, WrongShape
from dataplane_core.resources.collections import Collection, SectionCollection, SingleSection
from dataplane_core.resources.extra_props import FROM
from dataplane_core.resources.locate import (
    find_section,
    find_single,
    refuse_namesake,
    shown_names,
)
from dataplane_core.resources.placing import (
    inherited_by_each,
    place_of_new,
    place_section,
    refuse_strange_name,
)
from dataplane_core.resources.row_scope import Rows
from dataplane_core.resources.scope import WHOLE, Scope
from dataplane_core.resources.section_places import who_inherits_otherwise
from dataplane_core.resources.whole_section import repeated
from dataplane_core.text import Document, Section
from dataplane_core.text.language import DEFAULTS, INHERITING

_MOST_IGNORED = 20


class DesiredObjects:
    """The desired sections of some collections, of which those in a `scope` are brought.

    With `prune`, sections of these collections that are not listed are removed. `ignored` names the
    properties that the last call of `on` left out.
    """

    def __init__(
        self, view: View, given: Any, scope: Scope = WHOLE, *, prune: bool = False
    ) -> None:
        """Raise `WrongShape` and `Invalid` for what is no desired state."""
        self._view = view
        self._scope = scope
        self._prune = prune
        self._wanted = _by_collection(view, given)
        self._objects: dict[str, SectionObjects] = {}
        self.ignored: list[str] = []

    def on(self, document: Document) -> Document:
        """Return `document` with the desired objects; itself where it has them already.

        Raises what a PUT of one of them would, with the object's name in front, and `Invalid` where
        other sections would inherit from other `defaults` then.
        """
        before = document
        self.ignored = []
        for one, objects in self._wanted:
            document = self._with(document, one, objects)
        if self._prune:
            # Their numbers name what has no name, so that `defaults` go last.
            last = sorted(self._wanted, key=lambda pair: pair[0].kind == DEFAULTS)
            for one, objects in last:
                if isinstance(one, SectionCollection):
                    document = self._without_others(document, one, objects)
            if others := who_inherits_otherwise(before, document, ()):
                raise Invalid(f"{others[0]} would inherit from other defaults")
        return before if document.text() == before.text() else document

    def _with(
        self, document: Document, one: SectionCollection | SingleSection, objects: Sequence[Any]
    ) -> Document:
        """Return the document with the objects of one collection."""
        if isinstance(one, SingleSection):
            if self._scope.holds(one.kind, ""):
                with _about(self._name(one)):
                    document = self._with_single(document, one, objects[0])
            return document
        known = {name for name, _ in shown_names(document, one.kind, one.unnamed)}
        mine = [
            given for given in objects
            if self._scope.holds_whole(one.kind, name := str(given[one.key]))
            or (name in known and self._scope.holds(one.kind, name))
        ]  # fmt: skip
        document, new = self._with_empty(document, one, mine)
        origins = inherited_by_each(document) if one.kind in INHERITING else {}
        for given in mine:
            name = str(given[one.key])
            with _about(f"{self._name(one)} {name}"):
                section = find_section(document, one.kind, name, one.unnamed)
                if section is not None:
                    origin = None if name in new else origins.get(id(section))
                    document = self._with_section(document, one, given, section, origin)
        return document

    def _with_empty(
        self, document: Document, one: SectionCollection, objects: Sequence[Mapping[str, Any]]
    ) -> tuple[Document, set[str]]:
        """Return the document with an empty section for each new object, and their names."""
        order, end = self._view.registry.section_order, document.line_end()
        new: dict[int, list[Section]] = {}
        places: dict[object, int] = {}
        for given in objects:
            name, parent = str(given[one.key]), given.get(FROM.name)
            parent = parent if isinstance(parent, str) else None
            if find_section(document, one.kind, name, one.unnamed) is not None:
                continue
            with _about(f"{self._name(one)} {name}"):
                refuse_namesake(document, one.kind, name)
                refuse_strange_name(name)
            if parent not in places:
                places[parent] = place_of_new(document, one.kind, name, parent, order)
            new.setdefault(places[parent], []).append(Section.new(one.kind, name, end=end))
        if new:
            document = document.insert_each(new)
        return document, {section.name for each in new.values() for section in each}

    def _with_section(
        self,
        document: Document,
        one: SectionCollection,
        given: Mapping[str, Any],
        section: Section,
        origin: str | None,
    ) -> Document:
        """Return the document with a section saying what is given.

        `origin` is what the section inherits from unsaid.
        """
        objects, names = self._objects_of(one), {one.key: str(given[one.key])}
        shown = objects.show(section, names, full=True, origin=origin)
        if given == shown:
            return document
        values = self._loaded(one, given, shown)
        values.pop(one.key, None)
        done = objects.put(document, section, values, full=True)
        return self._in_scope(document, section, done, one.kind, names[one.key])

    def _in_scope(
        self, before: Document, section: Section, after: Document, kind: str, name: str
    ) -> Document:
        """Return the document with those lines of a section changed that the scope is about."""
        rows = self._scope.rows(kind, name)
        if rows is None:
            return after
        at = before.position(section)
        changed = Rows(self._view.registry, kind, rows).of(section, after.sections[at])
        return before if changed is section else before.replace(section, changed)

    def _with_single(
        self, document: Document, one: SingleSection, given: Mapping[str, Any]
    ) -> Document:
        objects, section = self._objects_of(one), find_single(document, one)
        if section is None:
            shown = self._view.codec(one).project({})
        else:
            shown = objects.show(section, full=True)
        if given == shown:
            return document
        values = self._loaded(one, given, shown)
        values.pop("name", None)
        if section is None:
            order = self._view.registry.section_order
            document, section = place_section(document, one.kind, "", None, order)
        done = objects.put(document, section, values, full=True)
        return self._in_scope(document, section, done, one.kind, "")

    def _loaded(
        self, one: Collection, given: Mapping[str, Any], shown: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Return the flat values of an object that breaks no rule."""
        loaded = self._view.codec(one).load(given, shown)
        loaded.check()
        left = _MOST_IGNORED - len(self.ignored)
        self.ignored += [f"{self._name(one)}: {path}" for path in loaded.ignored[:left]]
        return dict(loaded.values)

    def _without_others(
        self, document: Document, one: SectionCollection, objects: Sequence[Any]
    ) -> Document:
        """Return the document without the sections of a collection that are not listed."""
        wanted = {str(given[one.key]) for given in objects}
        named = shown_names(document, one.kind, one.unnamed)
        places = (document.position(section) for _, section in named)
        for at, (name, _) in reversed([*zip(places, named, strict=True)]):
            if name not in wanted and self._scope.holds_whole(one.kind, name):
                document = document.remove_at(at)
        return document

    def _objects_of(self, one: SectionCollection | SingleSection) -> SectionObjects:
        if one.name not in self._objects:
            self._objects[one.name] = SectionObjects(self._view, one)
        return self._objects[one.name]

    def _name(self, one: Collection) -> str:
        return one.name_in(self._view.version.name)


def _by_collection(
    view: View, given: Any
) -> list[tuple[SectionCollection | SingleSection, list[Any]]]:
    """Return the collections of a desired state with their objects, in the order of the file."""
    if not isinstance(given, dict):
        raise WrongShape("the desired state must be a JSON object with collections of sections")
    known: dict[str, SectionCollection | SingleSection] = {
        one.name_in(view.version.name): one
        for one in view.collections
        if isinstance(one, SectionCollection | SingleSection)
    }
    order = {kind: at for at, kind in enumerate(view.registry.section_order)}
    found = [(_known(known, name), name, objects) for name, objects in given.items()]
    return [
        (one, _checked(one, name, objects))
        for one, name, objects in sorted(found, key=lambda each: order[each[0].kind])
    ]


def _known(
    known: Mapping[str, SectionCollection | SingleSection], name: str
) -> SectionCollection | SingleSection:
    one = known.get(name)
    if one is None:
        near = get_close_matches(name[:80], known, 1)
        question = f": did you mean {near[0]}?" if near else ""
        raise Invalid(f"no collection of sections is called {name[:80]!r}{question}")
    return one


def _checked(one: SectionCollection | SingleSection, name: str, objects: Any) -> list[Any]:
    """Return the objects of a collection, each with a name of its own."""
    if isinstance(one, SingleSection):
        if not isinstance(objects, dict):
            raise WrongShape(f"{name} must be an object")
        return [objects]
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        raise WrongShape(f"{name} must be a list of objects")
    names = [each.get(one.key) for each in objects]
    if not all(isinstance(each, str) and each for each in names):
        raise Invalid(f"{name}: each object needs its {one.key}", code=Code.REQUIRED)
    for problem in repeated(name, names):
        raise Invalid(problem.message)
    return objects


@contextmanager
def _about(name: str) -> Iterator[None]:
    """Put the name of the object that a failure is about in front of its sentence."""
    try:
        yield
    except DataplaneError as error:
        error.message = f"{name}: {error.message}"
        raise
