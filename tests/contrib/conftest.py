from pathlib import Path

import pytest

from tests.harness.clean_root import CleanRoot
from tests.harness.contrib import build_debian


@pytest.fixture(scope="session")
def debian_package_file(clean_root: CleanRoot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package of the built wheel."""
    return build_debian(clean_root.wheel, tmp_path_factory.mktemp("package"))
