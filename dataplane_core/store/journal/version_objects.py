"""Keep which objects of the configuration each version made, changed, moved or removed.

The objects of a version are one text, an object a line, so that SQLite finds those of one object or
of one section, without reading any other table: ten thousand versions take it some milliseconds.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from dataplane_core.errors import Reference
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.version_records import MOST_VERSIONS, storable_text
from dataplane_core.text import Document

MOST_OBJECTS = 1000
"""Of a version with more objects only the sections are kept, that many at most."""
_TURNS = 64
"""Versions after which those of too old versions are looked for."""
_BETWEEN = "\x1f"
_TABLES = ("CREATE TABLE version_objects (version INTEGER PRIMARY KEY, objects TEXT NOT NULL)",)


class TouchedObject(NamedTuple):
    """An object and what a version did to it: created, changed, moved or deleted it."""

    reference: Reference
    change: str


Describe = Callable[[Document, Document], Sequence[TouchedObject]]
"""Tells in which objects two documents differ."""


class VersionObjects:
    """The table of the objects that versions touched."""

    def __init__(self, state: State) -> None:
        self._state = state
        state.migrate("version objects", _TABLES)

    def add(
        self, connection: sqlite3.Connection, version: int, touched: Sequence[TouchedObject]
    ) -> None:
        """Keep the objects of a version, within a larger write; of many, their sections."""
        if len(touched) > MOST_OBJECTS:
            touched = _sections(touched)[:MOST_OBJECTS]
        text = "".join(f"\n{_line(one)}" for one in touched) + "\n"
        sql = "INSERT OR REPLACE INTO version_objects VALUES (?, ?)"
        connection.execute(sql, (version, text))
        if version % _TURNS == 0:
            oldest = "DELETE FROM version_objects WHERE version < ?"
            connection.execute(oldest, (version - MOST_VERSIONS,))

    def of(self, versions: Iterable[int]) -> Mapping[int, list[TouchedObject]]:
        """Return the objects of versions; one is left out whose objects are not known."""
        asked = tuple(versions)
        marks = ", ".join("?" * len(asked))
        rows = self._state.read(
            f"SELECT version, objects FROM version_objects WHERE version IN ({marks})", asked
        )
        return {row["version"]: [*_objects(row["objects"])] for row in rows}

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget all objects."""
        connection.execute("DELETE FROM version_objects")


def condition(reference: Reference) -> tuple[str, str]:
    """Return SQL that is true for the objects of a version that touched an object, and its value.

    Of a section without a key, all that is in the section counts.
    """
    words = [reference.kind, reference.section]
    if reference.key is not None:
        words += [reference.collection, str(reference.key)]
    value = storable_text(f"\n{_BETWEEN.join(words)}{_BETWEEN}")
    return "instr(objects, ?)", value


def _line(one: TouchedObject) -> str:
    """Return an object as one line: its section first, so that a section is how lines begin."""
    reference = one.reference
    key = "" if reference.key is None else reference.key
    kind = "#" if isinstance(reference.key, int) else "" if reference.key is None else "="
    words = (reference.kind, reference.section, reference.collection, key, kind, one.change)
    return storable_text(_BETWEEN.join(map(str, words)))


def _objects(text: str) -> Iterable[TouchedObject]:
    for line in text.split("\n")[1:-1]:
        kind, section, collection, key, form, change = line.split(_BETWEEN)
        found = int(key) if form == "#" else key if form == "=" else None
        yield TouchedObject(Reference(collection, kind, section, found), change)


def _sections(touched: Iterable[TouchedObject]) -> list[TouchedObject]:
    """Return the sections that objects stand in, each once."""
    found: dict[tuple[str, str], TouchedObject] = {}
    for one in touched:
        place = one.reference.kind, one.reference.section
        if one.reference.key is None:
            found[place] = one
        else:
            found.setdefault(place, TouchedObject(Reference("", *place), "changed"))
    return [*found.values()]
