"""Every example in the specification of a version is an object that the server takes there."""

import pytest

from dataplane_core.api.examples import example
from dataplane_core.api.view import View
from dataplane_core.app import VERSIONS
from dataplane_core.wiring import make_manager, register_collections

REGISTRY = register_collections(make_manager())
VIEWS = {one.name: View(one, REGISTRY, None) for one in VERSIONS}  # type: ignore[arg-type]
EVERY = [(version, one) for version, view in VIEWS.items() for one in view.collections]


@pytest.mark.parametrize(
    ("version", "collection"), EVERY, ids=[f"{version} {one.name}" for version, one in EVERY]
)
def test_an_example_is_taken(version, collection) -> None:
    codec = VIEWS[version].codec(collection)
    shown = example(collection, codec)
    if shown is not None:
        loaded = codec.load(shown)
        assert loaded.problems == ()
        assert loaded.ignored == ()
        taken = codec.project(loaded.values)  # with what the version adds by itself
        assert {name: taken.get(name) for name in shown} == shown


def test_rows_are_shown_as_their_declarations_have_them() -> None:
    collection = REGISTRY.collections["acls"]
    shown = example(collection, VIEWS["v2"].codec(collection))
    assert shown == {"index": 0, "acl_name": "local", "criterion": "src", "value": "127.0.0.0/8 ::1"}
