"""The recorded cases of the interface, against the application and against a running server.

Which resources are run follows from the served specification: a family that is added is checked
from then on without a word here.
"""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.golden.programs import asking, loaded
from tests.harness.fixtures import MakeServer
from tests.harness.in_process import AppServer
from tests.harness.recorded import collections_of_resources, prepare_golden, served_paths
from tests.harness.server import PASSWORD, USER, ApiServer

ALLOW = Path(__file__).with_name("allow.txt")

pytestmark = pytest.mark.recorded


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "odd"])
def application(
    request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ModuleType, AppServer]]:
    """The program that runs the cases, and the application that it asks."""
    program = loaded(shared, "golden_check")
    with asking(program, shared, tmp_path_factory.mktemp("golden"), request.param) as server:
        yield program, server


def implemented(program: ModuleType, url: str, shared: Path) -> list[str]:
    """The resources whose recorded collection the server has."""
    status, document = program.Client(url, f"{USER}:{PASSWORD}").call("GET", "/v2/specification")
    assert status == 200, document
    served = served_paths(document)
    known = collections_of_resources(shared)
    return sorted(resource for resource, paths in known.items() if paths <= served)


@pytest.mark.parametrize("kind", ["write", "put", "rejected", "parse"])
def test_recorded_cases(
    application: tuple[ModuleType, AppServer],
    shared: Path,
    kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    check(*application, shared, kind, capsys)


@pytest.mark.server
def test_a_server_answers_recorded_cases(
    make_server: MakeServer,
    shared: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = make_server(prepare_golden(shared, tmp_path, odd=False))
    check(loaded(shared, "golden_check"), server, shared, "put", capsys)


def check(
    program: ModuleType,
    server: ApiServer | AppServer,
    shared: Path,
    kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Run all cases of a kind."""
    resources = implemented(program, server.url, shared)
    assert {"backend", "server", "frontend", "bind", "global", "http_request_rule"} <= set(
        resources
    )
    files = str(server.configuration.with_name("files"))
    asked = Namespace(
        url=server.url, user=f"{USER}:{PASSWORD}", files=files, cases=program.GOLDEN, kind=[kind],
        resource=resources, sample=None, show=20, allow=str(ALLOW), json=False,
    )  # fmt: skip
    result = program.run(asked)
    out, err = capsys.readouterr()
    assert result == 0, f"{out}\n{err[:6000]}"
    assert "allowed, but it holds" not in err, err


def test_every_allowed_case_names_its_reason() -> None:
    lines = [line for line in ALLOW.read_text("utf-8").splitlines() if line.strip()]
    cases = [line.split(None, 2) for line in lines if not line.startswith("#")]
    assert all(len(case) == 3 for case in cases)
    assert len(cases) < 60
