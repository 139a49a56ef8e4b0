"""Find the new lines of a change that run commands, or open the system to who writes them.

What a line does is said where it is declared: by the statement (`is_dangerous`), or by the values
of a property (`dangerous`). Besides, in whatever line: a variable of the environment, and the path
of a file that is outside of the storage and of the configuration's folder.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from dataplane_core.grammar import Statement
from dataplane_core.grammar.model import HeadTable
from dataplane_core.grammar.props import Prop
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import Settings
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.tokens import has_variable, unquote

_CUT = lazy_pattern(r"[=,()@:|]")
_LONGEST = 4096  # characters of a path
_Lines = Counter[tuple[str, tuple[str, ...]]]


class Dangers:
    """Says which lines that a change adds are dangerous."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self._registry = registry
        self._heads: dict[str, HeadTable] = {}
        self._config_file = settings.haproxy.config_file
        resources = settings.dataplaneapi.resources
        self._stored = (
            resources.maps_dir,
            resources.ssl_certs_dir,
            resources.general_storage_dir,
            resources.spoe_dir,
        )

    def added(self, before: Document, after: Document) -> list[str]:
        """Return the dangerous lines that `after` has and `before` has not, each in words.

        A line that only moves, or whose section gets another name, is not new. No value is told:
        it may be a secret.
        """
        former: _Lines = Counter()
        known = set(map(id, after.sections)) & set(map(id, before.sections))
        for section in before.sections:
            if id(section) not in known:
                former.update((section.kind, line.tokens) for line in section.lines if line.tokens)
        found: dict[str, None] = {}
        for section in after.sections:
            if id(section) not in known:
                found.update(dict.fromkeys(self._new_in(section, former)))
        return [*found]

    def _new_in(self, section: Section, former: _Lines) -> Iterator[str]:
        where = f"{section.kind} {section.name}".strip()
        for line in section.lines:
            key = (section.kind, line.tokens)
            if not line.tokens:
                continue
            if former[key] > 0:
                former[key] -= 1
            elif why := self._why(section.kind, line):
                yield f"{why} in {where}"

    def _why(self, kind: str, line: Line) -> str:
        """Return what is dangerous in a line, in words; empty for one that is not."""
        match = self._table(kind).lookup(line)
        if match is not None:
            statement, form, reading = match
            head = " ".join(form.head)
            if statement.is_dangerous:
                return head
            values = None if reading is None else reading.values
            for prop in _judged(form.props):
                if values is None or _is_dangerous(prop, values.get(prop.name)):
                    return f"{head} ({prop.name})"
        first = unquote(line.tokens[0])
        if any(map(has_variable, line.tokens)):
            return f"{first} (a variable of the environment)"
        if any(self._leads_outside(unquote(token)) for token in line.tokens[1:]):
            return f"{first} (a file outside of the storage)"
        return ""

    def _table(self, kind: str) -> HeadTable:
        known = self._heads.get(kind)
        if known is None:
            statements: list[Statement] = self._registry.names.statements(kind)
            known = self._heads[kind] = HeadTable(statements)
        return known

    def _leads_outside(self, word: str) -> bool:
        """Tell whether a part of a word is the path of a file that a client may not read."""
        if "/" not in word:
            return False
        folders = [os.path.realpath(one) for one in self._folders()]
        for part in _CUT.split(word):
            if "/" not in part or len(part) > _LONGEST or "\0" in part:
                continue
            for base in ("/", *folders):
                path = os.path.realpath(os.path.join(base, part))
                if (
                    os.path.exists(path)
                    and not os.path.isdir(path)
                    and not any(path.startswith(os.path.join(folder, "")) for folder in folders)
                ):
                    return True
        return False

    def _folders(self) -> Iterator[str]:
        yield os.path.dirname(os.path.abspath(self._config_file))
        yield from filter(None, self._stored)


def _judged(props: Iterable[Prop]) -> Iterator[Prop]:
    return (prop for prop in props if prop.dangerous)


def _is_dangerous(prop: Prop, value: Any) -> bool:
    return value is not None and re.fullmatch(prop.dangerous, str(value)) is not None
