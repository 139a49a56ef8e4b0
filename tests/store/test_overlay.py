from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane_core.grammar import RowTable, seq, statement, word
from dataplane_core.store.overlay import Action, replay, steps_between
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.language import Language
from dataplane_core.text.section_edit import SectionEdit

LANGUAGE = Language({"global", "defaults", "backend"})
SECTIONS = st.sampled_from(
    ["global\n  daemon\n", "defaults\n", "defaults\n  mode tcp\n\n", "# above\nbackend a\n",
     "backend a\n  server s 1.1.1.1\n", "backend b\n\n", "backend c\n  # end\n", "backend d\r\n  mode tcp\r\n",
     "backend e from x\n  .if A\n  server s 1.1.1.1\n  .endif\n", "global\n  # of daemon\n  daemon\n\n"]
)  # fmt: skip
DOCUMENTS = st.builds(
    lambda top, sections, end: Document.parse(top + "".join(sections) + end, LANGUAGE),
    st.sampled_from(["", "# top\n\n", "\n", "\r\n"]),
    st.lists(SECTIONS, max_size=9),
    st.sampled_from(["", "", "", "backend last", "  # no end"]),
)
SERVERS = RowTable(statement("server", seq(word("name"), word("address"))))
LINES = st.sampled_from(["  x\n", "  x\r\n", "\n", "# c\n", "  server t 2.2.2.2", "one\n  two\n"]).map(Line)


@given(DOCUMENTS, DOCUMENTS)
def test_replayed_steps_give_the_same_sections(old, new):
    again = replay(old, steps_between(old, new))
    assert again.text() == new.text()
    assert [section.text for section in again.sections] == [s.text for s in new.sections]


@given(DOCUMENTS)
def test_no_change_is_no_step(document):
    assert steps_between(document, Document.parse(document.text(), LANGUAGE)) == []


def in_section(edit):
    """An edit of a document that changes one section of it, or of all `global` as one."""

    def edited(document, draw):
        if not document.sections:
            return document
        section = draw(st.sampled_from(document.sections))
        if section.kind == "global":
            section = document.joined("global")
        return document.replace(section, edit(section, draw))

    return edited


def with_several_edits(section, draw):
    edit = SectionEdit(section)
    places = st.integers(0, len(section.lines))
    for _ in range(draw(st.integers(1, 4))):
        edit.insert(draw(places), ["option", draw(st.sampled_from("ab"))])
        if section.kind != "global" and (at := draw(places)) < len(section.lines):
            draw(st.sampled_from([edit.remove, lambda at: edit.move(at, 0)]))(at)
        if (at := draw(places)) < len(section.lines) and section.kind != "global":
            edit.replace(at, ["mode", "http"])
    return edit.done()


def with_rows(section, draw):
    items = [{"name": name, "address": "::1"} for name in draw(st.lists(st.sampled_from("stu"), max_size=3))]
    return SERVERS.put(section, items, "name")


def without_a_row(section, draw):
    rows = SERVERS.rows(section)
    return SERVERS.remove(section, draw(st.sampled_from(rows))) if rows else section


def with_other_words(section, draw):
    header = draw(st.sampled_from([section.header.with_comment("# why"), section.header]))
    section = section.with_header(header).insert(0, Line("  # first\n"))
    return section.replace_each({0: Line("  # very first\n")})


def whole(document, draw):
    text = draw(DOCUMENTS).text() if draw(st.booleans()) else document.text().replace("server s", "server r")
    return Document.parse(text, LANGUAGE, document)


def added(document, draw):
    return document.add(Section.new(draw(st.sampled_from(["backend", "defaults"])), "new"), ["defaults"])


def removed(document, draw):
    return document.remove(draw(st.sampled_from(document.sections))) if document.sections else document


