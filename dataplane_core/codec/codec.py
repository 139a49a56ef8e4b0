"""Decode what a client sends into flat values, and encode flat values as a client gets them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataplane_core.codec.aliases import resolved
from dataplane_core.codec.flat_values import drop, spelled_by
from dataplane_core.codec.implied import implied, in_version
from dataplane_core.codec.keeping import Keeping
from dataplane_core.codec.masks import NO_MASK, ModelMask
from dataplane_core.codec.projector import Projector
from dataplane_core.codec.refusals import raise_violations, refuse_other_types
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.codec.shape import JsonNode, Unused, attach, build, flatten, tidy
from dataplane_core.codec.untouched import Comparison, carried
from dataplane_core.codec.violations import (
    TYPE_ERROR,
    BrokenRelation,
    BrokenRule,
    Violation,
    ordered,
    violations,
)
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Code, WrongShape
from dataplane_core.grammar import Problem, Prop
from dataplane_core.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from marshmallow import Schema

    from dataplane_core.codec.acceptance import ObjectTest

_UNSAFE = lazy_pattern(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
_PLACE = lazy_pattern(r"\.\d+(?=\.)")
_MOST_NAMED = 20
_MOST_SUGGESTED = 5
_LONGEST_NAME = 80
_CLOSE = 0.8


@dataclass(frozen=True, slots=True)
class Loaded:
    """A body after decoding: flat `values`, the `echo` that answers it, and what was found.

    `problems` are the rules that it breaks, in the order in which an answer names them; `ignored`
    names the properties that were left out.
    """

    values: dict[str, Any]
    echo: dict[str, Any]
    problems: tuple[Violation, ...] = ()
    ignored: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise the error that names every broken rule; its code is the first one's."""
        raise_violations(self.problems)


@dataclass(frozen=True, slots=True)
class Children:
    """The objects of another model that an object holds: its property, and their codec.

    They are an array; with a `key`, an object in which each stands under that property of it.
    """

    prop: Prop
    codec: "Codec"
    key: str | None = None


