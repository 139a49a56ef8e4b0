"""What plans foretell happens to a real HAProxy: some of what `tests.changes.foretold` tries."""

from pathlib import Path

import pytest

from tests.changes.foretold import random_changes, recorded_cases
from tests.changes.foretold_cases import Results, Run, lines_of
from tests.harness.fixtures import one_haproxy

pytestmark = pytest.mark.haproxy


@pytest.mark.parametrize("version", ["2.6", "2.8", "3.2"])
def test_random_changes(tmp_path: Path, version: str):
    found = random_changes(one_haproxy(version), tmp_path, count=10, seed=2)
    assert found.problems == []
    assert found.sums["reload"] and found.sums["commands"]


def test_recorded_cases(tmp_path: Path, shared: Path, haproxy_program: str):
    found = recorded_cases(haproxy_program, tmp_path, count=3, seed=1)
    assert found.problems == []
    assert found.sums["reload"]


def test_recorded_cases_go_on_where_they_ended(tmp_path: Path, shared: Path, haproxy_program: str):
    lines = list(enumerate(lines_of("v2")))[:4]
    for count in (2, 4):
        results = Results(tmp_path / "results")
        assert len(results.known) == max(0, count - 2)
        for _ in Run(haproxy_program, "v2", results)(lines[:count]):
            pass
        assert len(Results(tmp_path / "results").known) == count
        assert "lies 0" in results.told()
