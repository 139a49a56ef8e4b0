"""Say which sections of a file a desired state is about: all, or those of some kinds and names."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import BadRequest
from dataplane_core.resources.collections import SectionCollection, SingleSection
from dataplane_core.resources.registry import Registry


@dataclass(frozen=True, slots=True)
class Selector:
    """Sections of one kind, whose name fits a pattern as shells have them (`app-*`)."""

    kind: str
    name: str = "*"

    def fits(self, kind: str, name: str) -> bool:
        """Return whether it selects a section."""
        return kind == self.kind and fnmatchcase(name, self.name)


@dataclass(frozen=True, slots=True)
class Scope:
    """The sections that `only` selects, all where that is empty, but for those of `but`."""

    only: tuple[Selector, ...] = ()
    but: tuple[Selector, ...] = ()

    def holds(self, kind: str, name: str) -> bool:
        """Return whether a section is among them."""
        among = not self.only or any(one.fits(kind, name) for one in self.only)
        return among and not any(one.fits(kind, name) for one in self.but)

    @property
    def is_whole(self) -> bool:
        """Whether every section is among them."""
        return not self.only and not self.but


WHOLE = Scope()


def read_scope(registry: Registry, only: str | None, but: str | None) -> Scope:
    """Return the scope of two lists of selectors, as a client writes them.

    Each selector is a kind of section, or the name of its collection, with a name or a pattern of
    names behind a slash: `frontend`, `backends/app-*`. Commas stand between them. Raises
    `BadRequest` for a kind that does not exist.
    """
    if not only and not but:
        return WHOLE
    kinds = _kinds(registry)
    return Scope(*(tuple(_selectors(kinds, given or "")) for given in (only, but)))


def _kinds(registry: Registry) -> dict[str, str]:
    """Return the kinds of sections by the words that select them."""
    kinds = {kind: kind for kind in registry.section_order}
    for one in registry.collections.values():
        if isinstance(one, SectionCollection | SingleSection):
            kinds.setdefault(one.name, one.kind)
            for name in one.names.values():
                kinds.setdefault(name, one.kind)
    return kinds


def _selectors(kinds: Mapping[str, str], given: str) -> Iterable[Selector]:
    for text in filter(None, map(str.strip, given.split(","))):
        word, slash, name = text.partition("/")
        kind = kinds.get(word)
        if kind is None:
            near = get_close_matches(word[:80], kinds, 1)
            question = f": did you mean {near[0]}?" if near else ""
            raise BadRequest(f"there is no kind of section {word[:80]!r}{question}")
        yield Selector(kind, name if slash else "*")
