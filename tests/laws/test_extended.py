"""Every collection can be extended, and its copy is what the declaration was."""

import copy

import pytest

from dataplane_core.grammar import ParameterTable, RowTable, Statement, arg, case, statement, word
from dataplane_core.grammar.declaration import Declaration, Exchange, every_part, nearest_parts
from dataplane_core.grammar.dispatch import Case, Dispatch
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.grammar.values import WordChoice
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.extension import Extension
from dataplane_core.resources.registry import Registry, RegistryError
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


def is_leaf(part: Declaration) -> bool:
    return every_part([part], Declaration) == [part]


@pytest.mark.parametrize("one", STATEMENTS.values(), ids=STATEMENTS)
def test_a_copy_is_what_the_declaration_is(one: Statement) -> None:
    leaves = [part for part in every_part([one], Declaration) if is_leaf(part)]
    new = Exchange([(leaf, copy.copy(leaf)) for leaf in leaves])(one)
    assert new is not one
    assert new.forms[0] is not one.forms[0]
    assert Exchange([(object(), object())])(one) is one
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


SECTIONS = [one for one in REGISTRY.collections.values() if isinstance(one, SectionCollection | SingleSection)]
INSIDE = {
    f"{one.name} behind {head}": (one.name, head, part)
    for one in SECTIONS
    for head, statement_ in ((" ".join(line.forms[0].head), line) for line in one.model.statements)
    for kind, part in (
        (ParameterTable, arg("zz-new", word("zz_new"))),
        (Dispatch, case("zz-new", word("zz_new"))),
        (WordChoice, case("zz-new")),
    )
    if len(nearest_parts(statement_, kind, (Case, ParameterKeyword, Dispatch))) == 1
    and (kind is not WordChoice or not nearest_parts(statement_, Dispatch, (Case, ParameterKeyword)))
}


def lines_of(one: Collection) -> dict[str, Statement]:
    """The statements of a collection, by the first words of their lines."""
    if isinstance(one, RowCollection):
        return {" ".join(one.table.statement.forms[0].head): one.table.statement}
    assert isinstance(one, SectionCollection | SingleSection)
    return {" ".join(line.forms[0].head): line for line in one.model.statements}


def changed(name: str, part: object, behind: str) -> dict[str, set[str]]:
    """The lines that an addition changes, by the collections that they are in."""
    collections = dict(REGISTRY.collections)
    Extension(name, (part,), behind, "stranger").apply(collections, REGISTRY.origins.copy())  # type: ignore[arg-type]
    found = {}
    for one in REGISTRY.collections.values():
        before, after = lines_of(one), lines_of(collections[one.name])
        found[one.name] = {head for head in before if after[head] is not before[head]}
    return {collection: heads for collection, heads in found.items() if heads}


@pytest.mark.parametrize(("name", "head", "part"), INSIDE.values(), ids=INSIDE)
def test_what_stands_in_a_line_of_a_section_can_be_extended(name: str, head: str, part: object) -> None:
    """The line is extended wherever its declaration stands, and no other line is."""
    every = changed(name, part, head)
    assert head in every[name]
    (line,) = (one for one in SECTIONS if one.name == name)
    (table,) = nearest_parts(lines_of(line)[head], ParameterTable, (Case, ParameterKeyword)) or (None,)  # type: ignore[assignment]
    if not (isinstance(part, ParameterKeyword) and table is not None and table.name):
        original = lines_of(line)[head].forms[0].term
        same = {
            one.name: {head for head, each in lines_of(one).items() if each.forms[0].term is original}
            for one in REGISTRY.collections.values()
        }
        assert every == {name: heads for name, heads in same.items() if heads}


def test_lines_with_one_table_of_the_manual_are_extended_together() -> None:
    part = arg("zz-new", word("zz_new"))
    servers = {
        "servers": {"server"}, "server_templates": {"server-template"},
        "backends": {"default-server"}, "listens": {"default-server"}, "defaults": {"default-server"},
        "named_defaults": {"default-server"}, "peer_section": {"default-server"},
    }  # fmt: skip
    binds = {"binds": {"bind"}, "peer_section": {"default-bind"}, "global": {"stats socket"}}
    assert changed("servers", part, "") == changed("server_templates", part, "") == servers
    assert changed("backends", part, "default-server") == servers
    assert changed("binds", part, "") == changed("global", part, "stats socket") == binds


