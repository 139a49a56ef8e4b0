"""Check the laws of lenses over declarations; tests run this, those of plugins too.

* GetPut: to put back what was read changes no byte.
* PutGet: what was put is what is read.
* A line is read to its last word, or not at all.

They are tried over the examples that every statement has.
"""

from collections.abc import Iterable, Iterator

from dataplane_core.grammar.model import Model
from dataplane_core.grammar.props import Prop
from dataplane_core.grammar.statements import Statement
from dataplane_core.grammar.tables import RowTable
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section


def breaches(statement: Statement) -> Iterator[str]:
    """Yield a sentence for every law that a statement's examples and rejects break."""
    if not statement.examples:
        yield f"{name_of(statement)} has no examples"
    for text in statement.examples:
        yield from _example(statement, text)
    for text in statement.rejects:
        if _reads(statement, text):
            yield f"{text!r} should not be read"


def name_of(statement: Statement) -> str:
    """Return the heads of a statement's lines, as its name."""
    return " / ".join(" ".join(form.head) for form in statement.forms)


def _section(*lines: str) -> Section:
    body = tuple(Line(f"    {line}  # why\n") for line in lines)
    return Section(Line("section name\n"), (), (Line("  # above\n"), *body, Line("\n")))


def _reads(statement: Statement, text: str) -> bool:
    return bool(RowTable(statement).rows(_section(text)))


def _example(statement: Statement, text: str) -> Iterator[str]:
    table, section = RowTable(statement), _section(text)
    rows = table.rows(section)
    if len(rows) != 1:
        yield f"{text!r} is not read"
        return
    if rows[0].reading.partial:
        yield f"{text!r} has words that are not declared"
    yield from _model_laws(Model("laws", statement), section, text)
    form, values = rows[0].form, rows[0].values
    undeclared = values.keys() - {prop.name for prop in form.term.props}
    if undeclared:
        yield f"{text!r} gives {sorted(undeclared)}, which no property declares"
    again = Line.make(form.write(values, {}))
    reading = form.read(again)
    if reading is None or reading.values != values:
        yield f"{text!r} is written as {again.raw.strip()!r}, which reads otherwise"


def _model_laws(model: Model, section: Section, text: str) -> Iterator[str]:
    values = model.read(section)
    if model.put(section, values).text != section.text:
        yield f"putting back {text!r} changes it"
    empty = model.put(section, {})
    if model.read(empty) and not any(statement.stays_when_unset for statement in model.statements):
        yield f"{text!r} is not removed by an empty object"
    fresh = model.put(empty, values)
    if model.read(fresh) != values:
        yield f"{text!r} put anew reads as {model.read(fresh)} instead of {values}"
    for problem in model.problems(values):
        yield f"{text!r} is held to be wrong: {problem.message}"


def lint(name: str, props: Iterable[Prop]) -> Iterator[str]:
    """Yield a sentence for everything wrong with the properties of the collection `name`.

    That is a name used for two types, a missing help text, or a list without a type of its items.
    """
    seen: dict[str, Prop] = {}
    for prop in props:
        other = seen.setdefault(prop.name, prop)
        if other.json != prop.json:
            yield f"{name}.{prop.name} is both {other.json} and {prop.json}"
        if not prop.help:
            yield f"{name}.{prop.name} has no help"
        if prop.json == "array" and prop.items is None:
            yield f"{name}.{prop.name} does not say what its items are"
