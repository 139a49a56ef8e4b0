"""A text that somebody writes between the last look and the rename is neither lost nor overwritten."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dataplane_core.errors import VersionMismatch
from dataplane_core.store import exchange
from dataplane_core.store.exchange import FileChanged, replace_if_same
from dataplane_core.store.files import file_identity
from tests.store.support import TEXT, Bench, add_server

HAND = TEXT.replace("daemon", "daemon  # by hand")
Edit = Callable[[Callable[[], object]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "old").write_text("old")
    (tmp_path / "new").write_text("new")
    handle = os.open(tmp_path, os.O_PATH)
    yield handle
    os.close(handle)


@pytest.fixture(params=["exchanged", "renamed"])
def before_the_rename(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Has something done once, directly before the files are exchanged, or renamed where they cannot be."""

    def once(edit: Callable[[], object]) -> None:
        edits = iter([edit])
        if request.param == "exchanged":
            real = exchange._exchange
            monkeypatch.setattr(exchange, "_exchange", lambda *given: [one() for one in edits] and False or real(*given))
        else:
            look = exchange.is_other
            monkeypatch.setattr(exchange, "_system_call", lambda: None)
            monkeypatch.setattr(exchange, "is_other", lambda *given: [one() for one in edits] and True or look(*given))

    return once


def by_hand(path: Path, text: str) -> None:
    """Write a file as editors do: another one, which takes the name."""
    path.with_name("edited").write_text(text)
    os.replace(path.with_name("edited"), path)


def test_a_file_that_was_read_is_replaced(tmp_path: Path, folder: int) -> None:
    replace_if_same("new", "old", folder, file_identity(os.stat(tmp_path / "old")))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old": "new"}


@pytest.mark.parametrize("able", [True, False])
def test_another_file_stays(
    tmp_path: Path, folder: int, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    if not able:
        monkeypatch.setattr(exchange, "_system_call", lambda: None)
    known = file_identity(os.stat(tmp_path / "old"))
    by_hand(tmp_path / "old", "by hand")
    with pytest.raises(FileChanged):
        replace_if_same("new", "old", folder, known)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old": "by hand", "new": "new"}


def test_what_is_written_even_later_stays_too(tmp_path: Path, folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    known, real, texts = file_identity(os.stat(tmp_path / "old")), exchange._exchange, iter(["first", "second"])

    def edited(*given: str) -> bool:
        for text in texts:
            by_hand(tmp_path / "old", text)
            break
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(exchange, "_exchange", edited)
    with pytest.raises(FileChanged):
        replace_if_same("new", "old", folder, known)
    assert (tmp_path / "old").read_text() == "second"


def test_a_change_never_overwrites_an_edit_of_that_moment(bench: Bench, before_the_rename: Edit) -> None:
    config = bench.store()
    config.version()
    before_the_rename(lambda: by_hand(bench.file, HAND))
    with pytest.raises(VersionMismatch, match="is 2, given version is 1"):
        add_server(config, "be1", "s2", version=1)
    assert bench.text == HAND
    assert [(one.version, one.origin) for one in config.history.latest()] == [(2, "external"), (1, "external")]
    assert bench.litter() == []
    assert add_server(config, "be1", "s2", version=2).version == 3
    assert "by hand" in bench.text


def test_a_transaction_that_meets_such_an_edit_is_outdated(bench: Bench, before_the_rename: Edit) -> None:
    config = bench.store()
    begun = config.transactions.begin(config.version()).id
    add_server(config, "be1", "s9", transaction_id=begun)
    before_the_rename(lambda: by_hand(bench.file, HAND))
    with pytest.raises(VersionMismatch):
        config.transactions.commit(begun)
    assert config.transactions.get(begun).status == "outdated"
    assert bench.text == HAND


def test_what_is_put_back_overwrites_no_edit_of_that_moment(bench: Bench, before_the_rename: Edit) -> None:
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    before_the_rename(lambda: by_hand(bench.file, HAND))
    assert config.file.restore("no", 2) == 4
    assert bench.text == "# _version=4\n" + TEXT
    assert bench.file.with_name("haproxy.cfg.rejected").read_text() == HAND
