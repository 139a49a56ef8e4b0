"""What tests of a fleet share."""

from pathlib import Path

import pytest

from tests.fleet.support import Fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)
