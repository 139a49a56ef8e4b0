"""Describe the properties of JSON objects, and hold what reading a line gives for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any, Protocol, Self

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Code, Invalid
from dataplane_core.grammar.names import Declared
from dataplane_core.grammar.notations import Notation

Values = Mapping[str, Any]
"""A flat object: dotted canonical path → JSON value; an absent key is an unset property."""

_NOTHING: Mapping[Any, Any] = {}


def _nothing() -> Mapping[Any, Any]:
    """Return the one empty mapping of all: there are thousands of properties."""
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule of an object: the property's path, the inner code, and a sentence.

    A `misplaced` property belongs to another choice than the object's: no line would say it.
    `of_schema`: versions that tell rules between properties from those of a schema count this one
    among the latter. `of_choice`: the object says both or none of two things of which HAProxy's
    manual wants one; versions without `strict_choices` take that, and leave out what is misplaced.
    """

    path: str
    code: int
    message: str
    misplaced: bool = False
    of_schema: bool = False
    of_choice: bool = False


class Spelling(Protocol):
    """Says other properties of an object as the words that stand for them on a line."""

    @property
    def names(self) -> frozenset[str]:
        """The paths of these other properties."""

    def words(self, values: Values) -> list[str]:
        """Return the words for the values of an object."""

    def read(self, words: Iterable[str], values: Values) -> dict[str, Any] | None:
        """Return what words say, with the other values of the object; None if they say nothing."""

    def under(self, prefix: str) -> Self:
        """Return the same for properties of the nested object `prefix`."""


@dataclass(frozen=True, slots=True)
class Prop:
    """One property, stated once: parser, writer, schema and specification all read it from here.

    `name` is the dotted path in the JSON object, `names` its path in API versions that differ, and
    `types` the conversion of its value in those that have another JSON type (`boolean` for the
    words enabled and disabled); `facts` are other fields that differ in a version, such as its
    `enum`. Versions that lack a property have it in a mask of their own. A name of "" is the nested
    object that the property belongs to: in that version it is no object, but this value alone.
    `items` are the properties of an array's objects, or one `Prop` for an array of scalars, which
    has from `min_items` to `max_items` of them, all of them different if they are `unique`. An
    object whose members have any name has one `Prop` for them all, and a pattern for their `keys`.
    `nullable`: 0, "" and null are values of their own; otherwise they mean "unset".
    `required` counts inside the nested object that the property belongs to. `unit` is what a number
    counts (`milliseconds`, `seconds`, `bytes`), if a line can say it with a unit. `default` is what
    a new object gets that lacks the property. `live` is the Runtime API command that applies a new
    value to the running process, except where the configuration has the word `live_unless`.

    `running` is the column in which the running process shows its own value: of `show servers
    state` for a server, of `show stat` for a frontend.

    `same_as` are values of the property that are no more than another property's: for each, the
    name and the value of that. Given, such a value sets the other property, and no line is read as
    it; the answers of the versions in `same_in` show it beside the other one.

    `holds` are further properties that a version shows in the text of this one, each behind a word
    of its own, and not by themselves: for each version, the words and the names. `spells` makes the
    property a list of words that say other properties of the same object: answers make it of these,
    a body's words become these, and no line is read as it.

    A `secret` opens a door: where changes are shown, it is said to have changed, and never what it
    is. `secret_of` is the property with the name of a header: the value is a secret where such a
    header holds credentials. With a value that fits the pattern `dangerous` whole, the line opens
    the system (`Statement.dangerous`).

    `refers_to` is the notation in which the value names other things of the configuration.
    `declares` says of which kind the name is that the value gives, or that its line gives.

    Answers list properties by name. `sort_as` is the name that counts instead: the interface lists
    its names in CamelCase in front of all others. What belongs to a part that several models share
    stands in front of the object's own; `shared_in` is the path of that object with a dot behind
    each name, "" for the whole.
    """

    name: str
    json: str = "string"
    help: str = ""
    title: str = ""
    enum: tuple[Any, ...] = ()
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    nullable: bool = False
    required: bool = False
    unit: str = ""
    default: Any = None
    items: "tuple[Prop, ...] | Prop | None" = None
    min_items: int | None = None
    max_items: int | None = None
    unique: bool = False
    keys: str | None = None
    names: Mapping[str, str] = field(default_factory=_nothing)
    types: Mapping[str, str] = field(default_factory=_nothing)
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=_nothing)
    holds: Mapping[str, Mapping[str, str]] = field(default_factory=_nothing)
    deprecated: bool = False
    read_only: bool = False
    same_as: Mapping[Any, tuple[str, Any]] = field(default_factory=_nothing)
    same_in: tuple[str, ...] = ()
    spells: Spelling | None = field(default=None, compare=False)
    live: str | None = None
    live_unless: str = ""
    running: str = ""
    secret: bool = False
    secret_of: str = ""
    dangerous: str = ""
    refers_to: Notation | None = field(default=None, compare=False)
    declares: Declared | None = None
    sort_as: str = ""
    shared_in: str | None = None

    def under(self, prefix: str, prefixes: Mapping[str, str] = MappingProxyType({})) -> "Prop":
        """Return the property as one of the nested object `prefix`.

        `prefixes` are what the object is called in versions that call it otherwise.
        """
        names = {
            version: f"{prefixes.get(version, prefix)}.{self.path(version)}".rstrip(".")
            for version in {**prefixes, **self.names}
        }
        shared_in = None if self.shared_in is None else f"{prefix}.{self.shared_in}"
        same_as = {value: (f"{prefix}.{name}", one) for value, (name, one) in self.same_as.items()}
        holds = {
            version: {word: f"{prefix}.{name}" for word, name in parts.items()}
            for version, parts in self.holds.items()
        }
        return replace(
            self, name=f"{prefix}.{self.name}", names=names, shared_in=shared_in, same_as=same_as,
            holds=holds, spells=self.spells and self.spells.under(prefix),
        )  # fmt: skip

    def path(self, version: str) -> str:
        """Return where the property stands in the object of an API version."""
        return self.names.get(version, self.name)

    def in_version(self, version: str) -> "Prop":
        """Return the property with the facts that it has in an API version."""
        facts = self.facts.get(version)
        return replace(self, **facts) if facts else self


