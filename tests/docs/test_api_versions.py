"""docs/api-versions.md names every version that can be served, with its release and what it shows."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from dataplane_core.api.served_version import RoutedVersion
from dataplane_core.app import VERSIONS
from tests.api.support import Api
from tests.harness.recorded import TOP

TEXT = (TOP / "docs" / "api-versions.md").read_text("utf-8")
README = (TOP / "README.md").read_text("utf-8")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda one: one.name)
def test_every_version_is_there_with_its_release(version: RoutedVersion) -> None:
    release = re.fullmatch(r"v(\d+\.\d+)\.\d+", version.release)
    assert release is not None
    assert f"| `{version.prefix}` | Data Plane API {release[1]} |" in TEXT
    assert f"* **`{version.prefix}`**" in TEXT
    assert f"`http://127.0.0.1:5555{version.prefix}/docs`" in README


class Whole(Api):
    """The application with all plugins."""

    def wanted(self, plugins: object) -> None:
        return None


def test_what_is_to_be_read_is_served(tmp_path: Path) -> None:
    api = Whole(tmp_path)
    row = re.compile(r"^\| `/v\d+` \| .* \| (.*) \|$", re.MULTILINE)
    paths = [path for cells in row.findall(TEXT) for path in re.findall(r"`([^`]+)`", cells)]
    served = tuple(f"{one.version.prefix}/" for one in api.app.served)
    asked = [path for path in paths if path.startswith(served)]
    assert len(asked) >= 2 * len(served)
    assert {path: api.call("GET", path).status_code for path in asked} == dict.fromkeys(asked, 200)


def test_the_versions_that_are_deprecated_are_those_that_say_so() -> None:
    told = set(re.findall(r"^\* \*\*`/(v\d+)`\*\* .*\bdeprecated\b", TEXT, re.MULTILINE))
    deprecated = {one.name for one in VERSIONS if one.deprecated is not None}
    assert deprecated == told & {one.name for one in VERSIONS}


def test_the_deprecation_that_is_shown_is_that_of_a_version() -> None:
    shown = re.search(r"^Deprecation: @(\d+)$", TEXT, re.MULTILINE)
    assert shown is not None
    moments: set[datetime] = {one.deprecated for one in VERSIONS if one.deprecated is not None}
    assert not moments or int(shown[1]) in {int(one.timestamp()) for one in moments}
