"""Objects made from the declarations: what one version writes the others show, keep and write alike.

`DATAPLANE_OBJECTS=2000` makes more of them.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dataplane_core.api.served_version import ServedVersion
from dataplane_core.app import VERSIONS
from dataplane_core.testing import places
from tests.api.support import TRANSACTIONS
from tests.grammar.generate import WORDS
from tests.laws.support import Everything
from tests.versions.generated import BASE, COLLECTIONS, Maker, Place, kinds

OBJECTS = int(os.environ.get("DATAPLANE_OBJECTS", "300"))
NOT_TRIED = {"peer_section"}
"""There is no PUT of a `peers` section."""

NAMES = [one.name for one in VERSIONS]
MAKERS = {name: Maker(one) for name, one in COLLECTIONS.items()}
FEW = settings(
    max_examples=max(2, OBJECTS // len(COLLECTIONS)),
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
METADATA = {"owner": {"team": "a b", "since": 2}}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return Everything(tmp_path_factory.mktemp("generated"), BASE)


@contextmanager
def place(api: Everything, name: str, kind: str) -> Iterator[Place]:
    """A place in a transaction that is never committed."""
    begun = api.call("POST", TRANSACTIONS, version=api.version).json["id"]
    try:
        yield Place(api, name, kind, begun)
    finally:
        assert api.call("DELETE", f"{TRANSACTIONS}/{begun}").status_code == 204


def having(api: Everything, at: Place) -> list[ServedVersion]:
    """The versions that have the collection."""
    every = (places.served(api, name) for name in NAMES)
    return [one for one in every if at.collection(one) is not None]


def holds(whole: Any, part: Any) -> bool:
    """Whether all that `part` says is said by `whole`, in nested objects, too."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and holds(whole[name], value) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(holds, whole, part))
    return bool(whole == part)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_what_one_version_writes_all_show_and_keep(api: Everything, name: str) -> None:
    tried = set()

    @FEW
    @given(st.data())
    def law(data: st.DataObject) -> None:
        writer = places.served(api, data.draw(st.sampled_from(NAMES)))
        found = kinds(writer, name)
        if not found:
            return
        with place(api, name, data.draw(st.sampled_from(found))) as at:
            if at.collection(writer) is None or not at.write(writer, at.body(writer, MAKERS[name].draw(data))):
                return
            tried.add(writer.version.name)
            check(at, writer, having(api, at))

    law()
    assert tried


def check(at: Place, writer: ServedVersion, versions: list[ServedVersion]) -> None:
    """What all versions show is what the file says; put back, it changes no byte."""
    text, shown, is_named = at.text, at.shown(writer), at.is_named
    said = at.said(writer, shown)
    for other in versions:
        told = at.shown(other)
        assert holds(at.values, at.said(other, told)), (text, told)
        if at.can_replace(other):
            assert at.replace(other, told) < 300, (at.answer, told)
        assert at.text == text, told
        if other is writer or at.said(other, told) != said or not at.can_say(other, told):
            continue
        at.remove(other)
        assert at.write(other, told), (at.answer, told)
        assert holds(at.shown(writer), shown), told  # new objects have the version's defaults, too
        at.remove(other)
        assert at.write(writer, shown), (at.answer, shown)
        if not is_named:
            return  # the line has the made-up name now
        assert at.text == text


@pytest.mark.parametrize("name", COLLECTIONS)
def test_older_versions_lose_nothing_of_what_version_3_writes(api: Everything, name: str) -> None:
    tried = set()

    @FEW
    @given(st.data())
    def law(data: st.DataObject) -> None:
        new = places.served(api, "v3")
        found = kinds(new, name)
        if not found:
            return
        with place(api, name, data.draw(st.sampled_from(found))) as at:
            if at.collection(new) is None:
                return
            body = {**at.body(new, MAKERS[name].draw(data)), "metadata": METADATA}
            if at.write(new, body):
                assert at.shown(new).get("metadata") == METADATA
                for old in filter(at.can_replace, having(api, at)):
                    tried.add(old.version.name)
                    change_one(data, at, old, new)

    law()
    assert tried or name in NOT_TRIED or not kinds(places.served(api, "v3"), name)


def leaves(shown: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all numbers and strings of an object."""
    if isinstance(shown, dict | list):
        for key, value in shown.items() if isinstance(shown, dict) else enumerate(shown):
            yield from leaves(value, (*path, key))
    elif type(shown) in (int, str):
        yield path


def change_one(data: st.DataObject, at: Place, old: ServedVersion, new: ServedVersion) -> None:
    """A PUT through an old version of what it shows, one number or string of it changed."""
    shown = at.shown(old)
    paths = [path for path in leaves(shown) if path[0] not in at.addressed_by(old) and "metadata" not in path]
    if not paths:
        return
    *above, last = data.draw(st.sampled_from(paths))
    inside: Any = shown
    for key in above:
        inside = inside[key]
    was = inside[last]
    inside[last] = was + data.draw(st.sampled_from([1, -1, 1000])) if type(was) is int else data.draw(WORDS)
    text, before = at.text, at.values
    if at.replace(old, shown) >= 300:
        return
    seen = f"{at.text}\n{old.version.name} {above} {last}: {was} → {inside[last]}\n{text}"
    assert at.shown(new)["metadata"] == METADATA, seen
    gone = Counter(text.split()) - Counter(at.text.split())
    assert gone.total() <= len(str(was).split()), seen
    values = at.values
    other = {path for path in before.keys() | values.keys() if before.get(path) != values.get(path)}
    assert len(other) <= 1, (other, seen)
