"""Trees of declarations: what a node computes from its parts, and copies with another part."""

import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

from dataplane_core.grammar.props import Prop

Part = TypeVar("Part")
Node = TypeVar("Node", bound="Declaration")


class Declaration:
    """Part of a declaration: a term, a keyword of a table, a statement, a model.

    No node changes once it is made. What follows from a node's parts is computed when somebody
    first asks for it, in cached properties; a copy forgets these, so that the copy of a tree that
    has another part has the properties of that part, at every place above it.
    """

    @cached_property
    def props(self) -> tuple[Prop, ...]:
        """All properties that the node can read and write."""
        return tuple(self.declared())

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of `props`."""
        return frozenset(prop.name for prop in self.props)

    def declared(self) -> Iterable[Prop]:
        """Compute `props` from the node's parts."""
        return ()

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has: the node's attributes without what follows from them."""
        kind = type(self)
        return {
            name: value
            for name, value in vars(self).items()
            if not isinstance(getattr(kind, name, None), cached_property)
        }

    def exchanged(self, old: object, new: object) -> Self:
        """Return a copy of the tree below this node that has `new` at each place of `old`."""
        return copy.deepcopy(self, {id(old): new})


class PropertyIndex(Generic[Node]):
    """Finds those of a declaration's parts that carry given properties, without asking each part.

    `rank` is the place of each part among them.
    """

    def __init__(self, parts: Iterable[Node]) -> None:
        self.rank = {part: number for number, part in enumerate(parts)}
        self._by_name: dict[str, list[Node]] = {}
        for part in self.rank:
            for name in part.names:
                self._by_name.setdefault(name, []).append(part)

    def concerned(self, names: Iterable[str], always: Iterable[Node] = ()) -> list[Node]:
        """Return the parts that carry a property of those names, and `always`, in their order."""
        found = set(always)
        for name in names:
            found.update(self._by_name.get(name, ()))
        return sorted(found, key=self.rank.__getitem__)


def nearest_parts(top: object, kind: type[Part], stop: tuple[type, ...]) -> list[Part]:
    """Return the parts of a kind that the fewest others lie above of, in their order.

    What lies in a part of a kind in `stop` does not count.
    """
    level = [top]
    while level:
        found = [one for one in level if isinstance(one, kind)]
        if found:
            return list({id(one): one for one in found}.values())
        level = [part for one in level for part in _parts(one) if not isinstance(part, stop)]
    return []


def _parts(one: object) -> Iterator[object]:
    """The nodes, and the containers of nodes, that an object is made of."""
    if isinstance(one, Declaration):
        yield from one.__getstate__().values()
    elif isinstance(one, dict):
        yield from one.values()
    elif isinstance(one, list | tuple):
        yield from one


def duplicates(words: Iterable[str]) -> list[str]:
    """Return the words that stand in a list more than once."""
    return [word for word, times in Counter(words).items() if times > 1]
