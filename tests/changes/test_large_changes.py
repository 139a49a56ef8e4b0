"""Of a large change, plans and differences tell the first part, how much is left out, and read no more."""

from collections import Counter

import pytest

from dataplane_core.resources.comparison import compare, compare_first
from dataplane_core.resources.comparisons import Comparisons
from dataplane_core.resources.objects import SectionKind
from dataplane_core.text import Document
from dataplane_plugins.changes.left_out import MOST_BYTES, MOST_CHARACTERS, MOST_ITEMS
from dataplane_plugins.changes.unified import first_of_diff, unified_diff
from tests.api.support import OWN
from tests.changes.support import APPLY, WholeApi

BEFORE = "global\n\nbackend old\n  server s 192.0.2.1:80\n"
SECTIONS = 6000
LARGE = BEFORE + "".join(f"backend b{number}\n" for number in range(SECTIONS))
PLAIN = {"Content-Type": "text/plain"}


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return WholeApi(tmp_path_factory.mktemp("large"), BEFORE)


@pytest.mark.parametrize("path", [f"{OWN}/plan", f"{OWN}/diff", f"{APPLY}?dry_run=true", APPLY])
def test_a_large_change_is_told_in_part(api, path):
    answer = api.call("POST", path, raw=LARGE, headers=PLAIN)
    assert answer.status_code in (200, 202), answer.text
    told = answer.json
    assert 0 < len(told["changes"]) <= MOST_ITEMS
    assert len(told["changes"]) + told["left_out"]["sections"] == SECTIONS
    assert len(answer.content) < MOST_BYTES + 2 * MOST_CHARACTERS


def test_a_difference_is_told_whole_to_who_asks_for_that(api):
    told = api.call("POST", f"{OWN}/diff", raw=LARGE + "backend last\n", headers=PLAIN, whole=True, **{"from": 1}).json
    assert "left_out" not in told
    assert len(told["changes"]) == SECTIONS + 1
    assert told["text"].count("\n+backend") == SECTIONS + 1


def test_what_is_not_told_is_not_read(api, monkeypatch):
    asked = Counter()
    section = SectionKind.section

    def counted(self, one, name):
        asked[one.kind] += 1
        return section(self, one, name)

    monkeypatch.setattr(SectionKind, "section", counted)
    registry = api.app.services.registry
    before, after = (Document.parse(text, registry.language) for text in (BEFORE, LARGE))
    found = compare_first(registry, before, after, most=10)
    assert (len(found.changes), found.left_out, len(found.sections)) == (10, SECTIONS - 10, 10)
    assert asked == {"backend": 10}
    assert found.changes == compare(registry, before, after)[:10]


def test_rows_of_a_new_section_are_read_up_to_the_limit(api):
    registry = api.app.services.registry
    rows = "".join(f"  server s{number} 192.0.2.1:80\n" for number in range(50))
    before, after = (Document.parse(text, registry.language) for text in (BEFORE, BEFORE + "backend new\n" + rows))
    found = compare_first(registry, before, after, most=20)
    assert (len(found.changes), found.left_out, found.is_cut) == (20, 1, True)
    assert [one.reference.key for one in found.changes] == [None, *(f"s{number}" for number in range(19))]
    assert found.sections[0][1] == "created"


def test_of_too_many_objects_the_history_keeps_the_sections(api):
    registry = api.app.services.registry
    before, after = (Document.parse(text, registry.language) for text in (BEFORE, LARGE))
    touched = Comparisons(registry).touched(before, after)
    assert len(touched) == 5000
    assert {(one.collection, one.key, change) for one, change in touched} == {("backends", None, "created")}


def test_a_diff_is_cut_at_a_line():
    before, after = "a\nb\n", "".join(f"{number}\n" for number in range(100))
    whole = unified_diff(before, after)
    shown, left_out = first_of_diff(before, after, room=20)
    assert left_out == whole.count("\n") - shown.count("\n") > 0
    assert whole.splitlines()[3:6] == shown.splitlines()[3:6]
    assert first_of_diff(before, after) == (whole, 0)
