"""Leave out of one side of a merge the lines that the other side adds too: they are there once.

Two sides that add one line do so in one place as a rule. By hand it may be put elsewhere, and to
another section `global`, which all are one object. To have it twice is what nobody wanted.
"""

from collections import Counter

from dataplane_core.resources.objects import SectionKind
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Line, Section, plain_word
from dataplane_core.text.document import SectionKey
from dataplane_core.text.language import DEFAULT_SERVER, ENVIRONMENT


class AlikeLines:
    """The lines that a newest version adds to a base, as another change of that base sees them.

    `mine` is the text with that other change.
    """

    def __init__(
        self, registry: Registry, base: Document, mine: Document, newest: Document
    ) -> None:
        self._registry = registry
        self._base, self._newest = base, newest
        self._uses_variables = "$" in mine.text()

    def left_out(self, key: SectionKey, section: Section) -> Section:
        """Return a changed section without the lines that the newest version adds as well.

        Rules and other rows without names stay: two that are equal may both be meant, but for
        those of sections that are one object. So do lines that hold for what stands below them:
        what the change has there would lose them.
        """
        kind = SectionKind(self._registry, section.kind)
        alike = _added(self._base.by_key(key), section) & self._added_since(key, kind)
        if not alike:
            return section
        kept = set() if kind.is_joined else _unnamed(kind, section)
        lines = []
        for at, line in reversed([*enumerate(section.lines)]):
            said = line.raw.strip()
            if alike[said] and at not in kept and not self._holds_below(line):
                alike[said] -= 1
            else:
                lines.append(line)
        return section.with_lines(lines[::-1])

    def _holds_below(self, line: Line) -> bool:
        """Return whether a line changes what the lines below it mean."""
        word = plain_word(line.tokens[0])
        return word == DEFAULT_SERVER or (word in ENVIRONMENT and self._uses_variables)

    def _added_since(self, key: SectionKey, kind: SectionKind) -> Counter[str]:
        if kind.is_joined:
            return _added(self._base.joined(kind.kind), self._newest.joined(kind.kind))
        return _added(self._base.by_key(key), self._newest.by_key(key))


def _added(old: Section | None, new: Section | None) -> Counter[str]:
    """Return the lines that say something and that a section has more often than another."""
    return _counted(new) - _counted(old)


def _counted(section: Section | None) -> Counter[str]:
    lines = () if section is None else section.lines
    return Counter(line.raw.strip() for line in lines if line.tokens)


def _unnamed(kind: SectionKind, section: Section) -> set[int]:
    """Return the places of the lines that are rows without names."""
    lists = (one for one in kind.rows.values() if one.key is None)
    return {row.at for one in lists for row in one.table.rows(section)}
