"""Some calls on each stand-in for HAProxy; `contrib/torture --doubles` makes all of them."""

from pathlib import Path

import pytest

from tests.runtime.support import Api, prepare
from tests.runtime.test_failures import CALLS, NEWER_CALLS, configure, sent
from tests.torture.doubles import HARD, ODD, try_master, try_way

SOME = (*CALLS, *NEWER_CALLS)[::7]
LONG = {"drips", "floods"}


@pytest.mark.parametrize("way", [one for one in (*HARD, *ODD) if one not in LONG])
def test_what_calls_answer(tmp_path: Path, way: str) -> None:
    prepare(tmp_path)
    api = Api(tmp_path, dataplane__runtime_timeout=0.05)
    told = try_way(api, SOME, sent, way, tmp_path)
    assert told.problems == []
    assert sum(told.statuses.values()) == len(SOME)
    configure(api)


@pytest.mark.server
@pytest.mark.parametrize("master", ["a reload that is never answered"])
def test_what_a_reload_is_answered(tmp_path: Path, master: str) -> None:
    assert try_master(master, tmp_path).problems == []
