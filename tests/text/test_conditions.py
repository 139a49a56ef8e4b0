"""An edit of a section leaves conditional blocks around it, and what they hold, as they are."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataplane_core.text import Document, Line, Section
from dataplane_core.text.language import Language

LANGUAGE = Language({"frontend", "backend"})
CONDITIONS = ("A", "B", "C")
STATES = [dict(zip(CONDITIONS, values, strict=True)) for values in product((True, False), repeat=3)]
PIECES = st.sampled_from(
    ["backend", "backend", "frontend", "own", "own", ".if", ".elif", ".else", ".endif", ".diag", "#", ""]
)


def sound(pieces, conditions):
    """The pieces as lines of a file whose blocks are whole."""
    lines, depth, ended = [], 0, []
    for number, (piece, condition) in enumerate(zip(pieces, conditions, strict=True)):
        if piece == ".if":
            depth, ended = depth + 1, [*ended, False]
            lines.append(f".if {condition}")
        elif piece in (".elif", ".else", ".endif") and (not depth or (piece != ".endif" and ended[-1])):
            continue
        elif piece == ".endif":
            depth, ended = depth - 1, ended[:-1]
            lines.append("  .endif")
        elif piece == ".else":
            ended[-1] = True
            lines.append(piece)
        elif piece == ".elif":
            lines.append(f".elif {condition}")
        else:
            words = {"backend": f"backend b{number}", "frontend": f"frontend f{number}",
                     "own": f"  server s{number} 192.0.2.1",
                     ".diag": f'.diag "{number}"', "#": f"# {number}", "": ""}  # fmt: skip
            lines.append(words[piece])
    return "".join(line + "\n" for line in lines + [".endif"] * depth)


TEXTS = st.integers(0, 24).flatmap(
    lambda size: st.builds(
        sound,
        st.lists(PIECES, min_size=size, max_size=size),
        st.lists(st.sampled_from(CONDITIONS), min_size=size, max_size=size),
    )
)


def counting(text, state):
    """The lines that count for HAProxy (manual, section 2.4), each with the section it is in."""
    found, section, blocks = [], None, []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == ".if":
            blocks.append([all(block[0] for block in blocks), state[rest]])
            blocks[-1] = [blocks[-1][0] and state[rest], state[rest], blocks[-1][0]]
        elif word == ".elif":
            block = blocks[-1]
            block[0], block[1] = block[2] and not block[1] and state[rest], block[1] or state[rest]
        elif word == ".else":
            block = blocks[-1]
            block[0] = block[2] and not block[1]
        elif word == ".endif":
            blocks.pop()
        elif word and word != "#" and all(block[0] for block in blocks):
            section = line if word in LANGUAGE.kinds else section
            found.append((section, line))
    return found


def chosen(document, data):
    return data.draw(st.sampled_from(document.sections))


@given(TEXTS, st.data())
def test_a_section_goes_and_all_others_count_as_before(text, data):
    document = Document.parse(text, LANGUAGE)
    if not document.sections:
        return
    section = chosen(document, data)
    after = document.remove(section).text()
    gone = {section.header.raw.strip(), *(line.raw.strip() for line in section.lines)}
    for state in STATES:
        kept = [line for _, line in counting(text, state) if line.strip() not in gone or line[:1] == "."]
        assert [line for _, line in counting(after, state) if line[:1] != "."] == [
            line for line in kept if line[:1] != "."
        ]


@example(".if A\nbackend a\n.else\nfrontend f\n.endif\n")
@given(TEXTS)
def test_a_new_section_counts_always_and_all_others_as_before(text):
    document = Document.parse(text, LANGUAGE)
    for kind in LANGUAGE.kinds:
        after = document.add(Section.new(kind, "new")).text()
        for state in STATES:
            found = counting(after, state)
            assert (f"{kind} new",) * 2 in found
            assert [one for one in found if one[0] != f"{kind} new"] == counting(text, state)


@given(TEXTS, st.data())
def test_a_new_line_counts_whenever_its_section_does(text, data):
    document = Document.parse(text, LANGUAGE)
    if not document.sections:
        return
    section = chosen(document, data)
    at = section.unconditional_place(data.draw(st.integers(0, len(section.lines))))
    for place in (at, section.unconditional_place(section.end())):
        after = document.replace(section, section.insert(place, Line("  new\n"))).text()
        for state in STATES:
            header = section.header.raw.strip()
            found = counting(after, state)
            assert ((header, "  new") in found) is ((header, header) in found)
            assert [one for one in found if one[1] != "  new"] == counting(text, state)


def test_a_line_goes_behind_those_that_follow_the_end_of_the_block_around_the_header():
    text = ".if A\nbackend a\n.else\nbackend b\n.endif\n  own\n  other\n\n.if B\nbackend c\n.endif\n"
    section = Document.parse(text, LANGUAGE).find("backend", "b")
    assert section.end() == 3
    assert [section.unconditional_place(at) for at in range(7)] == [0, 1, 2, 3, 4, 3, 3]


@pytest.mark.parametrize(
    ("text", "name", "after"),
    [
        (".if A\nbackend a\n  own\n.else\nbackend b\n.endif\n", "a", ".if A\n.else\nbackend b\n.endif\n"),
        ("backend a\n  own\n\n# lab\n.if A\nbackend b\n.endif\n", "a", "# lab\n.if A\nbackend b\n.endif\n"),
        ("backend a\n  own\n\n.if A\nbackend b\n  own\n.endif\n", "b", "backend a\n  own\n\n.if A\n.endif\n"),
        ("backend a\n.if A\n  own\n.endif\n\nbackend b\n", "a", "backend b\n"),
        ("backend a\n  own\n.if A\n.diag x\n.endif\nbackend b\n", "a", ".if A\n.diag x\n.endif\nbackend b\n"),
        ("backend a\n  own\n\".if\" A\nbackend b\n.endif\n", "a", "\".if\" A\nbackend b\n.endif\n"),
        ("backend a\n  own\n\n# of b\n\nbackend b\n", "a", "# of b\n\nbackend b\n"),
    ],
)  # fmt: skip
def test_what_stays_when_a_section_goes(text, name, after):
    document = Document.parse(text, LANGUAGE)
    assert document.remove(document.find("backend", name)).text() == after
