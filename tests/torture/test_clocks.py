"""One jump of the clock ahead, and one of twenty years back; `contrib/torture --clocks` does more."""

from pathlib import Path

import pytest

from tests.torture.clocks import Clocks, missing


@pytest.mark.server
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_who_sets_the_clock_ends_nothing_early_and_loses_nothing(tmp_path: Path) -> None:
    clocks = Clocks(tmp_path)
    assert clocks.run((10, -10)) == []
    assert clocks.checks > 40
