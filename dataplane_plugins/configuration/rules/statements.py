"""Rules, and the second spellings that the interface has for some of their properties."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from dataplane_core.plugin import (
    Problem,
    Prop,
    SingleStatement,
    Term,
    Values,
    misplaced,
    parse_integer,
)


@dataclass(frozen=True, slots=True)
class ActionAlias:
    """Another way to say an action: under other property names, or another name of its own.

    `action` is the value that selects it, `becomes` the value that is read back (the same unless
    given), `sets` what the other name implies, `renames` the property names that differ. `numbers`
    says which property holds what an expression says when it is nothing but a number.
    """

    action: str
    renames: Mapping[str, str] = field(default_factory=dict)
    becomes: str = ""
    sets: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)


def number_aliases(expression: str, number: str, *actions: str) -> tuple[ActionAlias, ...]:
    """Actions that take a number or an expression, each a property of its own."""
    return tuple(ActionAlias(action, numbers={expression: number}) for action in actions)


def track_aliases(key: str, table: str, counter: str, own_names: bool) -> tuple[ActionAlias, ...]:
    """`track-sc0` to `track-sc2` as actions of their own: names of `track-sc` with its counter.

    With `own_names` each has properties of its own, such as `track-sc0-key`.
    """
    return tuple(
        ActionAlias(
            f"track-sc{number}",
            {f"track-sc{number}-key": key, f"track-sc{number}-table": table} if own_names else {},
            "track-sc",
            {counter: number},
        )
        for number in (0, 1, 2)
    )


class RuleStatement(SingleStatement):
    """A line of a rule set.

    What the interface knows under two names is read under one, the one that its servers show, and
    taken under both: some documented properties of rules were never the ones in use.
    """

    def __init__(
        self,
        head: str,
        term: Term,
        spellings: Sequence[ActionAlias],
        aliases: Sequence[Prop] = (),
        selector: str = "type",
        **more: Any,
    ) -> None:
        super().__init__(head, term, **more)
        self.selector = selector
        self.aliases = tuple(aliases)
        self.spellings: dict[str, list[ActionAlias]] = {}
        for spelling in spellings:
            self.spellings.setdefault(spelling.action, []).append(spelling)

    def declared(self) -> Iterable[Prop]:
        return (*map(self._all_actions, super().declared()), *self.aliases)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The JSON types of the properties."""
        return {prop.name: prop.json for prop in self.props}

    def _all_actions(self, prop: Prop) -> Prop:
        if prop.name != self.selector:
            return prop
        return replace(prop, enum=tuple(dict.fromkeys((*prop.enum, *self.spellings))))

    def own(self, values: Values) -> dict[str, Any]:
        own = super().own(values)
        for spelling in self.spellings.get(own.get(self.selector, ""), ()):
            for name, new in spelling.renames.items():
                if name in own and str(own.get(new, own[name])) == str(own[name]):
                    value = own.pop(name)
                    own[new] = str(value) if self.kinds[new] == "string" else value
            for name, new in spelling.numbers.items():
                number = parse_integer(own.get(name, ""))
                if new not in own and number is not None:
                    del own[name]
                    own[new] = number
            own = {**spelling.sets, **own}
            own[self.selector] = spelling.becomes or spelling.action
        return own

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from super().problems(values)
        left = self.own(values)
        for prop in self.aliases:
            if prop.name in left:
                action = f"{self.selector} {values.get(self.selector)}"
                yield misplaced(prop.name, f"{prop.name} does not belong to {action}")
