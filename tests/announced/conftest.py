from collections.abc import Iterator

import pytest

from tests.announced.support import VERSIONS, Balancer, balancer
from tests.harness.fixtures import one_haproxy

INSTALLED = "2.8 installed"
"""HAProxy 2.8 with the server of the built package, which `dataplane init` has set up."""


SPOKEN = ("2.8 v3", "3.2 v3")
"""Versions of HAProxy of which the announcements are told in another version of the interface, too."""


@pytest.fixture(scope="session", params=[*VERSIONS, INSTALLED, *SPOKEN])
def of_version(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Balancer]:
    """One load balancer of each version of HAProxy."""
    version, _, how = request.param.partition(" ")
    program, folder = one_haproxy(version), tmp_path_factory.mktemp("lb")
    root = request.getfixturevalue("clean_root") if how == "installed" else None
    spoken = how if how.startswith("v") else "v2"
    with balancer(program, folder, installed=root, spoken=spoken) as found:
        yield found


@pytest.fixture
def lb(of_version: Balancer) -> Balancer:
    """A load balancer that is as it was when it started."""
    of_version.reset()
    return of_version
