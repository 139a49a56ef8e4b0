from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.store.overlay import Action, replay, steps_between
from dataplane_core.text import Document
from dataplane_core.text.language import Language

LANGUAGE = Language({"global", "defaults", "backend"})
SECTIONS = st.sampled_from(
    ["global\n  daemon\n", "defaults\n", "defaults\n  mode tcp\n\n", "# above\nbackend a\n",
     "backend a\n  server s 1.1.1.1\n", "backend b\n\n", "backend c\n  # end\n"]
)  # fmt: skip
DOCUMENTS = st.builds(
    lambda top, sections: Document.parse(top + "".join(sections), LANGUAGE),
    st.sampled_from(["", "# top\n\n", "\n"]),
    st.lists(SECTIONS, max_size=9),
)


@given(DOCUMENTS, DOCUMENTS)
def test_replayed_steps_give_the_same_sections(old, new):
    again = replay(old, steps_between(old, new))
    assert again.text() == new.text()
    assert [section.text for section in again.sections] == [s.text for s in new.sections]


@given(DOCUMENTS)
def test_no_change_is_no_step(document):
    assert steps_between(document, Document.parse(document.text(), LANGUAGE)) == []


@given(DOCUMENTS, st.data())
def test_one_changed_section_is_one_step_with_its_text_alone(document, data):
    if not document.sections:
        return
    old = data.draw(st.sampled_from(document.sections))
    new = old.insert(len(old.lines), type(old.header)("  # x\n"))
    steps = steps_between(document, document.replace(old, new))
    assert [step.action for step in steps] == [Action.REPLACE]
    assert steps[0].text == new.text
    assert steps[0].key == document.key(old)


def test_removed_and_added_sections_keep_the_order_of_the_others():
    old = Document.parse("defaults\n  mode tcp\nbackend x\ndefaults\n  mode http\n", LANGUAGE)
    new = old.remove(old.sections[0])
    steps = steps_between(old, new)
    assert [(step.action, step.position) for step in steps] == [(Action.REMOVE, 0)]
    assert replay(old, steps).text() == "backend x\ndefaults\n  mode http\n"


def test_a_text_with_little_in_common_is_kept_whole():
    new = Document.parse("".join(f"backend b{n}\n" for n in range(100)), LANGUAGE)
    steps = steps_between(Document.parse("global\n", LANGUAGE), new)
    assert [step.action for step in steps] == [Action.WHOLE]
    assert replay(Document.parse("global\n", LANGUAGE), steps).text() == new.text()
