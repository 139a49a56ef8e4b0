from functools import partial
from pathlib import Path

import pytest

from tests.harness.clean_root import CleanRoot
from tests.harness.contrib import build_debian
from tests.harness.once import made_once


@pytest.fixture(scope="session")
def debian_package_file(clean_root: CleanRoot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package of the built wheel."""
    made = made_once(tmp_path_factory, "package", partial(build_debian, clean_root.wheel))
    [package] = made.glob("*.deb")
    return package
