"""What is put back as a version shows it changes no byte, in no version, however it is written."""

from collections.abc import Callable, Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from dataplane_core.api.served_version import ServedVersion
from dataplane_core.app import VERSIONS
from dataplane_core.testing import places
from dataplane_core.text import Document
from tests.golden.offline import registry
from tests.laws.support import SPELLINGS, Everything, odd

NAMES = [one.name for one in VERSIONS]
SPELLED = ("as it is", "all but two quoted", "zeros")
COMMENTED = """
frontend commented  # {"team": "a",  "n": 2}
  bind :1 name a  # {"k":1}
  bind :2
  bind :2 # twice
  acl x path /a  #{"nospace":1}
  acl x path /b  # just words
  errorloc302 503 /down  # {"why": "so"}
  errorfiles shop  # {"first": 1}
  errorfiles shop 403   # by hand
  email-alert mailers m
  email-alert from a@b   # {"mail":true}
  email-alert to c@d
  stick-table type ip size 1m  # table
"""

Find = Callable[[ServedVersion, Document], Iterator[str]]


def test_the_places_are_found(tmp_path: Path) -> None:
    api = Everything(tmp_path, odd(registry()) + COMMENTED)
    for name in NAMES:
        one = places.served(api, name)
        document = api.app.services.config.snapshot().document
        assert len(list(places.objects(one, document))) > 300
    assert len(list(places.lists(one, document))) > 40
    assert len(list(places.whole_sections(one, document))) > 30


def difference(before: Document, after: Document) -> list[str]:
    """The lines that were removed and added."""
    if before.text() == after.text():
        return []
    lines = (one.text().splitlines(keepends=True) for one in (before, after))
    return [line for line in unified_diff(*lines, n=0) if not line.startswith(("---", "+++", "@"))]


@pytest.mark.parametrize("spelling", SPELLED)
@pytest.mark.parametrize("find", [places.objects, places.lists, places.whole_sections])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_put_back_changes_no_byte(tmp_path: Path, name: str, find: Find, spelling: str) -> None:
    api = Everything(tmp_path, odd(registry(), SPELLINGS[spelling]) + COMMENTED)
    one = places.served(api, name)
    before = api.app.services.config.snapshot().document
    with api.transaction() as transaction:
        for path in find(one, before):
            query = f"{path}{'&' if '?' in path else '?'}transaction_id={transaction}"
            shown = api.call("GET", query)
            assert shown.status_code == 200, (path, shown.text)
            answer = api.call("PUT", query, places.unwrapped(one, shown.json))
            assert answer.status_code == 202, (path, answer.text)
            after = api.app.services.config.snapshot(transaction).document
            assert difference(before, after) == [], path
