"""Fixtures for tests of plugins; pytest loads them only where it is told to.

In pytest's settings: `addopts = -p dataplane_core.testing.pytest_plugin`. There is no entry point:
whoever has this server installed would else have its fixtures in tests of anything.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.haproxy.binaries import installed
from dataplane_core.testing import FakeRuntime, LocalServer

MakeServer = Callable[..., LocalServer]
MakeRuntime = Callable[..., FakeRuntime]


@pytest.fixture
def local_server(tmp_path: Path) -> Iterator[MakeServer]:
    """Start servers, `local_server(text, plugins, …)`, which end with the test.

    The arguments are those of `LocalServer` behind its folder; each server has a folder of its own.
    """
    with ExitStack() as stack:
        started = 0

        def make(*args: Any, **more: Any) -> LocalServer:
            nonlocal started
            started += 1
            folder = tmp_path / f"server{started}"
            return stack.enter_context(LocalServer(folder, *args, **more))

        yield make


@pytest.fixture
def fake_runtime(tmp_path: Path) -> Iterator[MakeRuntime]:
    """Start a Runtime API that answers what it is told to: `fake_runtime({"show info": "…"})`.

    Its socket is `path`, to be named in a `stats socket` line of the configuration.
    """
    with ExitStack() as stack:

        def make(replies: Mapping[str, str] | None = None, **more: Any) -> FakeRuntime:
            return stack.enter_context(FakeRuntime(tmp_path / "runtime.sock", replies, **more))

        yield make


@pytest.fixture(scope="session")
def real_haproxy() -> Path:
    """Return the newest HAProxy program of this machine; skip the test where there is none."""
    programs = installed()
    if not programs:
        pytest.skip("no HAProxy is installed here")
    newest = max(programs, key=lambda branch: tuple(map(int, branch.split("."))))
    return programs[newest]
