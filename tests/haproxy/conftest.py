from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.haproxy.support import CONFIGURATION, VERSIONS
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import HaproxyProcess
from tests.harness.waiting import until


@pytest.fixture(scope="session", params=VERSIONS)
def shared_haproxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HaproxyProcess]:
    """One running HAProxy of each version, for commands that leave the others alone."""
    program = one_haproxy(request.param)
    with start(program, tmp_path_factory.mktemp("live")) as process:
        yield process


@pytest.fixture(params=VERSIONS)
def own_haproxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HaproxyProcess]:
    """A running HAProxy of each version for one test, which may reload it."""
    with start(one_haproxy(request.param), tmp_path) as process:
        yield process


@pytest.fixture
def haproxy(haproxy_program: str, tmp_path: Path) -> Iterator[HaproxyProcess]:
    """A running HAProxy for one test."""
    with start(haproxy_program, tmp_path) as process:
        yield process


@contextmanager
def start(program: str, folder: Path) -> Iterator[HaproxyProcess]:
    (folder / "words.map").touch()
    configuration = folder / "haproxy.cfg"
    configuration.write_text(CONFIGURATION.format(folder=folder), "utf-8")
    with HaproxyProcess(program, configuration, folder) as process:
        until((folder / "worker.sock").exists)
        yield process