EDITS = st.lists(
    st.sampled_from(
        [
            in_section(lambda section, draw: section.insert(draw(st.integers(0, len(section.lines))), draw(LINES))),
            in_section(lambda section, draw: SERVERS.insert(section, {"name": "n", "address": "::2"})),
            in_section(lambda section, draw: section.with_blank_end()),
            in_section(lambda section, draw: section.trimmed()),
            in_section(with_several_edits),
            in_section(with_rows),
            in_section(without_a_row),
            in_section(with_other_words),
            whole,
            added,
            removed,
        ]
    ),
    max_size=8,
)


@settings(max_examples=300)
@given(DOCUMENTS, EDITS, st.data())
def test_another_process_makes_the_same_of_any_edits(base, edits, data):
    """To the byte, and in the same sections and lines; all steps at once and one edit at a time."""
    document, steps, each = base, [], Document.parse(base.text(), LANGUAGE)
    for edit in edits:
        before, document = document, edit(document, data.draw)
        some = steps_between(before, document)
        each = replay(each, some)
        steps += some
        assert cut(each) == cut(document)
    assert cut(replay(Document.parse(base.text(), LANGUAGE), steps)) == cut(document)


def cut(document):
    """All that later steps count by: sections with their names, and lines."""
    sections = [(one.kind, one.name, one.top, [line.raw for line in one.lines]) for one in document.sections]
    return document.preamble, document.index, sections, document.text()


def test_a_new_line_is_a_step_with_that_line_alone():
    document = Document.parse("backend b\n" + "".join(f"  server s{n} ::1\n" for n in range(1000)), LANGUAGE)
    section = document.sections[0]
    steps = steps_between(document, document.replace(section, section.insert(500, Line("  server x ::2\n"))))
    assert [(step.action, step.line, step.removed, step.text) for step in steps] == [
        (Action.LINES, 500, 0, "  server x ::2\n")
    ]
    assert steps[0].key == document.key(section)


def test_lines_that_differ_far_apart_are_a_step_each():
    text = "backend b\n" + "".join(f"  server s{n} ::1\n" for n in range(1000))
    document = Document.parse(text, LANGUAGE)
    new = Document.parse(text.replace("s7 ::1", "s7 ::2").replace("  server s900 ::1\n", ""), LANGUAGE)
    steps = steps_between(document, new)
    assert [(step.line, step.removed, step.text) for step in steps] == [(7, 1, "  server s7 ::2\n"), (900, 1, "")]
    assert replay(document, steps).text() == new.text()


def test_removed_and_added_sections_keep_the_order_of_the_others():
    old = Document.parse("defaults\n  mode tcp\nbackend x\ndefaults\n  mode http\n", LANGUAGE)
    new = old.remove(old.sections[0])
    steps = steps_between(old, new)
    assert [(step.action, step.position) for step in steps] == [(Action.REMOVE, 0)]
    assert replay(old, steps).text() == "backend x\ndefaults\n  mode http\n"


def test_steps_in_a_section_survive_sections_that_come_and_go_above_it():
    base = Document.parse("backend a\n  x\nbackend b\n  y\n", LANGUAGE)
    document, steps = base, []
    for edit in (
        lambda old: old.replace(old.sections[1], old.sections[1].insert(0, Line("  first\n"))),
        lambda old: old.remove(old.sections[0]),
        lambda old: old.replace(old.sections[0], old.sections[0].insert(2, Line("  last\n"))),
        lambda old: old.insert(0, Section.new("defaults")),
        lambda old: old.replace(old.sections[1], old.sections[1].replace(1, Line("  z\n"))),
    ):
        before, document = document, edit(document)
        steps += steps_between(before, document)
    assert cut(replay(base, steps)) == cut(document)
    assert [step.action for step in steps].count(Action.LINES) == 3


def test_a_text_with_little_in_common_is_kept_whole():
    new = Document.parse("".join(f"backend b{n}\n" for n in range(100)), LANGUAGE)
    steps = steps_between(Document.parse("global\n", LANGUAGE), new)
    assert [step.action for step in steps] == [Action.WHOLE]
    assert replay(Document.parse("global\n", LANGUAGE), steps).text() == new.text()
