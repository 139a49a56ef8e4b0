"""The packages of contrib/examples: their own tests, in an environment of the built server and them."""

import re
import shutil
from pathlib import Path

import pytest

from tests.harness.clean_root import CleanRoot, build, install
from tests.harness.recorded import TOP

EXAMPLES = TOP / "contrib" / "examples"
PACKAGES = {
    "udp-lb": ["test_dataplane_udp_lb.py"],
    "enterprise": ["tests"],
    "maintenance": ["test_dataplane_maintenance.py"],
}
"""The packages with tests of their own, and where these stand."""

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def installed(clean_root: CleanRoot, tmp_path_factory: pytest.TempPathFactory) -> CleanRoot:
    """An environment with the server's wheel and all packages, which pip has installed."""
    folder = tmp_path_factory.mktemp("examples")
    sources = [folder / "sources" / name for name in PACKAGES]
    for source in sources:
        shutil.copytree(EXAMPLES / source.name, source)  # a build writes beside it
    return install(folder, clean_root.wheel, *build(folder, *sources))


@pytest.mark.parametrize("name", PACKAGES)
def test_its_own_tests_pass(installed: CleanRoot, tmp_path: Path, name: str) -> None:
    for part in ("pytest.ini", *PACKAGES[name]):
        copy = shutil.copytree if (EXAMPLES / name / part).is_dir() else shutil.copy
        copy(EXAMPLES / name / part, tmp_path / part)
    for cases in (EXAMPLES / name).glob("cases.*"):
        shutil.copy(cases, tmp_path)
    ran = installed.run(installed.python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    skipped = re.findall(r"^SKIPPED \[\d+\] \S+: (.*)$", ran.stdout, re.M)
    assert {*skipped} <= {"this HAProxy has no sections udp-lb", "no HAProxy is installed here"}
