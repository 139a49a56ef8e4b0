from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.fixtures import one_haproxy
from tests.runtime.support import Live, live


@pytest.fixture(scope="module")
def haproxy(haproxy_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One HAProxy for a module; tests leave it so that the others can run."""
    with live(haproxy_program, tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="module", params=["2.6", "2.8", "3.2"])
def each_haproxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """One HAProxy of each version for a module."""
    with live(one_haproxy(request.param), tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture
def own_haproxy(haproxy_program: str, tmp_path: Path) -> Iterator[Live]:
    """A HAProxy for one test."""
    with live(haproxy_program, tmp_path) as running:
        yield running
