"""Paths of resources lead back to the objects that they are the paths of, over the whole language."""

import pytest

from dataplane_core.api.v3 import V3
from dataplane_core.api.view import View
from dataplane_core.errors import BadRequest, Reference
from dataplane_core.resources.collections import RowCollection, SectionCollection
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins.changes.past.paths import ResourcePaths

REGISTRY = register_collections(make_manager())
VIEW = View(V3(), REGISTRY, None)  # type: ignore[arg-type]
PATHS = ResourcePaths(VIEW)


def test_every_path_leads_back() -> None:
    asked = 0
    for one in VIEW.collections:
        if isinstance(one, RowCollection):
            key = 37 if one.indexed else "a b/c"
            wanted = [Reference(one.name, kind, "x/y", key) for kind in one.parents if kind not in ("global", "traces")]
        elif isinstance(one, SectionCollection):
            wanted = [Reference(one.name, one.kind, "x/y")]
        else:
            wanted = [Reference(one.name, one.kind, "")]
        for reference in wanted:
            path = VIEW.location(reference)
            if reference.key is None or "/37" in path or "a%20b%2Fc" in path:
                asked += 1
                assert reference in PATHS.references(path), path
    assert asked > 90


@pytest.mark.parametrize("path", ["", "/", "backends", "backends/a/b/c/d", "x" * 5000, "/v3/services/haproxy/sites/x"])
def test_what_is_no_path_of_a_resource_is_refused(path: str) -> None:
    with pytest.raises(BadRequest, match="is no path of a resource"):
        PATHS.references(path)


@pytest.mark.parametrize("index", ["9" * 5000, "1_0", "\u0663", "x", "+1"])
def test_an_index_that_is_no_number_names_no_rule(index: str) -> None:
    found = PATHS.references(f"frontends/fe/http_request_rules/{index}")
    assert found and {one.key for one in found} == {-1}
