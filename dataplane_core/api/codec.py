"""Codecs: what a client sends as flat values, and flat values as what a client gets."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from marshmallow import Schema, ValidationError

from dataplane_core.api.schema import (
    TYPE_ERROR,
    Rule,
    SchemaFactory,
    Violation,
    ordered,
    violations,
)
from dataplane_core.api.shape import Node, Projector, build, carried, flatten, tidy
from dataplane_core.errors import BadRequest, Code, Invalid
from dataplane_core.grammar import Problem, Prop

_UNSAFE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """A body after decoding: flat `values`, the `echo` that answers it, and what was found.

    `problems` are the rules it breaks, in the order in which they are told; `ignored` the paths of
    properties that were left out because another version of the interface knows them.
    """

    values: dict[str, Any]
    echo: dict[str, Any]
    problems: tuple[Violation, ...] = ()
    ignored: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise the error that names every broken rule; its code is the first one's."""
        if self.problems:
            raise Invalid(sentence(self.problems), code=self.problems[0][1].code)

    @property
    def warning(self) -> str | None:
        """The `Warning` header for what was left out (RFC 7234, section 5.5)."""
        if not self.ignored:
            return None
        names = ", ".join(_UNSAFE.sub("?", name)[:80] for name in self.ignored[:_MOST_NAMED])
        return f'299 dataplane "ignored properties: {names}"'


class Codec:
    """One model in one API version.

    `foreign` are the paths that the model has in other versions only; `lenient` leaves unknown
    properties out with a warning instead of refusing them. `rules` gives the problems between
    properties of flat values. `empty` are the nested objects that are shown although nothing is in
    them, where other properties have the values given.
    """

    def __init__(
        self,
        name: str,
        props: Iterable[Prop],
        version: str,
        factory: SchemaFactory,
        *,
        foreign: frozenset[str] = frozenset(),
        lenient: bool = False,
        rules: Callable[[Mapping[str, Any]], Iterable[Problem]] = lambda values: (),
        empty: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.name = name
        self.props = tuple(props)
        self.version = version
        self.foreign = {f"{path}.".replace("[]", "") for path in foreign | _other_paths(self.props)}
        self.lenient = lenient
        self.rules = rules
        self._factory = factory
        self.root: Node = build(self.props, version)
        self._projector = Projector(self.root)
        self._empty = [
            (name, needed.items())
            for name, needed in (empty or {}).items()
            if name in self.root.children
        ]
        self._hidden = [prop.name for prop in self.props if prop.path(version) is None]

    @cached_property
    def schema_class(self) -> type[Schema]:
        """The marshmallow schema of the wire's object."""
        return self._factory.schema(self.root, self.name)

    @cached_property
    def schema(self) -> Schema:
        """An instance to load with; it has no state of its own."""
        return self.schema_class()

    def load(self, body: Any) -> Loaded:
        """Decode a client's object; raises `BadRequest` when a value has another JSON type."""
        if body is None:
            body = {}
        if not isinstance(body, dict):
            raise BadRequest("the body must be a JSON object")
        loaded = self.read(body)
        if loaded.problems and loaded.problems[0][1].code == TYPE_ERROR:
            known = (one for one in loaded.problems if one[1].code != Code.UNKNOWN)
            raise BadRequest(sentence(known))
        return loaded

    def read(self, body: dict[str, Any]) -> Loaded:
        """Decode as `load` does, with values of another type among the problems."""
        unknown: list[str] = []
        echo = tidy(body, self.root, unknown)
        problems: list[Violation] = []
        try:
            data = self.schema.load(echo)
        except ValidationError as error:
            problems = ordered(violations(error.messages_dict))
            data = None if problems[0][1].code == TYPE_ERROR else error.valid_data
        ignored, refused = self._sort(unknown)
        problems += [(path, Rule(Code.UNKNOWN, "in body is not known here")) for path in refused]
        values = flatten(data, self.root) if isinstance(data, dict) else {}
        if not problems:
            problems = [self._violation(problem) for problem in self.rules(values)]
        return Loaded(values, echo, tuple(problems), tuple(ignored))

    def project(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Flat values as the object that a client gets."""
        shown = self._projector(values)
        for name, needed in self._empty:
            if name not in shown and needed <= shown.items():
                shown[name] = {}
        return shown

    def keep(self, before: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """`values` with what the object was and a client cannot say.

        That is the properties that this version lacks, and bytes that are not UTF-8.
        """
        values = {path: carried(before.get(path), value) for path, value in values.items()}
        for path in self._hidden:
            if path in before:
                values[path] = before[path]
        return values

    def _sort(self, unknown: list[str]) -> tuple[list[str], list[str]]:
        ignored: list[str] = []
        refused: list[str] = []
        for path in unknown:
            if path.rpartition(".")[2].lower().startswith("x_"):
                continue
            (ignored if self.lenient or self._elsewhere(path) else refused).append(path)
        return ignored, refused

    def _elsewhere(self, path: str) -> bool:
        """Whether another version of the interface knows the path, or something in or around it."""
        whole = f"{path}.".replace("[]", "")
        return any(one.startswith(whole) or whole.startswith(one) for one in self.foreign)

    def _violation(self, problem: Problem) -> Violation:
        return "", Rule(problem.code, problem.message)


def _other_paths(props: Iterable[Prop]) -> frozenset[str]:
    """The paths that properties have in any version, where versions differ."""
    named = (prop for prop in props if prop.names)
    return frozenset(path for prop in named for path in (prop.name, *prop.names.values()) if path)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise the error that names every broken rule, if any; its code is the first one's."""
    found = list(problems)
    if found:
        message = ", and ".join(dict.fromkeys(one.message for one in found))
        raise Invalid(message, code=found[0].code)


def sentence(found: Iterable[Violation]) -> str:
    """All violations as one sentence, each once."""
    texts = [f"{path} {rule}" if path else str(rule) for path, rule in found]
    return ", and ".join(dict.fromkeys(texts))
