"""What a reload that is not over may need stays, whatever the clock says."""

import time
from pathlib import Path

import pytest

from dataplane_core.references.former import Former, FormerFiles
from dataplane_core.store.journal.state import State


def test_a_clock_that_was_set_ahead_takes_nothing_that_may_have_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.map"
    file.write_text("new")
    files = FormerFiles(State(tmp_path / "state"), lambda: ["2026-11-30-2"])
    for reload_id in ("2026-11-30-1", "2026-11-30-2"):
        files.store(reload_id, Former.of(file, b"old"))
    wall = time.time()
    monkeypatch.setattr(time, "time", lambda: wall + 10 * 365 * 86400)
    files.forget("2026-11-30-3")
    assert files.put_back("2026-11-30-1") == []
    assert files.put_back("2026-11-30-2") == [str(file)]
    assert file.read_text() == "old"
