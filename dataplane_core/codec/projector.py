"""Make the JSON objects of the interface from flat values, with members in its order."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from dataplane_core.codec.phrases import Parts, phrase
from dataplane_core.codec.shape import JsonNode

_MOST_PLANS = 256
_NOTHING: dict[str, Any] = {}


class _Step(NamedTuple):
    """A value of a plan: its flat path, the names of the objects around it, its name, its items.

    With a `key`, the items stand in an object by that property of each. `shown` makes of a value
    what the version has, where that is of another type, and None of one that it does not show
    there. `parts` are the values that stand in its text. `made` makes it of all values instead; an
    empty list or None of it is not shown.
    """

    path: str
    parents: tuple[str, ...]
    name: str
    items: "Projector | None" = None
    shown: Callable[[Any], Any] | None = None
    made: Callable[[Mapping[str, Any]], Any] | None = None
    key: str | None = None
    parts: Parts = _NOTHING


class Projector:
    """Makes JSON objects of flat values; how to is planned once for each set of properties.

    `empty` are the nested objects that are shown although nothing is in them, where other
    properties have the values given.
    """

    __slots__ = ("_aliases", "_empty", "_order", "_plans", "_spelled", "_steps")

    def __init__(
        self, root: JsonNode, empty: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self._steps: dict[str, _Step] = {}
        self._aliases: dict[str, list[_Step]] = {}
        self._spelled: list[tuple[frozenset[str], _Step]] = []
        self._order: dict[tuple[str, ...], int] = {}
        self._plans: dict[tuple[str, ...], list[_Step]] = {}
        self._add(root, ())
        self._empty = {
            name: needed for name, needed in (empty or {}).items() if name in root.children
        }

    def _add(self, node: JsonNode, parents: tuple[str, ...]) -> None:
        for child in sorted(node.children.values(), key=lambda one: one.order):
            self._order[*parents, child.name] = len(self._order)
            if child.children:
                self._add(child, (*parents, child.name))
            if not child.children or child.prop is not None:
                objects = child.item is not None and bool(child.item.children)
                items = Projector(child.item) if objects and child.item is not None else None
                shown = None if child.conversion is None else child.conversion.shown
                step = _Step(
                    child.canonical, parents, child.name, items, shown,
                    key=child.key, parts=child.parts,
                )  # fmt: skip
                if child.prop is not None and child.prop.spells is not None:
                    step = step._replace(made=child.prop.spells.words)
                    self._spelled.append((child.prop.spells.names, step))
                    continue
                self._steps[child.canonical] = step
                self._steps.update((path, step._replace(path=path)) for path in child.others)
                for path, words in child.echoes.items():
                    alias = step._replace(path=path, shown=words.get)
                    self._aliases.setdefault(path, []).append(alias)

    def wire_name(self, path: str) -> str:
        """Return the name in the interface of the value at a flat path, as dots separate it."""
        for known, step in self._steps.items():
            names = (*step.parents, step.name)
            if path == known or path in step.parts.values():
                return ".".join(names)
            if step.items is not None and path.startswith(f"{known}."):
                place, _, inner = path[len(known) + 1 :].partition(".")
                return ".".join((*names, place, step.items.wire_name(inner)))
        spelled = (step for said, step in self._spelled if path in said or path == step.path)
        around = next(spelled, None)
        return path if around is None else ".".join((*around.parents, around.name))

    def __call__(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object of the interface; properties that the version lacks are left out."""
        names = tuple(values)
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plan(names)
        result: dict[str, Any] = {}
        for path, parents, name, items, shown, made, key, parts in plan:
            if made is not None:
                value = made(values)
                if value is None or value == []:
                    continue
            else:
                value = phrase(path, parts, values) if parts else values[path]
            if shown is not None:
                value = shown(value)
                if value is None:
                    continue
            if items is not None:
                each = [items(item) for item in value]
                value = each if key is None else dict(zip(_keys(key, value), each, strict=True))
            if parents:
                place = result
                for parent in parents:
                    place = place.setdefault(parent, {})
                place[name] = value
            else:
                result[name] = value
        return result

    def _plan(self, names: tuple[str, ...]) -> list[_Step]:
        steps = [alias for name in names for alias in self._aliases.get(name, ())]
        steps += [self._steps[name] for name in names if name in self._steps]
        steps += [step for said, step in self._spelled if not said.isdisjoint(names)]
        shown = {(*step.parents, step.name)[0] for step in steps}
        for name, needed in self._empty.items():
            if name not in shown:
                steps.append(_Step("", (), name, made=_empty_with(needed)))
        steps.sort(key=lambda step: self._order[*step.parents, step.name])
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        self._plans[names] = steps
        return steps


def _empty_with(needed: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Return what makes an empty object where values have those needed."""
    wanted = needed.items()
    return lambda values: {} if wanted <= values.items() else None


def _keys(key: str, items: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what items stand under in an object: their names, which a file may have twice."""
    found: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for item in items:
        own = name = str(item.get(key, ""))
        while name in found:
            numbers[own] = numbers.get(own, 1) + 1
            name = f"{own}#{numbers[own]}"
        found[name] = None
    return list(found)
