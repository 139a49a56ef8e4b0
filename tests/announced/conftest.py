from collections.abc import Iterator

import pytest

from tests.announced.support import VERSIONS, Balancer, balancer
from tests.harness.fixtures import one_haproxy


@pytest.fixture(scope="session", params=VERSIONS)
def of_version(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Balancer]:
    """One load balancer of each version of HAProxy."""
    with balancer(one_haproxy(request.param), tmp_path_factory.mktemp("lb")) as found:
        yield found


@pytest.fixture
def lb(of_version: Balancer) -> Balancer:
    """A load balancer that is as it was when it started."""
    of_version.reset()
    return of_version
