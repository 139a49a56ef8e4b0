"""Six members, two of them with a real HAProxy and traffic: `python -m tests.fleet.proof --size` has a hundred."""

from pathlib import Path

import pytest

from tests.fleet.proof.size import measure

pytest.importorskip("etcd3gw", reason="etcd3gw is not installed here: the extra `fleet` brings it")


@pytest.mark.server
def test_all_members_have_what_was_committed_in_order_and_traffic_goes_on(tmp_path: Path, haproxy_program: str) -> None:
    told: list[str] = []
    wrong = measure(tmp_path, 6, 10, single=2, real=2, servers=300, idle=0.0, tell=told.append, hurries=False)
    assert wrong == [], "\n".join(told)
    assert any("2 of them with HAProxy" in one for one in told)
