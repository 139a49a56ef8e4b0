"""The recorded cases of the interface, against a running server.

Which resources are run follows from the served specification: a family that is added is checked
from then on without a word here.
"""

import subprocess
import sys
from pathlib import Path

import pytest

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
def test_recorded_cases(golden_server: ApiServer, shared: Path, kind: str) -> None:
    resources = implemented(golden_server, shared)
    assert {"backend", "server", "frontend", "bind", "global", "http_request_rule"} <= set(
        resources
    )
    command = [
        *(sys.executable, str(shared / "tools" / "golden_check.py"), "run"),
        *("--url", golden_server.url, "--user", f"{USER}:{PASSWORD}"),
        *("--files", str(golden_server.configuration.with_name("files"))),
        *("--allow", str(ALLOW), "--kind", kind),
    ]
    for resource in resources:
        command += ["--resource", resource]
    told = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert told.returncode == 0, f"{told.stdout}\n{told.stderr[:6000]}"
    assert "allowed, but it holds" not in told.stderr, told.stderr


def test_every_allowed_case_names_its_reason() -> None:
    lines = [line for line in ALLOW.read_text("utf-8").splitlines() if line.strip()]
    cases = [line.split(None, 2) for line in lines if not line.startswith("#")]
    assert all(len(case) == 3 for case in cases)
    assert len(cases) < 60
