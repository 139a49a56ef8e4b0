"""What a plugin declares about a resource: named sections, rows of sections, or one section.

Routes, schemas and specification are all computed from these values.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dataplane_core.grammar import Model, ParameterTable, Prop, Row, RowTable
from dataplane_core.grammar.declaration import nearest_parts
from dataplane_core.grammar.dispatch import Case
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.language import LISTEN, LISTEN_PARTS, NAMELESS, SECTION_NAME

OPERATIONS = ("list", "create", "read", "replace", "delete")


@dataclass(frozen=True, slots=True)
class Parent:
    """A kind of section that holds rows.

    `kind` is HAProxy's keyword (`log-forward`), `type` what clients call it in `parent_type`
    (`log_forward`; the keyword itself unless given).
    """

    kind: str
    type: str = ""

    @property
    def label(self) -> str:
        """The value of `parent_type`."""
        return self.type or self.kind


@dataclass(frozen=True, slots=True)
class Naming:
    """What the served specification calls a collection's objects.

    `title` and `titles` stand in operation identifiers (`createACL`), `schema` and `schemas` are
    the names of the definitions, `tag` groups the operations. `operation_ids` replaces single
    identifiers, by operation.
    """

    schema: str
    schemas: str
    title: str
    titles: str
    tag: str
    help: str = ""
    operation_ids: Mapping[str, str] = field(default_factory=dict)

    def operation_id(self, operation: str) -> str:
        """The identifier of `list`, `create`, `read`, `replace` or `delete`."""
        known = {
            "list": f"get{self.titles}",
            "create": f"create{self.title}",
            "read": f"get{self.title}",
            "replace": f"replace{self.title}",
            "delete": f"delete{self.title}",
        }
        return self.operation_ids.get(operation, known[operation])


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What all collections have: the name in the path, names in the specification, where it exists.

    `versions` are the names of the API versions that show it; None means every version.
    """

    name: str
    naming: Naming
    operations: tuple[str, ...] = OPERATIONS
    versions: tuple[str, ...] | None = None
    origin: str = ""

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
    (`unnamed_defaults_`), None where HAProxy wants a name.
    """

    kind: str
    model: Model
    key: str = "name"
    key_pattern: str = SECTION_NAME
    key_nullable: bool = False
    unnamed: str | None = None

    @property
    def props(self) -> tuple[Prop, ...]:
        return self.model.props


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """The statuses that answer operations on rows whose parent does not exist.

    `list` is 200 where such a list is empty; `create` is that of a new row, `item` that of reading
    and replacing one, `delete` that of deleting one. None for `item` is 404 for a row with a name,
    which is as little there as its parent, and 400 for an index, which says nothing without one;
    None for `delete` is what `item` is. `nameless` is the status for items of a parent that can
    also be meant without a name (`global`, `defaults`), where it is not that of the others.
    """

    list: int = 200
    create: int = 400
    item: int | None = None
    delete: int | None = None
    nameless: int | None = None

    def status(self, operation: str, *, indexed: bool, nameless: bool) -> int:
        """Return the status of `list`, `create`, `read`, `replace` or `delete`."""
        if operation in ("list", "create"):
            return self.list if operation == "list" else self.create
        item = self.item or (400 if indexed else 404)
        if nameless and self.nameless:
            item = self.nameless
        return self.delete or item if operation == "delete" else item


ORPHANS = Orphans()
"""What is answered where a declaration says no more."""

MakeCommands = Callable[[Document, Section, Row], Iterable[str]]


@dataclass(frozen=True, slots=True)
class RowCommands:
    """How a running HAProxy is told that a row came (`added`) or went (`removed`).

    Both are given the document and the section that have the row, and the row, and make commands
    of the Runtime API; they raise `resources.changes.NeedsReload` where no command can do it.
    `inherited` tells what the row has from lines elsewhere where its own does not say. `changed` is
    given all that a row has before and after a change of its properties, and raises `NeedsReload`
    where their commands would not do what a reload does.
    """

    added: MakeCommands
    removed: MakeCommands
    inherited: Callable[[Document, Section, Row], dict[str, Any]] = lambda *row: {}
    changed: Callable[[Mapping[str, Any], Mapping[str, Any]], None] = lambda *values: None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCollection(Collection):
    """Repeated lines of sections: named (`key` is the property) or indexed (`key` is None).

    `parameter` is the collection's own query parameter for its parent (`backend`), beside or
    instead of `parent_type` and `parent_name` (`typed`). `unnamed` makes up the name of a row
    that has none from its line. `filters` are properties that a list can be narrowed by.
    `orphans` says what is answered where the parent does not exist.
    `live` brings rows that come and go to the running process; without it that takes a reload.
    """

    table: RowTable
    parents: tuple[Parent, ...]
    key: str | None = "name"
    parameter: str | None = None
    typed: bool = True
    filters: tuple[str, ...] = ()
    orphans: Orphans = ORPHANS
    unnamed: Callable[[Line], str] | None = None
    live: RowCommands | None = None

    @property
    def props(self) -> tuple[Prop, ...]:
        return self.table.props

    @property
    def keywords(self) -> ParameterTable | None:
        """The table of keywords on a row's line; None where there is none, or more than one."""
        found = nearest_parts(self.table.statement, ParameterTable, (Case, ParameterKeyword))
        return found[0] if len(found) == 1 else None

    @property
    def indexed(self) -> bool:
        """Whether rows are addressed by their position."""
        return self.key is None

    def named_by(self, parent: Parent) -> tuple[Parent, ...]:
        """The kinds of sections that a name of that kind can mean.

        A `listen` section is a frontend and a backend in one, and HAProxy lets none share its name.
        """
        halves = parent.kind in LISTEN_PARTS and LISTEN_PARENT in self.parents
        return (parent, LISTEN_PARENT) if halves else (parent,)

    def has_nameless_parent(self) -> bool:
        """Whether a parent exists that is addressed without a name."""
        return any(parent.kind in NAMELESS for parent in self.parents)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSection(Collection):
    """One section that is addressed without a name, such as `global`.

    Where the file has several, the `last` of them counts, or all of them as one section. A PUT
    makes the section when it is missing if `creates`.
    """

    kind: str
    model: Model
    last: bool = False
    creates: bool = True

    @property
    def props(self) -> tuple[Prop, ...]:
        return self.model.props


LISTEN_PARENT = Parent(LISTEN)
"""`listen` is a frontend and a backend in one; it is a parent wherever one of the two is."""


def with_listen(parents: tuple[Parent, ...]) -> tuple[Parent, ...]:
    """`parents`, and `listen` where a frontend or a backend is among them."""
    kinds = {parent.kind for parent in parents}
    if kinds & LISTEN_PARTS and LISTEN not in kinds:
        return (*parents, LISTEN_PARENT)
    return parents