class NoMatch(Exception):
    """A line does not have the declared shape.

    `wanted` says what was expected in place of `token`.
    """

    def __init__(self, token: str | None, wanted: str) -> None:
        super().__init__(f"{wanted} expected instead of {token or 'the end of the line'}")
        self.token = token
        self.wanted = wanted


class Reading:
    """What a line says: `values`, and in `layout` all that they leave open of how it is written.

    `layout` maps a term to what the term needs to write its part of the line again as it stood:
    order, spelling, unknown words. `partial` is whether words were kept that no property says, and
    `rounded` are raw tokens whose values JSON cannot carry exactly.
    """

    __slots__ = ("layout", "partial", "rounded", "values")

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.layout: dict[Any, Any] = {}
        self.partial = False
        self.rounded: tuple[str, ...] = ()

    def merge(self, other: "Reading", prefix: str = "") -> None:
        """Take over all that `other` has read, its properties as those of the object `prefix`."""
        if prefix:
            self.values.update((f"{prefix}.{name}", value) for name, value in other.values.items())
        else:
            self.values.update(other.values)
        self.layout.update(other.layout)
        self.partial |= other.partial
        self.rounded += other.rounded


Layout = Mapping[Any, Any]
"""What a line leaves open of how it is written (`Reading.layout`): term → what the term needs."""


def unwritable(path: str, message: str, code: int = Code.PATTERN) -> Invalid:
    """Return the error (422) for a value that no line can say; `message` follows the path."""
    return Invalid(f"{path} {message}", code=code)


def within(values: Values, prefix: str) -> dict[str, Any]:
    """Return the properties of the nested object `prefix`, with their paths inside it."""
    start = prefix + "."
    cut = len(start)
    return {name[cut:]: value for name, value in values.items() if name.startswith(start)}


def normal(props: Mapping[str, Prop], values: Values) -> dict[str, Any]:
    """Return `values` without those that mean "unset" for their property.

    A nullable property keeps 0, "" and false, a required one keeps false; an empty list always
    means "unset", and an empty object where the object is no property itself.
    """
    return {name: value for name, value in values.items() if not is_unset(props.get(name), value)}


def is_unset(prop: Prop | None, value: object) -> bool:
    """Return whether a JSON value means that the property is not set."""
    if value is None or value == []:
        return True
    if value == {}:
        return prop is None or prop.json != "object"
    if value is False:
        return prop is None or not (prop.nullable or prop.required)
    return value in (0, "") and not (prop is not None and prop.nullable)


def distinct(props: Iterable[Prop]) -> tuple[Prop, ...]:
    """Return each property once, by name, with the enum values of all that declare it."""
    unique: dict[str, Prop] = {}
    for prop in props:
        known = unique.setdefault(prop.name, prop)
        if known.enum != prop.enum:
            both = dict.fromkeys((*known.enum, *prop.enum)) if known.enum and prop.enum else ()
            unique[prop.name] = replace(known, enum=tuple(both))
    return tuple(unique.values())


def misplaced(path: str, message: str, code: int = 422) -> Problem:
    """Return the problem of a property that does not belong to what the others choose."""
    return Problem(path, code, message, misplaced=True)


def of_item(path: str, at: int, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems of the item `at` of the list `path`, with paths from the whole object."""
    for one in problems:
        yield replace(one, path=f"{path}.{at}.{one.path}", message=f"{path}.{at}.{one.message}")


def missing(paths: Iterator[str] | list[str]) -> Iterator[Problem]:
    """Yield a problem for each property that is required and not given."""
    for path in paths:
        yield Problem(path, Code.REQUIRED, f"{path} in body is required")
