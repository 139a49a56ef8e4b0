"""A sample of what `contrib/torture --schemathesis` tries: answers are as the served documents say."""

from pathlib import Path

import pytest

from tests.torture.documents import Effort, try_all

SEED = 17
PATHS = 4
"""Of each document; with three cases for each operation."""


@pytest.mark.haproxy
def test_answers_are_as_the_documents_say(tmp_path: Path, haproxy_program: str) -> None:
    pytest.importorskip("schemathesis")
    figures = try_all(tmp_path, haproxy_program, Effort(None, SEED, PATHS, 3, ("fuzzing",)))
    assert figures.faults == {}
    assert all(status < 500 for status in figures.statuses)
    assert figures.left == []
