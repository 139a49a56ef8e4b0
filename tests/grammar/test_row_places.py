from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.grammar import Model, RowTable, seq, statement, word
from dataplane_core.grammar.row_places import LineMarks
from dataplane_core.text import Line, Section
from dataplane_core.text.section_edit import SectionEdit

SERVERS = RowTable(statement("server", seq(word("name"), word("address"))))
MODEL = Model("m", statement("mode", word("mode")), statement("http-send-name-header", word("header")))
WORDS = st.sampled_from(
    [("server", "a", "::1"), ("server", "b", "::2"), ("server", "lame"), ("'server'", "q", "::1"),
     ("mode", "tcp"), ("mode",), ("http-send-name-header", "x"), ("# c",), ("anything",)]
)  # fmt: skip


@st.composite
def edited(draw):
    """A section of which everything was read, and the section that a few edits have made of it."""
    words = draw(st.lists(WORDS, max_size=8))
    section = Section.parse("backend b\n" + "".join(f"  {' '.join(line)}\n" for line in words))
    read(section)
    old = section
    for _ in range(draw(st.integers(1, 3))):
        edit, places = SectionEdit(section), st.integers(0, len(section.lines))
        for _ in range(draw(st.integers(1, 3))):
            edit.insert(draw(places), draw(WORDS))
            if (at := draw(places)) < len(section.lines):
                if draw(st.booleans()):
                    edit.remove(at)
                edit.replace(at, ["mode", "http"])
        section = edit.done()
    return old, section


def read(section):
    every = [SERVERS.nth(section, at) for at in range(SERVERS.count(section))]
    behind = SERVERS._place_of(section, None), SERVERS._place_of(section, SERVERS.count(section))
    found = {
        statement: [(line.at, line.form, line.reading and line.reading.values) for line in lines]
        for statement, lines in MODEL.find(section).items()
    }
    return [(row.at, row.values) for row in every], behind, found, MODEL.read(section)


@given(edited())
def test_what_was_read_holds_after_an_edit(sections):
    _, new = sections
    assert read(new) == read(Section.parse(new.text))
    assert [(row.at, row.values) for row in SERVERS.rows(new)] == read(new)[0]


@given(st.lists(st.booleans()))
def test_marks_count_and_find_lines(flags):
    lines = [Line("x\n" if flag else "y\n") for flag in flags]
    marks = LineMarks.of(lambda line: line.raw == "x\n", lines)
    places = [at for at, flag in enumerate(flags) if flag]
    assert len(marks) == len(places)
    assert [marks.place(number) for number in range(len(marks))] == places
    assert marks.end == (places[-1] + 1 if places else 0)


def test_after_an_edit_only_the_new_line_is_looked_at(monkeypatch):
    section = Section.parse("backend b\n" + "".join(f"  server s{at} ::1\n" for at in range(100)) + "  mode tcp\n")
    read(section)
    seen = []
    lookup, has_head = type(SERVERS.heads).lookup, type(SERVERS.heads).has_head
    monkeypatch.setattr(type(SERVERS.heads), "lookup", lambda heads, line: seen.append(line.raw) or lookup(heads, line))
    monkeypatch.setattr(type(SERVERS.heads), "has_head", lambda heads, line: seen.append(line.raw) or has_head(heads, line))
    new = SERVERS.insert(section, {"name": "new", "address": "::2"}, 50)
    assert SERVERS.count(new) == 101
    assert SERVERS.nth(new, 50).values == {"name": "new", "address": "::2"}
    MODEL.read(new)
    assert set(seen) == {"  server new ::2\n"}
    assert len(seen) <= 4
