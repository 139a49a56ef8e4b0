"""Fixtures for every test: `shared`, `server`, `haproxy_program`."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.haproxy.binaries import installed
from tests.harness import recorded
from tests.harness.clean_root import CleanRoot, build_wheel, install
from tests.harness.once import made_once
from tests.harness.server import ApiServer

MakeServer = Callable[..., ApiServer]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded facts; skips where there is none."""
    folder = recorded.shared_folder()
    if folder is None:
        pytest.skip(recorded.REASON)
    return folder


@pytest.fixture(scope="session")
def make_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeServer]:
    """Start servers that live until the session ends: `make_server(configuration, settings)`."""
    if importlib.util.find_spec("dataplane_core.app") is None:
        pytest.skip("there is no server to start")
    started: list[ApiServer] = []

    def make(
        configuration: Path,
        settings: dict[str, Any] | None = None,
        environ: dict[str, str] | None = None,
    ) -> ApiServer:
        folder = tmp_path_factory.mktemp("server")
        server = ApiServer(configuration, folder, settings, environ=environ).start()
        started.append(server)
        return server

    yield make
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(make_server: MakeServer, tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    """A server on a copy of the sample configuration; tests leave it as they found it."""
    configuration = tmp_path_factory.mktemp("sample") / "haproxy.cfg"
    configuration.write_text((recorded.TOP / "config" / "haproxy.cfg").read_text("utf-8"), "utf-8")
    return make_server(configuration)


@pytest.fixture(scope="session")
def clean_root(tmp_path_factory: pytest.TempPathFactory) -> CleanRoot:
    """The built package, installed far from the clone."""
    [wheel] = made_once(tmp_path_factory, "wheel", build_wheel).glob("wheels/*.whl")
    return CleanRoot(made_once(tmp_path_factory, "root", lambda folder: install(folder, wheel)))


def one_haproxy(version: str) -> str:
    """The program of that version; skips where it is not installed."""
    program = installed().get(version)
    if program is None:
        pytest.skip(f"HAProxy {version} is not installed here")
    return str(program)


@pytest.fixture(scope="session")
def haproxy_program() -> str:
    """Any HAProxy: 2.8, which the extra `embedded` brings, if it is there."""
    found = installed()
    if not found:
        pytest.skip("no HAProxy is installed here")
    return str(found.get("2.8") or next(iter(found.values())))
