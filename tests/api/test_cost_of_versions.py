"""A GET through any version does about as much work as one through version 2: calls are counted."""

import pytest

from tests.bench import served_versions, walk


@pytest.fixture(scope="module")
def walking(tmp_path_factory):
    with served_versions.walker(tmp_path_factory.mktemp("walk") / "walk") as found:
        yield found


def calls(walking, version, what):
    """How often our own functions are called for a GET of what has just been changed."""
    place = served_versions.at(version, what)
    for measure in ("time", "count"):  # the first one makes what later ones find
        walking.measure = "time"
        walk.change_elsewhere(walking)
        walking.measure = measure
        walking.measured("GET", place.path, **place.query)
    return walking.result["calls"]


@pytest.mark.parametrize("version", served_versions.OTHERS)
@pytest.mark.parametrize("what", served_versions.OBJECTS)
def test_a_get_takes_about_as_many_calls_as_in_version_2(walking, what, version):
    assert calls(walking, version, what) <= 1.15 * calls(walking, "v2", what)
