"""The corpora of `contrib/torture --fuzz`, and some changes of each by a seed."""

import pytest

from tests.torture.fuzz.running import by_seed
from tests.torture.fuzz.targets import every_target

SEED = 17
RUNS = 60


@pytest.mark.parametrize("name", every_target())
def test_any_bytes_are_read_or_refused(name: str) -> None:
    assert list(by_seed(every_target()[name], RUNS, SEED)) == []
