"""What other versions of the interface know is taken with a warning, checked against the facts."""

import json

import pytest

from dataplane_core.api.routes import Routes
from dataplane_core.api.served_version import ServedVersion
from dataplane_core.api.v2 import V2
from dataplane_core.settings import Settings
from dataplane_core.wiring import make_services

pytestmark = pytest.mark.recorded
RENAMED = {"fcgi_app": "fcgiApp"}


def paths(document: dict, schema: dict, prefix: str = "", depth: int = 0) -> set[str]:
    """The dotted paths of all properties; `[]` is an item of an array."""
    while "$ref" in schema:
        place = document
        for part in schema["$ref"].split("/")[1:]:
            place = place[part]
        schema = place
    found = set()
    if depth > 6:
        return found
    for part in schema.get("allOf", []):
        found |= paths(document, part, prefix, depth)
    for name, inner in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        below = paths(document, inner, path + ".", depth + 1)
        items = inner.get("items")
        if items is not None:
            below |= paths(document, items, path + "[].", depth + 1)
        found |= {path} | below
    return found


@pytest.fixture(scope="module")
def models(shared):
    """By version and model, the paths of its properties."""
    found = {}
    for version in ("v1.2", "v2.6", "v2.9", "v3.4"):
        document = json.loads((shared / "spec" / f"{version}.json").read_text("utf-8"))
        schemas = document.get("definitions") or document["components"]["schemas"]
        found[version] = {
            RENAMED.get(name, name): paths(document, schema) for name, schema in schemas.items()
        }
    return found


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "haproxy.cfg").write_text("global\n")
    settings = Settings.default().replace(
        **{
            "haproxy.config_file": str(folder / "haproxy.cfg"),
            "dataplane.state_dir": str(folder / "state"),
        }
    )
    return ServedVersion(V2(), make_services(settings), Routes()).view


def test_every_property_of_another_version_is_ignored_and_none_of_this_one(models, view):
    wrong = []
    for one in view.registry.collections.values():
        codec = view.codec(one)
        here = models["v2.9"].get(codec.name, set())
        known = {node.rstrip("[]") for node in _known(codec.root)}
        for version in ("v1.2", "v2.6", "v3.4"):
            for path in models[version].get(codec.name, set()) - here - known:
                if not codec.is_foreign(path):
                    wrong.append(f"{codec.name} {path} of {version}")
    assert not wrong, "\n".join(wrong)


def _known(node) -> set[str]:
    found = set()
    for child in node.children.values():
        found |= {child.path} | _known(child)
        if child.item is not None:
            found |= _known(child.item)
    return found
