"""The recorded cases of the interface, against a running server.

Which resources are run follows from the served specification: a family that is added is checked
from then on without a word here.
"""

from argparse import Namespace
from pathlib import Path

import pytest

from tests.golden.programs import loaded
from tests.harness.recorded import collections_of_resources, served_paths
from tests.harness.server import PASSWORD, USER, ApiServer

ALLOW = Path(__file__).with_name("allow.txt")

pytestmark = [pytest.mark.recorded, pytest.mark.server]


def implemented(server: ApiServer, shared: Path) -> list[str]:
    """The resources whose recorded collection the server has."""
    served = served_paths(server.specification())
    known = collections_of_resources(shared)
    return sorted(resource for resource, paths in known.items() if paths <= served)


@pytest.mark.parametrize("kind", ["write", "put", "rejected", "parse"])
def test_recorded_cases(
    golden_server: ApiServer, shared: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    resources = implemented(golden_server, shared)
    assert {"backend", "server", "frontend", "bind", "global", "http_request_rule"} <= set(
        resources
    )
    program = loaded(shared, "golden_check")
    files = str(golden_server.configuration.with_name("files"))
    asked = Namespace(
        url=golden_server.url, user=f"{USER}:{PASSWORD}", files=files, cases=program.GOLDEN, kind=[kind],
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
