"""The masks of the versions of the interface are what their published facts make of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.api.served_version import ServedVersion
from dataplane_core.codec.codec import Codec
from dataplane_core.codec.shape import build
from dataplane_plugins.configuration import masks as own_masks
from tests.harness import masks
from tests.harness.recorded import reference

pytestmark = pytest.mark.recorded
VERSIONS = ("v1", "v2", "v3")


@pytest.fixture(scope="module")
def v2(tmp_path_factory: pytest.TempPathFactory) -> ServedVersion:
    return masks.served(tmp_path_factory.mktemp("masks"))


def test_the_files_are_those_that_the_facts_make(shared: Path, v2: ServedVersion) -> None:
    made = masks.masks(shared, v2)
    assert {file.name: file.read_text("utf-8") for file in masks.FOLDER.glob("*.json")} == made


@pytest.mark.parametrize("version", VERSIONS)
def test_a_mask_names_nothing_that_the_version_publishes(shared: Path, version: str) -> None:
    own = masks.published(reference(shared, masks.FACTS[version]))
    mask = json.loads((masks.FOLDER / f"{version}.json").read_text("utf-8"))
    assert own.collections.isdisjoint(mask["collections"])
    assert own.paths.isdisjoint(mask["paths"])
    for name, paths in own.schemas.items():
        for lacking in mask["properties"].get(name, ()):
            assert not [path for path in paths if f"{path}.".startswith((f"{lacking}.", f"{lacking}["))]
        for path, words in mask["values"].get(name, {}).items():
            assert paths[path].isdisjoint(words)


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_what_is_served_of_the_published_paths_is_the_version_s_own(
    shared: Path, v2: ServedVersion, version: str
) -> None:
    """Of the paths that plugins add; what no version publishes is in all."""
    facts = {release: masks.published(reference(shared, release)) for release in masks.ALL_FACTS}
    collections = {one.name for one in v2.view.collections}
    served = {route.shape for route in v2.routes}
    added = {path for path in served if masks.collection_of(path) not in collections}
    every = set().union(*(one.paths for one in facts.values()))
    shown = added - v2.view.registry.mask_of(version).paths
    every -= masks.OF_EVERY_VERSION
    assert shown & every == added & facts[masks.FACTS[version]].paths & every
    assert added - every <= shown


def test_what_another_version_publishes_is_known_in_a_body(shared: Path, v2: ServedVersion) -> None:
    """A strict codec ignores it with a warning, and does not refuse it."""
    known, wrong = masks.shown(v2), []
    for codec in _codecs(v2):
        here = known.schemas[codec.name].keys()
        for release in masks.ALL_FACTS:
            paths = masks.published(reference(shared, release)).schemas.get(codec.name, {})
            wrong += [
                f"{codec.name} {path} of {release}"
                for path in paths.keys() - here
                if not path.endswith("[]") and not codec.is_known_elsewhere(path)
            ]
    assert not wrong, "\n".join(wrong)


def _codecs(one: ServedVersion) -> list[Codec]:
    found: dict[str, Any] = {}
    for route in one.routes:
        for operation in route.operations.values():
            codec = operation.body and operation.body.codec
            if isinstance(codec, Codec):
                found[codec.name] = codec
    return list(found.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_has_a_shape_in_every_version(v2: ServedVersion, version: str) -> None:
    for one in v2.view.registry.collections.values():
        assert bool(build(one.props, version).children) == bool(one.props), one.name


def test_each_file_is_read():
    folder = Path(own_masks.__file__).parent
    assert {f"{version}.json" for version in own_masks.VERSIONS} == {path.name for path in folder.glob("*.json")}
