"""Find the objects that a path of the interface names: `/v3/…/backends/be1/servers/s1`."""

import re
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

from dataplane_core.plugin import (
    BadRequest,
    Reference,
    RowCollection,
    SectionCollection,
    SingleSection,
    View,
    parse_integer,
)

_SECTION, _KEY = "SECTION_0", "KEY_0"


class _Form(NamedTuple):
    """How the paths of one kind of object look, and what all these objects have in common."""

    pattern: re.Pattern[str]
    collection: str
    kind: str
    indexed: bool


class ResourcePaths:
    """The paths under which a view shows objects, read backwards."""

    def __init__(self, view: View) -> None:
        self._view = view

    def references(self, path: str) -> list[Reference]:
        """Return the objects that a path may name; raises `BadRequest` for one that names none.

        The part in front of the collection may be left out: `backends/be1/servers/s1`. A path below
        a frontend or a backend may be that of a `listen` section, too.
        """
        wanted = path.rstrip("/")
        if not wanted.startswith("/"):
            wanted = f"{self._top}/{wanted}"
        found = [
            _reference(form, match)
            for form in self._forms
            if (match := form.pattern.fullmatch(wanted))
        ]
        if not found:
            example = f"{self._top}/backends/be1/servers/s1"
            raise BadRequest(f"{path[:200]!r} is no path of a resource, such as {example}")
        return found

    @property
    def _top(self) -> str:
        version = self._view.version
        return f"{version.prefix}{getattr(version, 'configuration', '')}"

    @cached_property
    def _forms(self) -> list[_Form]:
        forms: list[_Form] = []
        for one in self._view.collections:
            if isinstance(one, RowCollection):
                for kind in one.parents:
                    path = self._view.location(Reference(one.name, kind, _SECTION, _KEY))
                    if _KEY in path:
                        forms.append(_Form(_pattern(path), one.name, kind, one.indexed))
            elif isinstance(one, SectionCollection):
                path = self._view.location(Reference(one.name, one.kind, _SECTION))
                forms.append(_Form(_pattern(path), one.name, one.kind, False))
            elif isinstance(one, SingleSection):
                path = self._view.location(Reference(one.name, one.kind, ""))
                forms.append(_Form(_pattern(path), one.name, one.kind, False))
        return forms


def _pattern(path: str) -> re.Pattern[str]:
    escaped = re.escape(path).replace(_SECTION, "(?P<section>[^/?&]+)")
    return re.compile(escaped.replace(_KEY, "(?P<key>[^/?&]+)"))


def _reference(form: _Form, match: re.Match[str]) -> Reference:
    words = {
        name: unquote(text, errors="surrogateescape") for name, text in match.groupdict().items()
    }
    key: str | int | None = words.get("key")
    if form.indexed and key is not None:
        number = parse_integer(str(key))
        key = -1 if number is None else number
    return Reference(form.collection, form.kind, words.get("section", ""), key)
