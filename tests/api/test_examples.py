"""Every example in the specification is an object that the server takes."""

import pytest

from dataplane_core.api.examples import example
from dataplane_core.api.v2 import V2
from dataplane_core.api.view import View
from dataplane_core.wiring import make_manager, register_collections

REGISTRY = register_collections(make_manager())
VIEW = View(V2(), REGISTRY, None)  # type: ignore[arg-type]
NAMES = sorted(REGISTRY.collections)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_taken(name: str) -> None:
    codec = VIEW.codec(REGISTRY.collections[name])
    shown = example(REGISTRY.collections[name], codec.project)
    if shown is not None:
        loaded = codec.load(shown)
        assert loaded.problems == ()
        assert loaded.ignored == ()
        assert codec.project(loaded.values) == shown


def test_rows_are_shown_as_their_declarations_have_them() -> None:
    shown = example(
        REGISTRY.collections["acls"], VIEW.codec(REGISTRY.collections["acls"]).project
    )
    assert shown == {"index": 0, "acl_name": "local", "criterion": "src", "value": "127.0.0.0/8 ::1"}
