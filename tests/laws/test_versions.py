"""Rules, ACLs, filters and checks through one version and another: nothing is lost between them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from dataplane_core.api.v3 import V3
from dataplane_core.codec.codec import Codec
from dataplane_core.resources.collections import RowCollection
from tests.golden.offline import registry
from tests.laws.support import Everything, odd

TOP = V3.prefix + V3.configuration
FAMILIES = ("_rules", "_checks", "acls", "captures", "filters")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return Everything(tmp_path_factory.mktemp("versions"), odd(registry()))


def lists(api: Everything) -> Iterator[tuple[RowCollection, str, dict[str, str]]]:
    """Each list of rows: its collection, its path in version 3 and its query in version 2."""
    document = api.app.services.config.snapshot().document
    for one in api.registry.all_rows():
        if not one.name.endswith(FAMILIES):
            continue
        for kind in one.parents:
            above = api.registry.path_above_rows(kind, V3.name)
            for section in document.of_kind(kind) if above and kind != "listen" else ():
                if section.name:
                    label = {"parent_type": one.query.label(kind), "parent_name": section.name}
                    query = label if one.query.typed else {str(one.query.parameter): section.name}
                    name = quote(section.name, safe="")
                    yield one, f"{TOP}/{above}/{name}/{one.name}", query


def call(api: Everything, method: str, path: str, body: Any = None) -> Any:
    version = {} if method == "GET" else {"version": api.version}
    answer = api.call(method, path, body, **version)
    assert answer.status_code < 300, f"{method} {path} {body}: {answer.text}"
    return answer.json if answer.text else None


def test_lists_and_rows_that_are_put_back_change_nothing(api: Everything) -> None:
    before, tried = api.text, set()
    for one, path, _ in lists(api):
        shown = call(api, "GET", path)
        call(api, "PUT", path, shown)
        assert api.text == before, path
        for at, row in enumerate(shown):
            call(api, "PUT", f"{path}/{at}", row)
            assert api.text == before, f"{path}/{at}: {row}"
            tried.add(one.name)
    assert len(tried) >= 13


def test_what_one_version_writes_the_other_reads(api: Everything) -> None:
    """As far as that one can say it: actions that only version 3 has are not compared."""
    before, compared = api.text, 0
    v2 = next(one.view for one in api.app.served if one.version.name == "v2")
    for one, path, query in lists(api):
        rows = next((rows for rows in v2.collections if rows.name == one.name), None)
        label = query.get("parent_type", one.query.label(one.parents[0]))
        if not isinstance(rows, RowCollection) or label not in map(one.query.label, rows.parents):
            continue
        shown = zip(api.get(one.name, **query), call(api, "GET", path), strict=True)
        pairs = [(old, new) for old, new in shown if "x_unmanaged" not in old and is_sayable(v2.codec(rows), old)]
        behind = len(api.get(one.name, **query))
        for old, new in pairs:
            old, new = old | {"index": behind}, {key: value for key, value in new.items() if key != "metadata"}
            api.change("POST", one.name, old, **query)
            assert call(api, "GET", f"{path}/{behind}") == new
            call(api, "DELETE", f"{path}/{behind}")
            call(api, "POST", f"{path}/-1", new)
            assert api.get(f"{one.name}/{behind}", **query) == old
            call(api, "DELETE", f"{path}/{behind}")
            compared += 1
    assert api.text == before
    assert compared > 120


def is_sayable(codec: Codec, row: dict[str, Any]) -> bool:
    """Whether a version knows all the words of a row that it shows."""
    props = {name: node.prop for name, node in codec.root.children.items()}
    return all(not prop or not prop.enum or row[name] in prop.enum for name, prop in props.items() if name in row)
