from pathlib import Path

import pytest

from tests.storage.support import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """The application on empty folders, with no HAProxy to ask."""
    return Storage(tmp_path)