def test_steps_of_a_check_are_extended_with_the_object_that_shows_the_first_of_them() -> None:
    steps = {"http_checks": {"http-check"}, **dict.fromkeys(("backends", "listens", "defaults", "named_defaults"), {"http-check"})}
    assert changed("http_checks", case("zz-new"), "") == steps
    assert changed("backends", case("zz-new"), "http-check") == steps


@pytest.mark.parametrize(
    ("name", "part", "behind", "why"),
    [
        ("backends", arg("zz-new", word("zz_new")), "", "and all else behind a line"),
        ("backends", arg("zz-new", word("zz_new")), "balanced", "which has no line balanced"),
        ("backends", arg("zz-new", word("zz_new")), "balance", "which has no table of keywords"),
        ("backends", arg("zz-new", word("zz_new")), "balance nope", "which has no action nope"),
        ("backends", case("zz-new"), "fullconn", "which has no choice of actions"),
        ("backends", case("zz-new", word("zz_new")), "mode", "where one word stands"),
        ("backends", statement("zz-new", word("zz_new")), "mode", "where no line can stand"),
    ],
)
def test_what_has_no_place_in_a_line_is_refused(name: str, part: object, behind: str, why: str) -> None:
    with pytest.raises(RegistryError, match=f"^stranger extends {name}.*{why}"):
        changed(name, part, behind)


TWICE = [
    ("servers", "", "server_templates", "", arg("zz-new", word("zz_new")), "the keyword zz-new of server options"),
    ("backends", "default-server", "servers", "", arg("zz-new", word("zz_new")), "the keyword zz-new of server options"),
    ("backends", "balance", "backends", "balance", case("zz-new"), "the word zz-new of defaults behind balance"),
    ("backends", "balance", "defaults", "balance", case("zz-new"), "the word zz-new of defaults behind balance"),
    ("backends", "mode", "backends", "mode", case("zz-new"), "the word zz-new of backends behind mode"),
    ("http_checks", "", "backends", "http-check", case("zz-new"), "the action zz-new of http_checks"),
]


@pytest.mark.parametrize(("name", "behind", "other", "behind_other", "part", "what"), TWICE)
def test_two_who_add_the_same_are_both_named(
    name: str, behind: str, other: str, behind_other: str, part: object, what: str
) -> None:
    collections, origins = dict(REGISTRY.collections), REGISTRY.origins.copy()
    Extension(name, (part,), behind, "one").apply(collections, origins)  # type: ignore[arg-type]
    with pytest.raises(RegistryError) as caught:
        Extension(other, (part,), behind_other, "another").apply(collections, origins)  # type: ignore[arg-type]
    assert str(caught.value) == f"{what} is declared by one and again by another"


@pytest.mark.parametrize(
    ("name", "behind", "part", "what"),
    [
        ("servers", "", arg("weight", word("zz_new")), "the keyword weight of server options"),
        ("servers", "", arg("zz-new", word("address")), "the property address of server options"),
        ("server_templates", "", arg("zz-new", word("name")), "the property name of server options"),
        ("backends", "balance uri", arg("len", word("zz_new")), "the keyword len of defaults behind balance uri"),
        ("backends", "balance", case("uri"), "the word uri of defaults behind balance"),
        ("backends", "mode", case("http"), "the word http of backends behind mode"),
        ("defaults", "compression algo", case("gzip"), "the word gzip of defaults behind compression algo"),
    ],
)
def test_what_is_there_cannot_be_added(name: str, behind: str, part: object, what: str) -> None:
    with pytest.raises(RegistryError, match="^(?!stranger extends)") as caught:
        changed(name, part, behind)
    assert str(caught.value).startswith(f"{what} is declared by configuration.")
    assert str(caught.value).endswith(" and again by stranger")
