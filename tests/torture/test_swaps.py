"""Up by a restart and down by a reload, in which the master becomes an older one."""

from pathlib import Path

import pytest

from tests.torture.swaps import Swaps, available


@pytest.mark.haproxy
@pytest.mark.server
def test_what_is_true_follows_the_haproxy_that_is_there(tmp_path: Path) -> None:
    order = available(("2.6", "2.8", "2.6"))
    if len(order) < 3:
        pytest.skip("it takes two versions of HAProxy")
    swaps = Swaps(tmp_path)
    assert swaps.run(order) == []
    assert swaps.checks > 30
    assert swaps.meanwhile[200] > 0
