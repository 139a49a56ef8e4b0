from collections.abc import Iterator

import pytest

from tests.announced.support import VERSIONS, Balancer, balancer
from tests.harness.fixtures import one_haproxy

INSTALLED = "2.8 installed"
"""HAProxy 2.8 with the server of the built package, which `dataplane init` has set up."""


@pytest.fixture(scope="session", params=[*VERSIONS, INSTALLED])
def of_version(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Balancer]:
    """One load balancer of each version of HAProxy."""
    version, _, installed = request.param.partition(" ")
    program = one_haproxy(version)
    root = request.getfixturevalue("clean_root") if installed else None
    with balancer(program, tmp_path_factory.mktemp("lb"), installed=root) as found:
        yield found


@pytest.fixture
def lb(of_version: Balancer) -> Balancer:
    """A load balancer that is as it was when it started."""
    of_version.reset()
    return of_version
