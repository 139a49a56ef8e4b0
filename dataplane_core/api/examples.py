"""Examples of objects for the specification: what the declarations' own example lines say.

Without one, a reader of the specification and the documentation page see values made up from
patterns, which nobody would send.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.codec.codec import Codec
from dataplane_core.grammar import Model, Statement
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.text import Line, Section

NAME = "example"
_STATEMENTS = 2


def example(collection: Collection, codec: Codec) -> dict[str, Any] | None:
    """Return an object as a client would send it; None where no declaration has an example.

    It is the first that the version of the codec takes: some versions require names, or lack words.
    """
    found = [shown for values in _values(collection) if (shown := codec.project(values))]
    taken = (shown for shown in found if not codec.read(shown).problems)
    return next(taken, next(iter(found), None))


def _values(collection: Collection) -> Iterator[Mapping[str, Any]]:
    """Yield what the declaration's examples say, as flat values."""
    if isinstance(collection, RowCollection):
        start = {"index": 0} if collection.indexed else {}
        for text in collection.table.statement.examples:
            for row in collection.table.rows(_lines([text]))[:1]:
                yield {**start, **row.values}
    elif isinstance(collection, SectionCollection):
        yield {collection.key: NAME, **_section(collection.kind, collection.model)}
    elif isinstance(collection, SingleSection):
        yield _section(collection.kind, collection.model)


def _section(kind: str, model: Model) -> dict[str, Any]:
    """Return what a model's necessary statements say in their examples, and its first plain ones.

    A model that has neither shows its first statement.
    """
    known = [one for one in model.statements if one.examples]
    needed = [one for one in known if _is_needed(one)]
    harmless = [one for one in known if not one.is_dangerous and one not in needed]
    plain = [one for one in harmless if _is_plain(one)][:_STATEMENTS]
    chosen = [*needed, *plain] or known[:1]
    return model.read(_lines([one.examples[0] for one in chosen], kind))


def _is_needed(statement: Statement) -> bool:
    """Return whether the object lacks something without it; a nested object may be left out."""
    return any(prop.required and "." not in prop.name for prop in statement.props)


def _is_plain(statement: Statement) -> bool:
    """Return whether a statement is a number or one of some words, and so explains itself."""
    if len(statement.props) != 1:
        return False
    prop = statement.props[0]
    return prop.json == "integer" or (prop.json == "string" and bool(prop.enum))


def _lines(texts: Sequence[str], kind: str = "section") -> Section:
    return Section(Line(f"{kind} {NAME}\n"), (), tuple(Line(f"  {text}\n") for text in texts))
