"""A section with its rows: what is read and put again changes nothing, and rows keep their lines."""

import pytest

from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.whole_section import WholeSection
from dataplane_core.text import Document, Section
from tests.api.support import TEXT, dataplane_register


def registry() -> Registry:
    made = Registry()
    dataplane_register(made)
    made.freeze()
    return made


REGISTRY = registry()


def whole(collection: str, **rows: str) -> WholeSection:
    one = REGISTRY.collections[collection]
    found = {name: REGISTRY.collections[other] for name, other in rows.items()}
    assert all(isinstance(other, RowCollection) for other in found.values())
    return WholeSection(one.model, found)  # type: ignore[attr-defined,arg-type]


def section(kind: str, name: str) -> Section:
    found = Document.parse(TEXT, REGISTRY.language).find(kind, name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("one", "where"),
    [
        (whole("frontends", doors="doors", passages="passages"), ("frontend", "fe1")),
        (whole("backends", keepers="keepers"), ("backend", "be1")),
        (whole("backends"), ("backend", "be1")),
    ],
)
def test_what_is_read_and_put_again_is_the_same_text(one, where):
    before = section(*where)
    assert one.put(before, one.read(before)).text == before.text


def test_rows_that_are_left_out_go_and_others_keep_their_lines():
    one, before = whole("frontends", doors="doors", passages="passages"), section("frontend", "fe1")
    values = one.read(before)
    assert [door["name"] for door in values["doors"]] == ["d1", "10.0.0.2:80"]
    values["doors"].reverse()
    del values["passages"]
    after = one.put(before, values)
    assert [line.raw for line in after.lines if "door" in line.raw] == [
        "  door 10.0.0.2:80\n",
        "  door 10.0.0.1:80 name d1  # the first\n",
    ]
    assert "pass" not in after.text and "  unknown words\n" in after.text
    assert "passages" not in one.read(after)


def test_problems_name_the_row_and_a_name_that_is_there_twice():
    one = whole("backends", keepers="keepers")
    twice = {"keepers": [{"name": "a", "address": "x"}, {"name": "a", "address": "y"}]}
    assert [(found.path, found.message) for found in one.problems(twice)] == [
        ("keepers", "keepers must not have a more than once")
    ]
    other = whole("frontends", passages="passages")
    found = list(other.problems({"passages": [{"type": "allow", "status": 404}]}))
    assert [one.path for one in found] == ["passages.0.status"]
    assert found[0].message.startswith("passages.0.status ")