class Codec:
    """Decodes and encodes the objects of one model in one API version.

    `mask` is what the model lacks in this version, `writes_units` as `build` has it,
    `strict_choices` as `Problem.of_choice` says. A `strict`
    codec refuses unknown properties, and those that do not belong to the others, instead of leaving
    them out with a warning. `rules` gives the problems between properties of flat values. `empty`
    are the nested objects that are shown although nothing is in them, where other properties have
    the values given. `children` are objects of other models that each of this model holds.
    `project` makes the object that a client gets of flat values, `keeping` keeps what the version
    lacks.
    """

    def __init__(
        self,
        name: str,
        props: Iterable[Prop],
        version: str,
        factory: SchemaFactory,
        *,
        mask: ModelMask = NO_MASK,
        writes_units: bool = False,
        strict_choices: bool = False,
        strict: bool = False,
        rules: Callable[[Mapping[str, Any]], Iterable[Problem]] = lambda values: (),
        empty: Mapping[str, Mapping[str, Any]] | None = None,
        children: Iterable[Children] = (),
    ) -> None:
        self.name = name
        self.props = tuple(props)
        self.version = version
        elsewhere = mask.properties | _other_paths(self.props)
        self.elsewhere = {f"{path}.".replace("[]", "") for path in elsewhere}
        self.strict = strict
        self._strict_choices = strict_choices
        self.rules = rules
        self._factory = factory
        self.root: JsonNode = build(
            self.props, version, mask, name=name, writes_units=writes_units
        )
        self.children = tuple(children)
        for one in self.children:
            attach(self.root, one.prop, one.codec.root, one.key)
            self.elsewhere |= {f"{one.prop.name}.{path}" for path in one.codec.elsewhere}
        tied = in_version(empty or {}, self.props, version)
        self._implied = implied(self.root, tied)
        self.project = Projector(self.root, tied)
        says = {name for prop in self.root.spelled for name in spelled_by(prop)}
        self.keeping = Keeping(self.props, version, mask, says=says, tied=empty)

    @cached_property
    def schema_class(self) -> "type[Schema]":
        """The marshmallow schema of the wire's object."""
        return self._factory.schema(self.root, self.name)

    @cached_property
    def schema(self) -> "Schema":
        """An instance to load with; it has no state of its own."""
        return self.schema_class()

    @cached_property
    def _is_right(self) -> "ObjectTest":
        from dataplane_core.codec.acceptance import ObjectTest  # not at the start

        return ObjectTest(self.root)

    def load(self, body: Any, shown: Mapping[str, Any] | None = None) -> Loaded:
        """Decode a client's object; raises `BadRequest` when a value has another JSON type.

        Raises `WrongShape` where the body is no object. `shown` is the object that a PUT replaces,
        as a GET shows it: what equals it is not judged.
        """
        if not isinstance(body, dict):
            raise WrongShape("the body must be a JSON object")
        loaded = self.read(body, shown)
        refuse_other_types(loaded.problems)
        return loaded

    def read(self, body: dict[str, Any], shown: Mapping[str, Any] | None = None) -> Loaded:
        """Decode as `load` does, with values of another type among the problems."""
        unused = Unused()
        echo = tidy(body, self.root, unused, shown)
        if shown:
            echo = carried(shown, echo)
        problems = self._violations(echo, shown)
        values: dict[str, Any] = {}
        if not problems or problems[0][1].code != TYPE_ERROR:
            values = resolved(self._said(echo), self.root.aliases, self._shown(shown))
        ignored: list[str] = []
        if unused.unknown or unused.unmanaged:
            ignored += self._leave_out(unused, problems)
        if not problems:
            problems += self._judge(values, shown, ignored)
        named = tuple(_UNSAFE.sub("?", name)[:_LONGEST_NAME] for name in ignored[:_MOST_NAMED])
        return Loaded(values, echo, tuple(problems), named)

    def _violations(self, echo: dict[str, Any], shown: Mapping[str, Any] | None) -> list[Violation]:
        """Return the rules that single properties break, but for those that are as they were."""
        if self._is_right(echo):
            return []
        schema = self.schema
        from marshmallow import ValidationError  # loaded by the schema, not by the start

        try:
            schema.load(echo)
        except ValidationError as error:
            found = violations(error.messages_dict)
            if shown:
                compared = Comparison(shown, echo)
                found = (one for one in found if not compared.is_untouched(one[0].names))
            return ordered(found)
        return []

    def _judge(
        self, values: dict[str, Any], shown: Mapping[str, Any] | None, ignored: list[str]
    ) -> list[Violation]:
        """Return the rules between properties that the client breaks; what can be left out is."""
        problems = list(self._broken(values))
        if not problems:
            return []
        known = frozenset(map(_anywhere, self.rules(self._before(shown)) if shown else ()))
        problems = [one for one in problems if _anywhere(one) not in known]
        while not self.strict:
            names = [one.path for one in problems if one.misplaced and not self._counts(one)]
            dropped = [name for name in names if drop(values, name)]
            if not dropped:
                break
            ignored += map(self.project.wire_name, dropped[:_MOST_NAMED])
            problems = [one for one in self._broken(values) if _anywhere(one) not in known]
        return [
            ("", (BrokenRule if one.of_schema else BrokenRelation)(one.code, self._named(one)))
            for one in problems
        ]

    def _named(self, problem: Problem) -> str:
        """Return the message of a problem, with the property's name in this version."""
        return problem.message.replace(problem.path, self.project.wire_name(problem.path), 1)

    def _broken(self, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield the rules that values break, but for choices that this version leaves open."""
        for one in self.rules(values):
            if one.misplaced or not one.of_choice or self._strict_choices:
                yield one

    def _counts(self, one: Problem) -> bool:
        """Return whether a client is told of a choice, instead of a part of it being left out."""
        return one.of_choice and self._strict_choices

    def _before(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        return resolved(self._flat(shown), self.root.aliases)

    def _shown(self, shown: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the flat values of an object that is shown, if aliases need them."""
        return self._flat(shown) if shown and self.root.aliases else {}

    def _flat(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        return self._said(tidy(shown, self.root, Unused(), shown))

    def _said(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the flat values of a valid object, with those that its objects imply."""
        values = flatten(body, self.root)
        for name, needed in self._implied.items():
            if name in body:
                values = {**needed, **values}
        return values

    def _leave_out(self, unused: Unused, problems: list[Violation]) -> list[str]:
        """Return the names of what is ignored; what is refused instead goes to `problems`."""
        ignored = []
        for number, (path, owner) in enumerate(unused.unknown):
            near = _nearest(path, owner) if number < _MOST_SUGGESTED else ""
            if not self.strict or self.is_known_elsewhere(path):
                ignored.append(path + near)
            else:
                problems.append(
                    (path, BrokenRule(Code.UNKNOWN, f"in body is not known here{near}"))
                )
        return ignored + unused.unmanaged

    def is_known_elsewhere(self, path: str) -> bool:
        """Return whether another version knows the path, or something in it or around it."""
        whole = f"{path}.".replace("[]", "")
        return any(one.startswith(whole) or whole.startswith(one) for one in self.elsewhere)


def _other_paths(props: Iterable[Prop]) -> frozenset[str]:
    """Return the paths, in all versions, of what has another path in some, or stands in a text."""
    named = (path for prop in props if prop.names for path in (prop.name, *prop.names.values()))
    held = (path for prop in props for parts in prop.holds.values() for path in parts.values())
    return frozenset((*named, *held))


def _anywhere(problem: Problem) -> Problem:
    """Return the problem as it would be of an item at another place of its list."""
    path, message = (_PLACE.sub("", text) for text in (problem.path, problem.message))
    return replace(problem, path=path, message=message)


def _nearest(path: str, owner: JsonNode) -> str:
    """Return a question ("did you mean …?") with the known property that is nearest; else ""."""
    name = path.rpartition(".")[2][:_LONGEST_NAME].lower()
    found = get_close_matches(name, owner.children, 1, _CLOSE)
    return f" (did you mean {found[0]}?)" if found else ""
