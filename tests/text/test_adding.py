"""What was added and is taken away again has left no byte behind, and changed nothing meanwhile."""

from hypothesis import example, given
from hypothesis import strategies as st

from dataplane_core.grammar import RowTable, seq, statement, word
from dataplane_core.text import Document, Section
from dataplane_core.text.language import Language
from dataplane_core.text.lines import with_last_newline

ORDER = ("global", "defaults", "frontend", "backend", "listen")
LANGUAGE = Language(ORDER, [("server",)])
PIECES = [
    "global\n", "defaults\n", "defaults d\n", "frontend f from d\n", "backend b\n", "backend c\n", "listen l # x\n",
    "\n", "\n", "\n", "   \n", "# above\n", "  # inside\n", "#server s 1.2.3.4\n", "#-----\n", "# END x\n",
    "  server a 1.2.3.4\n", "  server b 1.2.3.4\n", "  server unread\n", "  mode http\n", "\tmode tcp\n",
    "  server 'open\n", ".if A\n", "  .else\n", ".endif\n",
]  # fmt: skip
SERVERS = RowTable(statement("server", seq(word("name"), word("address"))))


@st.composite
def texts(draw):
    pieces, depth = [], 0
    for piece in draw(st.lists(st.sampled_from(PIECES), max_size=24)):
        word = piece.strip().partition(" ")[0]
        if word in (".else", ".endif") and not depth:
            continue
        depth += (word == ".if") - (word == ".endif")
        pieces.append(piece)
    text = "".join([*pieces, *[".endif\n"] * depth])
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text.rstrip("\r\n") if draw(st.booleans()) else text


def whole(document: Document) -> Document:
    """The document as the next process reads it; it was the same already."""
    again = Document.parse(document.text(), LANGUAGE)
    assert [one.text for one in again.sections] == [one.text for one in document.sections]
    assert again.preamble == document.preamble
    return again


@example("# only\n", ["backend"], [0, 1, 2, 3])
@example("backend b", ["backend"], [0, 1, 2, 3])
@example("\r\nfrontend f", ["defaults", "backend"], [0, 1, 2, 3])
@example("backend b\r\n", ["frontend", "backend"], [1, 0, 2, 3])
@given(texts(), st.lists(st.sampled_from(ORDER[1:]), min_size=1, max_size=4), st.permutations(range(4)))
def test_sections_that_were_added_go_in_any_order(text, kinds, order):
    document = Document.parse(text, LANGUAGE)
    lines = [line for line in text.splitlines() if line.strip()]
    for number, kind in enumerate(kinds):
        new = Section.new(kind, f"new{number}", end=document.line_end())
        document = whole(document.add(new, ORDER))
        now = [line for line in document.text().splitlines() if line.strip()]
        assert [line for line in now if " new" not in line] == lines
    for number in (one for one in order if one < len(kinds)):
        document = whole(document.remove(document.find(kinds[number], f"new{number}")))
    assert document.text() == with_last_newline(text) or document.text() == text


@given(texts(), st.data())
def test_a_row_lands_where_its_index_says_and_goes_without_a_trace(text, data):
    document = Document.parse(text, LANGUAGE)
    if not document.sections:
        return
    section = data.draw(st.sampled_from(document.sections))
    rows = [row.values for row in SERVERS.rows(section)]
    index = data.draw(st.integers(0, len(rows)))
    new = {"name": "new", "address": "192.0.2.1"}
    longer = SERVERS.insert(section, new, index)
    whole(document.replace(section, longer))
    found = SERVERS.rows(longer)
    assert [row.values for row in found] == [*rows[:index], new, *rows[index:]]
    shorter = SERVERS.remove(longer, found[index])
    assert shorter.text.rstrip("\r\n") == section.text.rstrip("\r\n")
    assert shorter.text == section.text or not text.endswith("\n")


@given(texts(), st.lists(st.integers(0, 9), max_size=6, unique=True))
def test_a_whole_list_stands_in_its_order(text, numbers):
    for section in Document.parse(text, LANGUAGE).sections:
        old = [row.values for row in SERVERS.rows(section)]
        new = [old[n] if n < len(old) else {"name": f"n{n}", "address": "192.0.2.1"} for n in numbers]
        after = SERVERS.put(section, new)
        assert [row.values for row in SERVERS.rows(after)] == new
