"""A hundred of the kills that `contrib/torture` does by the thousand."""

import pytest

from tests.torture.cycles import Torture
from tests.torture.judge import added_servers, without_added

pytestmark = pytest.mark.server


def test_what_clients_were_told_outlives_every_kill(tmp_path):
    torture = Torture(tmp_path, seed=1, clients=4)
    problems = torture.run(100)
    print(torture.sum())
    assert problems == []
    assert torture.kills >= 100


def test_the_judge_sees_servers_and_the_rest():
    text = "# _version=3\nbackend a\n  server server-1-2 x\n  server other x\n  server poison-1 x\n"
    assert added_servers(text) == ["server-1-2", "poison-1"]
    assert without_added(text) == "backend a\n  server other x\n"
