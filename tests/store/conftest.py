import pytest

from tests.store.support import Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
