"""The words of HAProxy's language that an editor can complete, taken from the declarations."""

from collections.abc import Iterable, Iterator
from typing import Any

from dataplane_core.plugin import (
    Prop,
    RowCollection,
    RowStatement,
    SectionCollection,
    SingleSection,
    View,
)

Word = dict[str, Any]


def language_of(view: View) -> dict[str, Any]:
    """Return the kinds of sections, the lines of each, and the parameters of lines that have them.

    Sorted by their keywords; a keyword that several declarations have is told once.
    """
    lines: dict[str, dict[str, Word]] = {}
    parameters: dict[str, list[Word]] = {}
    sections = []
    for one in view.collections:
        if isinstance(one, SectionCollection | SingleSection):
            is_named = isinstance(one, SectionCollection)
            help_text = one.naming.help or f"A section {one.kind}."
            sections.append({"kind": one.kind, "named": is_named, "help": help_text})
            _add(lines.setdefault(one.kind, {}), _lines_of(one.model.statements))
        elif isinstance(one, RowCollection):
            rows = [*_lines_of([one.table.statement])]
            for kind in one.parents:
                _add(lines.setdefault(kind, {}), rows)
            if one.keywords is not None:
                for row in rows:
                    parameters[row["keyword"]] = sorted(_parameters_of(one), key=_keyword)
    return {
        "sections": sorted(sections, key=lambda one: str(one["kind"])),
        "lines": {kind: sorted(words.values(), key=_keyword) for kind, words in lines.items()},
        "parameters": parameters,
    }


def _keyword(word: Word) -> str:
    return str(word["keyword"])


def _add(known: dict[str, Word], words: Iterable[Word]) -> None:
    for word in words:
        known.setdefault(word["keyword"], word)


def _lines_of(statements: Iterable[Any]) -> Iterator[Word]:
    for statement in statements:
        props = [*statement.declared()]
        for form in statement.forms:
            keyword = " ".join(form.head)
            examples = [one for one in statement.examples if one.startswith(keyword)]
            values = _values_of(props, isinstance(statement, RowStatement))
            yield _word(keyword, props, example=examples[:1], values=values)


def _values_of(props: list[Prop], is_row: bool) -> list[str]:
    """Return the words that may follow: those of a line's one property, or of a rule's action."""
    chosen = [prop for prop in props if prop.enum and (not is_row or prop.name == "type")]
    return [one for one in chosen[0].enum if isinstance(one, str)] if len(chosen) == 1 else []


def _word(keyword: str, props: list[Prop], **more: list[str]) -> Word:
    first = next((prop for prop in props if prop.help), None)
    word: Word = {"keyword": keyword, "help": first.help if first else ""}
    example, values = more.get("example"), more.get("values")
    if example:
        word["example"] = example[0]
    return word | ({"values": values} if values else {})


def _parameters_of(rows: RowCollection) -> Iterator[Word]:
    assert rows.keywords is not None
    for keyword in rows.keywords.keywords:
        for word in keyword.words:
            if word:
                yield _word(word, [*keyword.declared()])
