"""A row is found by its name as it is in the list of all rows, although only some lines are read."""

import pytest

from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.locate import find_named, is_taken, named_rows
from dataplane_core.text import Document, Section
from tests.golden.offline import registry
from tests.laws.support import SPELLINGS, odd


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_row_is_found_as_in_the_list_of_all(spelling: str) -> None:
    every = registry()
    document = Document.parse(odd(every, SPELLINGS[spelling]), every.language)
    found = 0
    for rows in every.collections.values():
        if not isinstance(rows, RowCollection) or rows.key is None:
            continue
        for section in (one for one in document.sections if one.kind in rows.parents):
            for name, row in named_rows(rows, section).items():
                other = Section.parse(section.text, section.language)
                for again in (find_named(rows, other, name), is_taken(rows, other, name) and find_named(rows, other, name)):
                    assert again and again.at == row.at, (rows.name, name)
                found += 1
            assert find_named(rows, Section.parse(section.text, section.language), "no such row") is None
    assert found > 50
