"""Every collection can be extended, and its copy is what the declaration was."""

import copy

import pytest

from dataplane_core.grammar import ParameterTable, RowTable, Statement, arg, case, statement, word
from dataplane_core.grammar.declaration import nearest_parts
from dataplane_core.grammar.dispatch import Case, Dispatch
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Line, Section
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins import PLUGINS

REGISTRY = register_collections(make_manager(PLUGINS))
STATEMENTS = {
    f"{one.name}: {' '.join(statement.forms[0].head)}": statement
    for one in REGISTRY.collections.values()
    for statement in ([one.table.statement] if isinstance(one, RowCollection) else one.model.statements)  # type: ignore[attr-defined]
}
TABLES, RULES = (
    [
        one.name
        for one in REGISTRY.all_rows()
        if len(nearest_parts(one.table.statement, kind, (Case, ParameterKeyword))) == 1
    ]
    for kind in (ParameterTable, Dispatch)
)


def read(line: Statement, text: str) -> list[tuple[dict[str, object], bool, list[str]]]:
    """What a statement reads of a line, whether it knows every word, and how it writes it anew."""
    section = Section(Line("section name\n"), (), (Line(f"  {text}\n"),))
    rows = RowTable(line).rows(section)
    return [(row.values, row.reading.partial, row.form.write(row.values, {})) for row in rows]


@pytest.mark.parametrize("one", STATEMENTS.values(), ids=STATEMENTS)
def test_a_copy_is_what_the_declaration_is(one: Statement) -> None:
    new = copy.deepcopy(one)
    assert new.forms[0] is not one.forms[0]
    assert new.props == one.props
    for text in (*one.examples, *one.rejects):
        assert read(new, text) == read(one, text)


def extended(name: str, part: object) -> Registry:
    registry = Registry()
    make_manager(PLUGINS).hook.dataplane_register(registry=registry)
    registry.extend(name, part)  # type: ignore[arg-type]
    registry.freeze()
    return registry


@pytest.mark.parametrize("name", TABLES)
def test_every_table_takes_a_keyword(name: str) -> None:
    new = extended(name, arg("zz-new", word("zz_new"))).collections[name]
    assert isinstance(new, RowCollection)
    old = REGISTRY.collections[name]
    assert {prop.name for prop in new.props} == {prop.name for prop in old.props} | {"zz_new"}
    line = new.table.statement
    for text in line.examples:
        for values, _, _ in read(line, text):
            form, own = next(iter(line.spread({**values, "zz_new": "v"})))
            ((again, partial, _),) = read(line, " ".join(form.write(own, {})))
            if "zz_new" in own and form.names >= {"zz_new"}:
                assert (again, partial) == ({**values, "zz_new": "v"}, False)
                return
    pytest.fail(f"no line of {name} has the keyword")


@pytest.mark.parametrize("name", RULES)
def test_every_choice_takes_an_action(name: str) -> None:
    new = extended(name, case("zz-new", word("zz_new"))).collections[name]
    assert isinstance(new, RowCollection)
    head = new.table.statement.forms[0].head
    ((values, partial, words),) = read(new.table.statement, " ".join((*head, "zz-new", "v")))
    assert (values["zz_new"], partial, words) == ("v", False, [*head, "zz-new", "v"])


@pytest.mark.parametrize(
    "name", [one.name for one in REGISTRY.collections.values() if isinstance(one, SectionCollection | SingleSection)]
)
def test_every_section_takes_a_line(name: str) -> None:
    new = extended(name, statement("zz-new", word("zz_new"))).collections[name]
    assert isinstance(new, SectionCollection | SingleSection)
    section = Section(Line("section name\n"), (), (Line("  zz-new   v  # why\n"),))
    assert new.model.read(section) == {"zz_new": "v"}
    assert new.model.put(section, {"zz_new": "v"}).text == section.text
