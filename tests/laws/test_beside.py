"""A change of one property leaves the words of all others as they are, however they are spelled."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.grammar import Prop
from dataplane_core.resources.collections import RowCollection
from dataplane_core.text.tokens import split_words
from tests.golden.offline import registry
from tests.laws.support import SPELLINGS, Everything, odd, places, text_in, tried

SOME = ("second word quoted", "all but two quoted", "escaped", "zeros", "foreign letters")
CANDIDATES: dict[str, tuple[Any, ...]] = {
    "string": ("zz9", "10.9.8.7", "9", "txn", "/zz9", "{ src 10.9.8.7 }", "10.9.8.0/24"),
    "integer": (200, 7, 1, 100, 503, 16385, 70000),
    "boolean": (True, False),
}


TWICE = frozenset({"tune_ssl_default_dh_param"})
"""Properties that the interface has under a second name."""

ROWS = [one for one in registry().all_rows() if "replace" in one.operations]
SECTIONS = [
    one
    for one in registry().collections.values()
    if not isinstance(one, RowCollection) and "replace" in one.operations
]


@pytest.fixture(scope="module", params=SOME)
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Everything:
    folder: Path = tmp_path_factory.mktemp("beside")
    return Everything(folder, odd(registry(), SPELLINGS[request.param]))


def changes(props: tuple[Prop, ...], body: dict[str, Any], key: object) -> Iterator[tuple[str, Any]]:
    """For each property that a body has, a value that the interface takes in its place."""
    for prop in props:
        old = body.get(prop.name)
        if old is None or prop.name == key or prop.json not in CANDIDATES or prop.read_only:
            continue
        for value in prop.enum or CANDIDATES[prop.json]:
            if value != old and fits(prop, value):
                yield prop.name, value
                break


def fits(prop: Prop, value: Any) -> bool:
    if prop.pattern is not None and not re.search(prop.pattern, value, re.ASCII):
        return False
    low, high = prop.minimum, prop.maximum
    return not (low is not None and value < low) and not (high is not None and value > high)


def difference(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that differ, as they were and as they are."""
    pairs = zip(before.split("\n"), after.split("\n"), strict=True)
    unequal = [pair for pair in pairs if pair[0] != pair[1]]
    return [old for old, _ in unequal], [new for _, new in unequal]


def words(lines: list[str]) -> Counter[str]:
    return Counter(word for line in lines for word in split_words(line))


@pytest.mark.parametrize("name", [one.name for one in ROWS])
def test_the_other_words_of_a_row_stay(api: Everything, name: str) -> None:
    one = api.registry.collections[name]
    assert isinstance(one, RowCollection)
    with tried(api) as transaction:
        each_word(api, one, transaction)


def each_word(api: Everything, one: RowCollection, transaction: str) -> None:
    """Change each property of some row, and look at the words of its line."""
    done: set[str] = set()
    for path, place in list(places(api, one)):
        query = {**place, "transaction_id": transaction}
        body = api.get(path, **query)
        for changed, value in changes(one.props, body, one.key):
            if changed in done or changed in ("type", "index", "action"):
                continue
            before = text_in(api, transaction)
            answer = api.call("PUT", path, {**body, changed: value}, **query)
            if answer.status_code == 422:
                others = [name for name in body if name != changed and f"{name} in body" in answer.text]
                assert not others, f"{path} {changed}: {answer.text}"
                continue
            assert answer.status_code == 202, answer.text
            done.add(changed)
            if "warning" in answer.headers:
                break  # what the new value does not go with is left out
            gone, new = difference(before, text_in(api, transaction))
            assert len(gone) <= 1, (changed, gone, new)
            if one.unnamed is not None and "name" not in words(new):
                break  # the row has another made-up name now
            after = api.get(path, **query)
            assert {**after, changed: 0} == {**body, changed: 0}, (changed, value, gone, new)
            lost = words(gone) - words(new)  # the value, and the quotes of its own keywords
            assert lost.total() <= len(str(body[changed]).split()) + 2, (changed, gone, new)
            body = after


@pytest.mark.parametrize("name", [one.name for one in SECTIONS])
def test_the_other_lines_of_a_section_stay(api: Everything, name: str) -> None:
    one = api.registry.collections[name]
    with tried(api) as transaction:
        each_line(api, one, transaction)


def each_line(api: Everything, one: Any, transaction: str) -> None:
    """Change each number of a section, and look at the section's other lines."""
    numbers = tuple(prop for prop in one.props if prop.json == "integer" and "." not in prop.name)
    done: set[str] = set()
    for path, place in list(places(api, one)):
        query = {**place, "transaction_id": transaction}
        body = api.get(path, **query)
        absent = {prop.name: 0 for prop in numbers if prop.name not in done}
        for changed, value in changes(numbers, {**absent, **body}, None):
            if changed in done or changed in TWICE:
                continue
            before = text_in(api, transaction)
            answer = api.call("PUT", path, {**body, changed: value}, **query)
            assert answer.status_code == 202, answer.text
            done.add(changed)
            gone = Counter(before.split("\n")) - Counter(text_in(api, transaction).split("\n"))
            assert sum(gone.values()) <= 1, (changed, value, gone)
            after = api.get(path, **query)
            unknown = {"x_unmanaged": None}  # a line that could not be read before can be now
            assert {**after, changed: 0, **unknown} == {**body, changed: 0, **unknown}
            body = after
