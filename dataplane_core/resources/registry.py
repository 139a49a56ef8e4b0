"""Where plugins declare collections; frozen before the first request.

@impl
def dataplane_register(registry):
    registry.sections("backends", kind="backend", model=BACKEND, title="Backend")
    registry.rows("servers", SERVER, key="name", parents=("backend", "peers", "ring"),
                  parameter="backend", title="Server")
"""

from collections.abc import Callable, Mapping
from functools import cached_property, reduce
from typing import Unpack

from dataplane_core.grammar import Function, Model, RowTable, Statement
from dataplane_core.grammar.expressions import Functions
from dataplane_core.hooks.containment import plugin_at_work
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    RowCommands,
    SectionCollection,
    SingleSection,
    with_listen,
)
from dataplane_core.resources.extension import Extension, Part
from dataplane_core.resources.file_language import FileLanguage, ScriptLanguage
from dataplane_core.resources.masks import Mask
from dataplane_core.resources.name_readers import NameReaders
from dataplane_core.resources.named import Named, common, naming_of
from dataplane_core.resources.origins import Origins, RegistryError
from dataplane_core.resources.query_words import ORPHANS, Orphans, Parent, QueryWords
from dataplane_core.text import Line
from dataplane_core.text.language import SECTION_NAME, SECTION_ORDER, Language


