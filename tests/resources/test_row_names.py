from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.grammar import RowTable, seq, statement, word
from dataplane_core.resources.collections import Naming, RowCollection
from dataplane_core.resources.locate import find_named, is_taken, named_rows
from dataplane_core.resources.row_names import RowNames
from dataplane_core.text import Section
from dataplane_core.text.section_edit import SectionEdit

SERVERS = RowCollection(
    name="servers",
    naming=Naming("server", "servers", "Server", "Servers", "Server"),
    table=RowTable(statement("server", seq(word("name"), word("address")))),
    parents=("backend",),
)
NAMES = ("a", "b", "s1", "s12", "'b'", "a\\x61", "unread")
LINES = st.builds(
    lambda name, more: ["server", name, *more], st.sampled_from(NAMES), st.sampled_from([["::1"], ["::1", "extra"], []])
) | st.sampled_from([["mode", "a"], ["# server a ::1"], ['"server"', "b", "::2"]])


@given(st.lists(LINES, max_size=9), st.data())
def test_names_are_found_in_a_section_and_in_all_that_edits_make_of_it(lines, data):
    """Also in two sections that different edits have made of the same one."""
    sections = [Section.parse("backend b\n" + "".join(f"  {' '.join(line)}\n" for line in lines))]
    for _ in range(data.draw(st.integers(0, 5))):
        section = data.draw(st.sampled_from(sections))
        data.draw(st.sampled_from([is_taken, find_named]))(SERVERS, section, "a")
        edit, places = SectionEdit(section), st.integers(0, len(section.lines))
        edit.insert(data.draw(places), data.draw(LINES))
        if (at := data.draw(places)) < len(section.lines):
            edit.remove(at)
        sections.append(edit.done())
        for section in sections:
            known = named_rows(SERVERS, Section.parse(section.text))
            for name in (*NAMES, "aa"):
                found = find_named(SERVERS, section, name)
                assert (found and found.at) == (known[name].at if name in known else None)


def test_of_many_rows_few_are_looked_at(monkeypatch):
    section = Section.parse("backend b\n" + "".join(f"  server s{at} ::1\n" for at in range(1000)))
    assert is_taken(SERVERS, section, "s7")
    section = SERVERS.table.insert(section, {"name": "new", "address": "::2"})
    read = []
    row = RowTable.row
    monkeypatch.setattr(RowTable, "row", lambda table, section, at: read.append(at) or row(table, section, at))
    assert find_named(SERVERS, section, "new").at == 1000
    assert find_named(SERVERS, section, "s500").at == 500
    assert find_named(SERVERS, section, "s1000") is None
    assert read == [1000, 500]
    assert (RowNames, SERVERS.table) in section.cache
