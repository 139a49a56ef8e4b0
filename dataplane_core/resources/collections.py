"""What a plugin declares about a resource: named sections, rows of sections, or one section.

Routes, schemas and specification are all computed from these values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any, Self

from dataplane_core.dataclass import dataclass
from dataplane_core.grammar import Model, ParameterTable, Problem, Prop, Row, RowTable, Values
from dataplane_core.grammar.declaration import nearest_parts
from dataplane_core.grammar.dispatch import Case
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.resources.query_words import QueryWords
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.language import LISTEN, LISTEN_PARTS, NAMELESS, SECTION_NAME

OPERATIONS = ("list", "create", "read", "replace", "delete")


@dataclass(frozen=True, slots=True)
class Naming:
    """What the served specification calls a collection's objects.

    `title` and `titles` stand in operation identifiers (`createACL`), `schema` and `schemas` are
    the names of the definitions, `tag` groups the operations. `holder`, or the tag if it is empty,
    stands behind the title in identifiers of operations on rows below a section
    (`createACLFrontend`). `operation_ids` replaces single identifiers, by operation.
    """

    schema: str
    schemas: str
    title: str
    titles: str
    tag: str
    help: str = ""
    holder: str = ""
    operation_ids: Mapping[str, str] = field(default_factory=dict)

    def operation_id(self, operation: str) -> str:
        """Return the identifier of an operation.

        `replace_list` is that of a whole list, `put_new` makes an object by PUT on the collection.
        """
        known = {
            "list": f"get{self.titles}",
            "create": f"create{self.title}",
            "read": f"get{self.title}",
            "replace": f"replace{self.title}",
            "delete": f"delete{self.title}",
            "replace_list": f"replace{self.titles}",
            "put_new": f"put{self.title}",
        }
        return self.operation_ids.get(operation, known[operation])


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What all collections have: the name in the path, names in the specification, where it exists.

    `versions` are the names of the API versions that show it; None means every version. `names` are
    those in the paths of versions that call it otherwise, `namings` and `operations_in` are what
    versions have instead of `naming` and `operations`.
    """

    name: str
    naming: Naming
    operations: tuple[str, ...] = OPERATIONS
    versions: tuple[str, ...] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    namings: Mapping[str, Naming] = field(default_factory=dict)
    operations_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origin: str = ""

    def naming_in(self, version: str) -> Naming:
        """Return the names in the specification of an API version."""
        return self.namings.get(version, self.naming)

    def operations_of(self, version: str) -> tuple[str, ...]:
        """Return the operations in an API version."""
        return self.operations_in.get(version, self.operations)

    def name_in(self, version: str) -> str:
        """Return the name in the paths of an API version."""
        return self.names.get(version, self.name)

    def in_version(self, version: str) -> Self:
        """Return the collection as an API version has it."""
        return self

    @property
    def props(self) -> tuple[Prop, ...]:
        """The declared properties of one object."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionCollection(Collection):
    """Named sections of one kind, such as `backends`.

    `key` is the property that holds the section's name, `key_pattern` what a name may look like;
    an empty name breaks the pattern where it is `key_nullable`, and else is none at all.
    `unnamed` is the prefix of the names made up for sections that have none in the file
    (`unnamed_defaults_`), None where HAProxy wants a name. `above_rows` is the name in the path of
    its rows, in versions that have their parents there; the collection's, unless given. Sections
    that are `idle` do nothing unless something refers to them.
    """

    kind: str
    model: Model
    key: str = "name"
    key_pattern: str = SECTION_NAME
    key_nullable: bool = False
    unnamed: str | None = None
    above_rows: str = ""
    idle: bool = False

    @property
    def props(self) -> tuple[Prop, ...]:
        return self.model.props


MakeCommands = Callable[[Document, Section, Row], Iterable[str]]


@dataclass(frozen=True, slots=True)
class RowCommands:
    """How a running HAProxy is told that a row came (`added`) or went (`removed`).

    Both are given the document and the section that have the row, and the row, and make commands
    of the Runtime API; they raise `resources.changes.NeedsReload` where no command can do it.
    `inherited` tells what the row has from lines elsewhere where its own does not say. `changed` is
    given all that a row has before and after a change of its properties, and raises `NeedsReload`
    where their commands would not do what a reload does. `help` is the command by which HAProxy
    lists the keywords that it takes in `added`, and `words` are those of a row. `unsure` says of
    some of them on what it depends whether HAProxy takes what stands behind them.
    """

    added: MakeCommands
    removed: MakeCommands
    inherited: Callable[[Document, Section, Row], dict[str, Any]] = lambda *row: {}
    changed: Callable[[Mapping[str, Any], Mapping[str, Any]], None] = lambda *values: None
    words: MakeCommands = lambda *row: ()
    help: str = ""
    unsure: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCollection(Collection):
    """Repeated lines of sections: named (`key` is the property) or indexed (`key` is None).

    `parents` are the kinds of sections that hold them, `parent_versions` the API versions that have
    those that are not in all. `query` are the words of versions that name
    the section in the query. `unnamed` makes up the name of a row that has none from its line.
    `filters` are properties that a list can be narrowed by.
    `list_names` are those of the lists of rows in the objects of their sections, by the kind of
    section, where they are not the rows' schema with `_list` behind it.
    `live` brings rows that come and go to the running process; without it that takes a reload.
    `appended`: where a version has indices in the path, new rows go behind the last one all the
    same, and the list is not replaced as a whole.
    """

    table: RowTable
    parents: tuple[str, ...]
    key: str | None = "name"
    query: QueryWords = QueryWords()
    filters: tuple[str, ...] = ()
    unnamed: Callable[[Line], str] | None = None
    live: RowCommands | None = None
    appended: bool = False
    list_names: Mapping[str, str] = field(default_factory=dict)
    parent_versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def list_name(self, kind: str) -> str:
        """Return the property of a section's own object that lists these rows."""
        return self.list_names.get(kind, f"{self.naming.schema}_list")

    def in_version(self, version: str) -> Self:
        """Return the rows with the parents that an API version has."""
        everywhere = (version,)
        found = tuple(
            kind
            for kind in self.parents
            if version in self.parent_versions.get(kind, everywhere)
        )
        return self if found == self.parents else replace(self, parents=found)

    @property
    def props(self) -> tuple[Prop, ...]:
        return self.table.props

    def problems(self, values: Values) -> Iterator[Problem]:
        """Yield the rules that a row breaks; its name is a matter of the schema of its objects."""
        for one in self.table.problems(values):
            yield replace(one, of_schema=True) if one.path == self.key else one

    @property
    def keywords(self) -> ParameterTable | None:
        """The table of keywords on a row's line; None where there is none, or more than one."""
        found = nearest_parts(self.table.statement, ParameterTable, (Case, ParameterKeyword))
        return found[0] if len(found) == 1 else None

    @property
    def indexed(self) -> bool:
        """Whether rows are addressed by their position."""
        return self.key is None

    def named_like(self, kind: str) -> tuple[str, ...]:
        """Return the kinds of sections that a name of that kind can mean.

        A `listen` section is a frontend and a backend in one, and HAProxy lets none share its name.
        """
        halves = kind in LISTEN_PARTS and LISTEN in self.parents
        return (kind, LISTEN) if halves else (kind,)

    def has_nameless_parent(self) -> bool:
        """Return whether a parent exists that is addressed without a name."""
        return not NAMELESS.isdisjoint(self.parents)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSection(Collection):
    """One section that is addressed without a name, such as `global`.

    Where the file has several, the `last` of them counts, or all of them as one section. A PUT
    makes the section when it is missing if `creates`. `elements` are lists of objects among its
    properties that have a path of their own in versions with indices in the path: the names of
    the objects in the specification, by property.
    """

    kind: str
    model: Model
    last: bool = False
    creates: bool = True
    elements: Mapping[str, Naming] = field(default_factory=dict)

    @property
    def props(self) -> tuple[Prop, ...]:
        return self.model.props


def with_listen(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return `kinds`, with `listen` where a frontend or a backend is among them."""
    if LISTEN_PARTS.isdisjoint(kinds) or LISTEN in kinds:
        return kinds
    return (*kinds, LISTEN)
