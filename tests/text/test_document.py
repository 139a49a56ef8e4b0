"""A document is its text to the byte, and an edit changes what it says and nothing else."""

import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.text import Document, Line, Section
from dataplane_core.text.language import Language

LANGUAGE = Language({"global", "defaults", "frontend", "backend", "listen"})
PIECES = [
    "global\n", "  global  # x\n", "defaults\n", "defaults d from e\n", "frontend f from d\n", "backend b\n",
    "\tbackend\tb # again\n", "listen l", "\n", "   \n", "# above\n", "  # inside\n", "  mode http\n", "mode tcp # x\n",
    "  server a 1.2.3.4 'open\n", "  .if true\n", "  .endif\n", "globalx\n", "\r\n", "  x y\r\n", "\x0c\n", "é ✓\n", "end",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12))).map("".join)


@given(TEXTS)
def test_text_identity(text):
    document = Document.parse(text, LANGUAGE)
    assert document.text() == text
    for section in document.sections:
        body = "".join(line.raw for line in (*section.lead, section.header, *section.lines))
        assert body == section.text
        assert section.kind in LANGUAGE.kinds


@given(st.binary())
def test_text_identity_for_any_bytes(data):
    text = data.decode("utf-8", "surrogateescape")
    assert Document.parse(text, LANGUAGE).text().encode("utf-8", "surrogateescape") == data


@given(TEXTS, st.data())
def test_replacing_a_section_touches_no_other(text, data):
    document = Document.parse(text, LANGUAGE)
    if not document.sections:
        return
    old = data.draw(st.sampled_from(document.sections))
    new = old.insert(old.end(), Line.make(["new", "line"]))
    edited = document.replace(old, new)
    others = [s.text for s in document.sections if s is not old]
    assert [s.text for s in edited.sections if s is not new] == others
    assert edited.preamble == document.preamble
    (change,) = edited.diff(document)
    assert (change.key, change.old, change.new) == (document.key(old), old.text, new.text)
    assert edited.by_key(change.key) is new


@given(TEXTS)
def test_sections_are_taken_over_from_the_previous_document(text):
    first = Document.parse(text, LANGUAGE)
    second = Document.parse(text, LANGUAGE, first)
    assert second.diff(first) == []
    assert [id(s) for s in second.sections] == [id(s) for s in first.sections]


def test_sections_with_the_same_text_are_two_sections():
    text = "defaults\n  mode http\ndefaults\n  mode http\n"
    document = Document.parse(text, LANGUAGE, Document.parse(text, LANGUAGE))
    second = document.sections[1]
    edited = document.replace(second, second.insert(1, Line("  retries 2\n")))
    assert edited.text() == text + "  retries 2\n"


def test_comments_directly_above_a_header_belong_to_it():
    document = Document.parse("global\n  daemon\n  # tail\n\n# one\n# two\nbackend b\n", LANGUAGE)
    assert [line.raw for line in document.sections[1].lead] == ["# one\n", "# two\n"]
    assert document.remove(document.sections[1]).text() == "global\n  daemon\n  # tail\n\n"


def test_the_version_line_is_not_part_of_a_section():
    document = Document.parse("# _version=3\nglobal\n", LANGUAGE)
    assert document.preamble == "# _version=3\n"


def test_a_new_section_follows_the_last_of_its_kind():
    document = Document.parse("global\n\nbackend a\n  mode http\n\nlisten l\n", LANGUAGE)
    added = document.add(
        Section.new("backend", "b", "d"), ("global", "frontend", "backend", "listen")
    )
    assert added.text() == "global\n\nbackend a\n  mode http\n\nbackend b from d\n\nlisten l\n"


def test_a_new_section_does_not_part_comments_from_what_is_above_them():
    document = Document.parse("backend a\n\n# l, or a?\nlisten l\n", LANGUAGE)
    added = document.add(Section.new("backend", "b"))
    assert added.text() == "backend a\n\n# l, or a?\nlisten l\n\nbackend b\n"


def test_a_new_kind_goes_to_its_place():
    order = ("global", "defaults", "frontend", "backend")
    document = Document.parse("global\n  daemon\n\nbackend a\n", LANGUAGE)
    assert document.add(Section.new("frontend", "f"), order).text() == (
        "global\n  daemon\n\nfrontend f\n\nbackend a\n"
    )
    assert Document.parse("", LANGUAGE).add(Section.new("backend", "a"), order).text() == "backend a\n"


def test_sections_of_one_name_are_told_apart():
    document = Document.parse("backend b\n  mode tcp\nbackend b\n  mode http\n", LANGUAGE)
    second = document.sections[1]
    assert document.key(second).ordinal == 1
    assert document.by_key(document.key(second)) is second


def test_parent():
    section = Document.parse("backend b from d # x\n", LANGUAGE).sections[0]
    assert (section.name, section.parent) == ("b", "d")
    assert section.with_parent(None).text == "backend b # x\n"
    assert section.with_parent("e").text == "backend b from e # x\n"
    unnamed = Document.parse("defaults from base\n", LANGUAGE).sections[0]
    assert (unnamed.name, unnamed.parent) == ("", "base")


def test_places_in_a_long_section_take_no_time():
    lines = "".join(f"  server s{number} 10.0.0.1:80\n" for number in range(10_000))
    section = Document.parse(f"backend b\n{lines}", LANGUAGE).sections[0]
    started = time.process_time()
    assert all(section.unconditional_place(at) == at for at in range(10_000))
    assert time.process_time() - started < 1


def test_a_section_may_be_called_from():
    section = Document.parse("backend from\n", LANGUAGE).sections[0]
    assert (section.name, section.parent) == ("from", None)
    inheriting = section.with_parent("d")
    assert inheriting.text == "backend from from d\n"
    assert (inheriting.name, inheriting.parent) == ("from", "d")
    assert inheriting.with_parent(None).text == section.text


def test_rewriting_a_line_keeps_indentation_comment_and_line_end():
    line = Line("\t mode   http   # why\r\n")
    assert line.rewritten(["mode", "tcp"]).raw == "\t mode tcp   # why\r\n"


def test_threads_that_look_at_once_find_every_section():
    text = "".join(f"backend be{number}\n  mode http\n" for number in range(400))
    threads, rounds = 4, 60
    together, missed = threading.Barrier(threads), []
    documents = [Document.parse(text, Language({"backend"})) for _ in range(rounds)]

    def look():
        for document in documents:
            together.wait()
            if document.find("backend", "be399") is None:
                missed.append(document)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        looking = [threading.Thread(target=look) for _ in range(threads)]
        for thread in looking:
            thread.start()
        for thread in looking:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert missed == []


def test_any_number_of_blank_lines_at_the_end_can_be_removed():
    section = Section.parse("backend b\n  server s 192.0.2.1:80\n" + "\n  \n" * 5_000)
    assert section.trimmed().text == "backend b\n  server s 192.0.2.1:80\n"
    assert section.trimmed().trimmed().text == section.trimmed().text


def test_a_document_knows_the_one_section_that_was_replaced():
    document = Document.parse("global\n  daemon\nbackend a\n", LANGUAGE)
    old = document.sections[1]
    changed = document.replace(old, old.insert(0, Line("  mode tcp\n")))
    assert changed.replaced_in(document) == 1
    again = changed.replace(changed.sections[0], Section.new("global"))
    assert again.replaced_in(changed) == 0
    assert again.replaced_in(document) is None
    assert document.replaced_in(changed) is None
    with pytest.raises(KeyError):
        changed.position(old)
