"""Two of the cases that `contrib/torture --confirm` tries, and that it has them all."""

from pathlib import Path

import pytest

from tests.torture.waits import Case, Trial, cases

pytestmark = pytest.mark.server


@pytest.mark.parametrize("case", [Case("both"), Case("server", "directory-synced")], ids=str)
def test_the_former_state_is_back_after_a_kill(tmp_path: Path, haproxy_program: str, case: Case) -> None:
    assert Trial(tmp_path, haproxy_program, case).run().problem == ""


def test_everybody_dies_everywhere() -> None:
    every = {str(case) for case in cases()}
    assert {"both at the wait, full disk", "server at followed", "both at replaced:2, full disk"} < every
    assert {"nobody at the wait, full disk", "haproxy at the wait"} < every
    assert len(every) == 67
