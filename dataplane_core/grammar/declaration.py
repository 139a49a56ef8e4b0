"""Build declarations as trees: compute what follows from the parts, and exchange parts."""

import copy
import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar, cast

from dataplane_core.grammar.props import Prop

Part = TypeVar("Part")
Node = TypeVar("Node", bound="Declaration")


class Declaration:
    """A node of such a tree: a term, a keyword of a table, a statement, a model.

    No node changes once it is made. What follows from a node's parts is computed when somebody
    first asks for it, in cached properties; a copy forgets these. So a tree in which a part is
    exchanged (`Exchange`) has the properties of the new part, at every place above it.
    """

    _computed: ClassVar[frozenset[str]] = frozenset({"props", "names"})

    def __init_subclass__(cls) -> None:
        """Note which attributes are computed: the cached properties."""
        own = (name for name, one in vars(cls).items() if isinstance(one, cached_property))
        cls._computed = cls._computed.union(own)

    @cached_property
    def props(self) -> tuple[Prop, ...]:
        """All properties that the node can read and write, each once."""
        return tuple(self.declared())

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of `props`."""
        return frozenset(prop.name for prop in self.props)

    def declared(self) -> Iterable[Prop]:
        """Return the properties, computed from the node's parts; `props` keeps them."""
        return ()

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has: the node's attributes without what follows from them."""
        return {name: value for name, value in vars(self).items() if name not in self._computed}


class Exchange:
    """Puts new parts in the place of old ones, in as many trees of declarations as wanted.

    Only what lies above an old part is copied, and that once: trees that share a part share its
    copy, and all else stays as it is.
    """

    def __init__(self, parts: Iterable[tuple[object, object]]) -> None:
        self._known = {id(old): (old, new) for old, new in parts}

    def __call__(self, tree: Part) -> Part:
        """Return the tree with the new parts; the tree itself if it has none of the old."""
        if not isinstance(tree, _TREES):
            return tree
        known = self._known.get(id(tree))
        if known is None:
            # The old tree is kept, so that no other object gets its identity.
            known = self._known[id(tree)] = (tree, self._exchanged(tree))
        return cast(Part, known[1])

    def _exchanged(self, tree: object) -> object:
        if isinstance(tree, Declaration):
            return self._copy(tree)
        if isinstance(tree, dict):
            pairs = [(self(key), self(value)) for key, value in tree.items()]
            before = [*tree.keys(), *tree.values()]
            after = [*(key for key, _ in pairs), *(value for _, value in pairs)]
            return tree if all(map(operator.is_, before, after)) else dict(pairs)
        if type(tree) is list or type(tree) is tuple:
            items = [self(item) for item in tree]
            return tree if all(map(operator.is_, tree, items)) else type(tree)(items)
        return tree

    def _copy(self, node: Declaration) -> Declaration:
        attributes = node.__getstate__()
        new = {name: self(value) for name, value in attributes.items()}
        if all(new[name] is attributes[name] for name in attributes):
            return node
        changed = copy.copy(node)
        vars(changed).update(new)
        return changed


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


_TREES = (Declaration, dict, list, tuple)
"""What has parts."""


def every_part(tops: Iterable[object], kind: type[Part]) -> list[Part]:
    """Return all parts of a kind in some trees, each once."""
    found: list[Part] = []
    seen: set[int] = set()
    level = list(tops)
    while level:
        one = level.pop()
        if id(one) not in seen:
            seen.add(id(one))
            found += [one] if isinstance(one, kind) else []
            level += _parts(one)
    return found


def nearest_parts(top: object, kind: type[Part], stop: tuple[type, ...]) -> list[Part]:
    """Return the parts of a kind that are nearest to the top of a tree, in their order.

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
    """Return the nodes, and the containers of nodes, that an object is made of."""
    parts: Iterable[object] = ()
    if isinstance(one, Declaration):
        parts = one.__getstate__().values()
    elif isinstance(one, dict):
        parts = one.values()
    elif isinstance(one, list | tuple):
        parts = one
    return (part for part in parts if isinstance(part, _TREES))


def duplicates(words: Iterable[str]) -> list[str]:
    """Return the words that stand in a list more than once."""
    return [word for word, times in Counter(words).items() if times > 1]