class Registry:
    """All collections and section keywords, by name; `origins` checks that none is there twice."""

    def __init__(self, origins: Origins | None = None) -> None:
        self.collections: dict[str, Collection] = {}
        self._masks: dict[str, list[Mask | Callable[[], Mask]]] = {}
        self._kinds: dict[str, None] = {}
        self._ranks: dict[tuple[str, ...], int] = {}
        self.origins = Origins() if origins is None else origins
        self.extensions: list[Extension] = []
        self._rows_of: dict[str, list[RowCollection]] = {}
        self._sections_of: dict[str, SectionCollection] = {}
        self._functions: list[Function] = []
        self.file_languages: dict[str, FileLanguage] = {}
        self.script_languages: dict[str, Callable[[], ScriptLanguage]] = {}
        self._frozen = False
        self.kinds(*SECTION_ORDER)

    def kinds(self, *kinds: str) -> None:
        """Declare words that start a section, without a model."""
        self._open()
        for kind in kinds:
            if len(kind.split()) != 1:
                raise RegistryError(f"a section starts with one word, and not with {kind!r}")
            self._kinds[kind] = None

    def sections(
        self,
        name: str,
        *,
        kind: str,
        model: Model,
        key: str = "name",
        key_pattern: str = SECTION_NAME,
        key_nullable: bool = False,
        unnamed: str | None = None,
        above_rows: str = "",
        idle: bool = False,
        **named: Unpack[Named],
    ) -> SectionCollection:
        """Declare named sections: `/configuration/<name>` and `/configuration/<name>/{key}`.

        Sections that are `idle` do nothing unless something refers to them by their name.
        """
        self.kinds(kind)
        collection = SectionCollection(
            **common(name, named),
            kind=kind,
            model=model,
            key=key,
            key_pattern=key_pattern,
            key_nullable=key_nullable,
            unnamed=unnamed,
            above_rows=above_rows,
            idle=idle,
        )
        self._add(collection)
        return collection

    def rows(
        self,
        name: str,
        statement: Statement,
        *,
        parents: tuple[Parent | str, ...],
        key: str | None = "name",
        parameter: str | None = None,
        typed: bool = True,
        rank: int = 50,
        filters: tuple[str, ...] = (),
        orphans: Orphans = ORPHANS,
        unnamed: Callable[[Line], str] | None = None,
        live: RowCommands | None = None,
        always_in_query: bool = False,
        in_path: bool = False,
        appended: bool = False,
        list_names: Mapping[str, str] | None = None,
        **named: Unpack[Named],
    ) -> RowCollection:
        """Declare repeated lines of sections, named by `key` or, with `key=None`, indexed.

        `parameter` is the collection's own query parameter (`backend`); with `typed=False` it is
        the only way to say the parent, else `parent_type` and `parent_name` work too and
        `parent_type` is required unless `parameter` exists. `always_in_query` and `in_path`
        are as those of `QueryWords`, `appended` and `list_names` as those of `RowCollection` are.
        """
        kinds = tuple(one if isinstance(one, str) else one.kind for one in parents)
        told = [one for one in parents if isinstance(one, Parent)]
        labels = {one.kind: one.type for one in told if one.type}
        self.kinds(*kinds)
        collection = RowCollection(
            **common(name, named),
            table=RowTable(statement, rank, self._ranks),
            parents=with_listen(kinds),
            key=key,
            query=QueryWords(parameter, typed, labels, orphans, always_in_query, in_path),
            filters=filters,
            unnamed=unnamed,
            live=live,
            appended=appended,
            list_names=list_names or {},
            parent_versions={one.kind: one.versions for one in told if one.versions is not None},
        )
        self._add(collection)
        return collection

    def single(
        self,
        name: str,
        *,
        kind: str,
        model: Model,
        last: bool = False,
        creates: bool = True,
        elements: Mapping[str, Named] | None = None,
        **named: Unpack[Named],
    ) -> SingleSection:
        """Declare a section without a name: `/configuration/<name>`.

        `elements` says what the objects in lists of the section are called that have a path of
        their own, `/configuration/<name>/<property>`.
        """
        self.kinds(kind)
        collection = SingleSection(
            **common(name, {"operations": ("read", "replace"), **named}),
            kind=kind,
            model=model,
            last=last,
            creates=creates,
            elements={prop: naming_of(prop, words) for prop, words in (elements or {}).items()},
        )
        self._add(collection)
        return collection

    def extend(self, name: str, *parts: Part, behind: str = "") -> None:
        """Add to a collection that any plugin declares, be it before or after this call.

        Sections take statements, rows the keywords of a table (`arg`, `flag` …) and the actions of
        rules (`case`). `behind` says where else keywords and choices go: for rules, behind an
        action; for sections, behind the first words of a line (`balance`, `balance uri`). What
        several collections share is extended in all. Nothing is seen outside of this registry.
        """
        self._open()
        self.extensions.append(Extension(name, parts, behind, plugin_at_work()))

    def functions(self, *functions: Function) -> None:
        """Declare functions of sample expressions that have names as arguments."""
        self._open()
        self._functions += functions

    def file_language(self, kind: str, language: FileLanguage) -> None:
        """Say how files are read that hold something of a kind, such as a SPOE engine."""
        self._open()
        self.file_languages[kind] = language

    def script_language(self, kind: str, language: Callable[[], ScriptLanguage]) -> None:
        """Say what makes the reader of files that give names of a kind, such as Lua scripts."""
        self._open()
        self.script_languages[kind] = language

    def mask(self, version: str, mask: Mask | Callable[[], Mask]) -> None:
        """Say what an API version lacks, beside what is said already.

        A body with a property that the version lacks is taken without it, and with a warning. A
        path that it lacks is neither served nor in its documents. A function that returns the mask
        is only called if the version is served.
        """
        self._open()
        self._masks.setdefault(version, []).append(mask)

    def mask_of(self, version: str) -> Mask:
        """Return what an API version lacks, made of all that is said of it."""
        said = self._masks.get(version, ())
        masks = (one if isinstance(one, Mask) else one() for one in said)
        return reduce(Mask.with_also, masks, Mask())

    def freeze(self) -> None:
        """Check what only shows when everything is declared, and forbid more."""
        self._open()
        for rows in self.all_rows():
            if (name := rows.query.parameter) in {"version", "transaction_id", "force_reload"}:
                said = f"a parent's parameter cannot be called {name}"
                raise RegistryError(said, rows.origin)
        for one in self.collections.values():
            self.origins.collection(one)
        for extension in self.extensions:
            extension.apply(self.collections, self.origins)
        for one in self.collections.values():
            self.origins.schemas(one)
        for rows in self.all_rows():
            for kind in dict.fromkeys(rows.parents):
                self._rows_of.setdefault(kind, []).append(rows)
        for sections in self.all_sections():
            self._sections_of.setdefault(sections.kind, sections)
        self._frozen = True

    @cached_property
    def language(self) -> Language:
        """The words that sections and their lines start with; complete when nothing is added."""
        statements = [rows.table.statement for rows in self.all_rows()]
        for one in self.collections.values():
            if isinstance(one, SectionCollection | SingleSection):
                statements += one.model.statements
        heads = (form.head for statement in statements for form in statement.forms)
        return Language(self._kinds, heads)

    @cached_property
    def names(self) -> NameReaders:
        """What finds names in lines, by all that is declared."""
        return NameReaders(self.collections.values(), Functions(self._functions))

    @property
    def section_order(self) -> tuple[str, ...]:
        """The order in which sections of different kinds are placed in a file."""
        return tuple(self._kinds)

    def all_sections(self) -> list[SectionCollection]:
        """Return the collections of named sections."""
        return [one for one in self.collections.values() if isinstance(one, SectionCollection)]

    def all_rows(self) -> list[RowCollection]:
        """Return the collections of rows."""
        return [one for one in self.collections.values() if isinstance(one, RowCollection)]

    def declared_rows(self, name: str) -> RowCollection | None:
        """Return the rows that a plugin has declared under a name; None if no plugin has."""
        found = self.collections.get(name)
        return found if isinstance(found, RowCollection) else None

    def sections_of(self, kind: str) -> SectionCollection | None:
        """Return the collection whose sections start with `kind`."""
        return self._sections_of.get(kind)

    def path_above_rows(self, kind: str, version: str) -> str:
        """Return the name of the collection of a kind of section in the paths of its rows.

        Empty where no plugin declares the kind.
        """
        sections = self.sections_of(kind)
        if sections is not None:
            return sections.above_rows or sections.name_in(version)
        singles = (one for one in self.collections.values() if isinstance(one, SingleSection))
        return next((one.name_in(version) for one in singles if one.kind == kind), "")

    def rows_of(self, kind: str) -> list[RowCollection]:
        """Return the collections of rows that sections of `kind` hold."""
        return self._rows_of.get(kind, [])

    def _add(self, collection: Collection) -> None:
        self._open()
        other = self.collections.get(collection.name)
        if other is not None:
            raise RegistryError(
                f"the collection {collection.name} is declared by {other.origin or 'a plugin'}"
                f" and again by {collection.origin or 'a plugin'}",
                other.origin,
                collection.origin,
            )
        self.collections[collection.name] = collection

    def _open(self) -> None:
        if self._frozen:
            raise RegistryError("collections are declared in dataplane_register, before the start")
