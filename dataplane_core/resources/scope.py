"""Say which sections and rows of a file a desired state is about, by their kinds and names."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import BadRequest
from dataplane_core.resources.collections import SectionCollection, SingleSection
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.row_scope import RowScope


@dataclass(frozen=True, slots=True)
class Selector:
    """Sections of one kind, whose name fits a pattern as shells have them (`app-*`).

    With `rows` it selects the rows of that collection in them. An empty kind fits any.
    """

    kind: str
    name: str = "*"
    rows: str = ""

    def fits(self, kind: str, name: str) -> bool:
        """Return whether it selects a section, or rows in it."""
        return self.kind in ("", kind) and fnmatchcase(name, self.name)


@dataclass(frozen=True, slots=True)
class Scope:
    """The sections and rows that `only` selects, all where that is empty, but for those of `but`.

    Of a section of which only rows are selected, all other lines stay as they are.
    """

    only: tuple[Selector, ...] = ()
    but: tuple[Selector, ...] = ()

    def holds(self, kind: str, name: str) -> bool:
        """Return whether a section is among them, or rows in it."""
        among = not self.only or any(one.fits(kind, name) for one in self.only)
        return among and not any(one.fits(kind, name) for one in self.but if not one.rows)

    def holds_whole(self, kind: str, name: str) -> bool:
        """Return whether a section is among them that may come and go."""
        only = [one for one in self.only if not one.rows]
        among = not self.only or any(one.fits(kind, name) for one in only)
        return among and self.holds(kind, name)

    def rows(self, kind: str, name: str) -> RowScope | None:
        """Return which lines of a section are among them; None for all."""
        if self.is_whole:
            return None
        but = frozenset(one.rows for one in self.but if one.rows and one.fits(kind, name))
        if self.holds_whole(kind, name):
            return RowScope(None, but) if but else None
        only = frozenset(one.rows for one in self.only if one.rows and one.fits(kind, name))
        return RowScope(only, but)

    @property
    def is_whole(self) -> bool:
        """Whether every section is among them."""
        return not self.only and not self.but


WHOLE = Scope()


def read_scope(registry: Registry, only: str | None, but: str | None) -> Scope:
    """Return the scope of two lists of selectors, as a client writes them.

    Each selector is a kind of section, or the name of its collection, with a name or a pattern of
    names behind a slash or a blank: `frontend`, `backends/app-*`; or rows by the name of their
    collection, in all sections or in such: `servers`, `backend app-*/servers`. Commas stand between
    them. Raises `BadRequest` for a kind that does not exist.
    """
    if not only and not but:
        return WHOLE
    words = _kinds(registry), _rows(registry)
    return Scope(*(tuple(_selectors(*words, given or "")) for given in (only, but)))


def _kinds(registry: Registry) -> dict[str, str]:
    """Return the kinds of sections by the words that select them."""
    kinds = {kind: kind for kind in registry.section_order}
    for one in registry.collections.values():
        if isinstance(one, SectionCollection | SingleSection):
            kinds.setdefault(one.name, one.kind)
            for name in one.names.values():
                kinds.setdefault(name, one.kind)
    return kinds


def _rows(registry: Registry) -> dict[str, str]:
    """Return the collections of rows by the words that select them."""
    words = {one.name: one.name for one in registry.all_rows()}
    for one in registry.all_rows():
        for name in one.names.values():
            words.setdefault(name, one.name)
    return words


def _selectors(
    kinds: Mapping[str, str], rows: Mapping[str, str], given: str
) -> Iterable[Selector]:
    for text in filter(None, map(str.strip, given.split(","))):
        if text in rows and text not in kinds:
            yield Selector("", "*", rows[text])
            continue
        word, *rest = re.split(r"/|\s+", text, maxsplit=1)
        kind = kinds.get(word)
        if kind is None:
            raise _unknown("section or of rows", word, {**kinds, **rows})
        name, slash, collection = rest[0].partition("/") if rest else ("*", "", "")
        if slash and collection not in rows:
            raise _unknown("rows", collection, rows)
        yield Selector(kind, name, rows[collection] if slash else "")


def _unknown(what: str, word: str, known: Mapping[str, str]) -> BadRequest:
    near = get_close_matches(word[:80], known, 1)
    question = f": did you mean {near[0]}?" if near else ""
    return BadRequest(f"there is no kind of {what} {word[:80]!r}{question}")
