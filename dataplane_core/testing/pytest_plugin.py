"""Fixtures, options and settings of pytest for tests of plugins.

pytest loads this module wherever the server is installed (the entry point `dataplane`), and it
costs nothing there until a test asks for one of its fixtures, whose parts are imported then.
`-p no:dataplane` leaves it out. Settings, in `pytest.ini`:

* `dataplane_plugins`: the modules of the plugins that are tested, one a line; the option
  `--dataplane-plugin` adds one.
* `dataplane_cases`: files of recorded cases, relative to `pytest.ini`; `*` stands for anything.
* `dataplane_base`: a file, the configuration that cases begin with, and that stands above the lines
  that HAProxy judges.
* `dataplane_not_judged`: `NAME: REASON` a line, collections whose lines no HAProxy here can judge.

A test that takes `dataplane_law` is called once for each law of the declarations of these plugins,
one that takes `dataplane_case` once for each recorded case. Both are in
`dataplane_core.testing.suite`, which pytest can be given instead of files of one's own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dataplane_core.testing import (
        Bench,
        FakeRuntime,
        Law,
        LocalServer,
        RecordedCase,
        TemporaryConfiguration,
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings that say which plugins are tested, and with what."""
    group = parser.getgroup("dataplane", "tests of plugins of the data plane server")
    group.addoption("--dataplane-plugin", action="append", default=[], metavar="MODULE",
                    help="a plugin that is tested, besides those of dataplane_plugins")  # fmt: skip
    parser.addini("dataplane_plugins", "modules of the plugins that are tested", "linelist", [])
    parser.addini("dataplane_cases", "files of recorded cases, in JSON Lines", "linelist", [])
    parser.addini("dataplane_base", "the configuration that cases begin with", "string", "")
    parser.addini("dataplane_not_judged", "NAME: REASON of lines that no HAProxy here knows",
                  "linelist", [])  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Call a test for each law, or for each recorded case."""
    if "dataplane_law" in metafunc.fixturenames:
        from dataplane_core.testing import declared_laws

        stated = _not_judged(metafunc.config)
        laws = [*declared_laws(_plugins(metafunc.config), stated)]
        metafunc.parametrize("dataplane_law", laws, ids=[law.name for law in laws], indirect=True)
    if "dataplane_case" in metafunc.fixturenames:
        cases = {f"{path.stem}-{case.id or number}": case
                 for path in _case_files(metafunc.config)
                 for number, case in enumerate(_read(path), 1)}  # fmt: skip
        metafunc.parametrize("dataplane_case", cases.values(), ids=[*cases], indirect=True)


@pytest.fixture
def local_server(tmp_path: Path) -> Iterator[Callable[..., "LocalServer"]]:
    """Start servers, `local_server(text, plugins, …)`, which end with the test.

    The arguments are those of `LocalServer` behind its folder; each server has a folder of its own.
    """
    from dataplane_core.testing import LocalServer

    with ExitStack() as stack:
        yield _made_in(tmp_path, "server", lambda *args, **more: stack.enter_context(
            LocalServer(*args, **more)))  # fmt: skip


@pytest.fixture
def temporary_configuration(tmp_path: Path) -> Iterator[Callable[..., "TemporaryConfiguration"]]:
    """Make configurations with their state, `temporary_configuration(text, plugins, …)`.

    The arguments are those of `TemporaryConfiguration` behind its folder; nothing listens.
    """
    from dataplane_core.testing import TemporaryConfiguration

    with ExitStack() as stack:
        yield _made_in(tmp_path, "configuration", lambda *args, **more: stack.enter_context(
            TemporaryConfiguration(*args, **more)))  # fmt: skip


@pytest.fixture
def fake_runtime(tmp_path: Path) -> Iterator[Callable[..., "FakeRuntime"]]:
    """Start a Runtime API that answers what it is told to: `fake_runtime({"show info": "…"})`.

    Its socket is `path`, to be named in a `stats socket` line of the configuration.
    """
    from dataplane_core.testing import FakeRuntime

    with ExitStack() as stack:

        def make(replies: Mapping[str, str] | None = None, **more: Any) -> FakeRuntime:
            return stack.enter_context(FakeRuntime(tmp_path / "runtime.sock", replies, **more))

        yield make


@pytest.fixture(scope="session")
def real_haproxy() -> Path:
    """Return the newest HAProxy program of this machine; skip the test where there is none."""
    from dataplane_core.haproxy.binaries import installed

    programs = installed()
    if not programs:
        pytest.skip("no HAProxy is installed here")
    newest = max(programs, key=lambda branch: tuple(map(int, branch.split("."))))
    return programs[newest]


@pytest.fixture(scope="session")
def dataplane_bench(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Bench"]:
    """Make what laws are tried on: one server for all, on a file of all examples."""
    from dataplane_core.testing import Bench

    folder = tmp_path_factory.mktemp("dataplane")
    with Bench(folder, _plugins(pytestconfig), base=_base(pytestconfig)) as bench:
        yield bench


@pytest.fixture
def dataplane_law(
    request: pytest.FixtureRequest, dataplane_bench: "Bench"
) -> Callable[[], None]:
    """Call a law: the test fails with all breaches, and is skipped where nobody can judge."""
    from dataplane_core.testing import NotJudged

    law: Law = request.param
    if law.needs_haproxy:
        dataplane_bench.haproxy = request.getfixturevalue("real_haproxy")

    def check() -> None:
        try:
            found = law.breaches(dataplane_bench)
        except NotJudged as reason:
            pytest.skip(str(reason))
        if found:
            pytest.fail("\n".join(found), pytrace=False)

    return check


@pytest.fixture(scope="session")
def dataplane_case_server(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["LocalServer"]:
    """Start the one server of all recorded cases, on the configuration that they begin with."""
    from dataplane_core.testing import LocalServer

    folder = tmp_path_factory.mktemp("dataplane-cases")
    with LocalServer(folder, _base(pytestconfig), _plugins(pytestconfig)) as server:
        yield server


@pytest.fixture
def dataplane_case(
    request: pytest.FixtureRequest, dataplane_case_server: "LocalServer"
) -> Callable[[], None]:
    """Carry a recorded case out: the test fails with all that is not as recorded."""
    case: RecordedCase = request.param

    def check() -> None:
        if found := case.breaches(dataplane_case_server):
            pytest.fail("\n".join(found), pytrace=False)

    return check


def _made_in(folder: Path, name: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """Return `make` with a new folder for each call."""
    made: list[Path] = []

    def in_a_folder_of_its_own(*args: Any, **more: Any) -> Any:
        made.append(folder / f"{name}{len(made) + 1}")
        return make(made[-1], *args, **more)

    return in_a_folder_of_its_own


def _plugins(config: pytest.Config) -> list[str]:
    found = [*config.getini("dataplane_plugins"), *config.getoption("--dataplane-plugin")]
    if not found:
        raise pytest.UsageError(
            "which plugins are tested? Name their modules as dataplane_plugins in pytest.ini, "
            "or with --dataplane-plugin"
        )
    return found


def _not_judged(config: pytest.Config) -> dict[str, str]:
    lines = (line.partition(":") for line in config.getini("dataplane_not_judged"))
    return {name.strip(): reason.strip() for name, _, reason in lines}


def _folder(config: pytest.Config) -> Path:
    return config.inipath.parent if config.inipath else config.rootpath


def _base(config: pytest.Config) -> str:
    named = config.getini("dataplane_base")
    return (_folder(config) / named).read_text("utf-8") if named else ""


def _case_files(config: pytest.Config) -> list[Path]:
    """Return the files of cases; a pattern that fits none is a mistake."""
    found = []
    for pattern in config.getini("dataplane_cases"):
        paths = sorted(_folder(config).glob(pattern))
        if not paths:
            raise pytest.UsageError(f"dataplane_cases: there is no file {pattern}")
        found += paths
    return found


def _read(path: Path) -> "list[RecordedCase]":
    from dataplane_core.testing import read_cases

    try:
        return read_cases(path)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
