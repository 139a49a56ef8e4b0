"""Lines of rule sets, and the second names that the interface has for parts of them.

Some documented properties and actions of rules were never the ones that the Data Plane API shows.
A rule takes both names in a body and shows one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from dataplane_core.plugin import (
    Problem,
    Prop,
    SingleStatement,
    Term,
    Values,
    dataclass,
    misplaced,
    parse_integer,
)


@dataclass(frozen=True, slots=True)
class ActionAlias:
    """Another way in which a body can say an action.

    `action`   the action as the body names it.
    `renames`  names of properties in the body, each with the name that is shown.
    `becomes`  the action that is shown; `action` itself if empty.
    `sets`     properties, with their values, that the name of the action implies.
    `numbers`  properties of expressions, each with the property of its value if the expression is
               nothing but a number.
    """

    action: str
    renames: Mapping[str, str] = field(default_factory=dict)
    becomes: str = ""
    sets: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)


def number_aliases(expression: str, number: str, *actions: str) -> tuple[ActionAlias, ...]:
    """Return aliases by which each of `actions` takes a number in the property `expression`.

    HAProxy reads `sc-add-gpc(0,1) 5` as a number, so the 5 is shown in the property `number`.
    """
    return tuple(ActionAlias(action, numbers={expression: number}) for action in actions)


def property_alias(name: str, help: str, **more: Any) -> Prop:
    """Return a deprecated string property that a body may have in place of the one shown."""
    return Prop(name, "string", help=help, deprecated=True, **more)


class RuleStatement(SingleStatement):
    """A line of a rule set, with aliases of its actions and properties.

    `selector` is the property that holds the action. An alias of a property is declared beside the
    properties of `term`; it does not belong to an action of which no alias renames it.
    """

    def __init__(
        self,
        head: str,
        term: Term,
        action_aliases: Sequence[ActionAlias],
        property_aliases: Sequence[Prop] = (),
        selector: str = "type",
        **more: Any,
    ) -> None:
        super().__init__(head, term, **more)
        self.selector = selector
        self.property_aliases = tuple(property_aliases)
        self.action_aliases: dict[str, list[ActionAlias]] = {}
        for alias in action_aliases:
            self.action_aliases.setdefault(alias.action, []).append(alias)

    def declared(self) -> Iterable[Prop]:
        return (*map(self._with_aliases, super().declared()), *self.property_aliases)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Return the JSON type of each property, by its name."""
        return {prop.name: prop.json for prop in self.props}

    def _with_aliases(self, prop: Prop) -> Prop:
        """Return the selector with the aliases among its choices; any other property as it is."""
        if prop.name != self.selector:
            return prop
        return replace(prop, enum=tuple(dict.fromkeys((*prop.enum, *self.action_aliases))))

    def own(self, values: Values) -> dict[str, Any]:
        own = super().own(values)
        for alias in self.action_aliases.get(own.get(self.selector, ""), ()):
            own = self._resolve(alias, own)
        return own

    def _resolve(self, alias: ActionAlias, own: dict[str, Any]) -> dict[str, Any]:
        """Return the values of a rule under the names that are shown.

        Where a body has a value under both names and the two differ, the alias is left in place,
        and `problems` reports it.
        """
        for name, new in alias.renames.items():
            if name in own and str(own.get(new, own[name])) == str(own[name]):
                value = own.pop(name)
                own[new] = str(value) if self.kinds[new] == "string" else value
        for name, new in alias.numbers.items():
            number = parse_integer(own.get(name, ""))
            if new not in own and number is not None:
                del own[name]
                own[new] = number
        return {**alias.sets, **own, self.selector: alias.becomes or alias.action}

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from super().problems(values)
        left = self.own(values)
        for prop in self.property_aliases:
            if prop.name in left:
                action = f"{self.selector} {values.get(self.selector)}"
                yield misplaced(prop.name, f"{prop.name} does not belong to {action}")
