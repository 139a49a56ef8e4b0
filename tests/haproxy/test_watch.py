import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dataplane_core.haproxy import watch as module
from dataplane_core.haproxy.watch import watch
from tests.harness.waiting import PATIENCE, until


class Calls:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.fails = False


@contextmanager
def watching(path: Path) -> Iterator[Calls]:
    calls, stop = Calls(), threading.Event()

    def callback() -> None:
        calls.texts.append(path.read_text())
        if calls.fails:
            raise RuntimeError("a mistake of the callback")

    ready = threading.Event()
    looked = module.identity_of

    def identity_of(given: Path) -> object:
        found = looked(given)
        ready.set()
        return found

    module.identity_of = identity_of  # type: ignore[attr-defined,assignment]
    thread = threading.Thread(target=watch, args=(path, callback, stop))
    thread.start()
    assert ready.wait(PATIENCE)
    module.identity_of = looked  # type: ignore[attr-defined]
    try:
        yield calls
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "haproxy.cfg"
    path.parent.mkdir()
    path.write_text("one")
    return path


def put(path: Path, text: str) -> None:
    """As editors and servers do it: a new file takes the place of the old one."""
    new = path.with_name(".new.tmp")
    new.write_text(text)
    os.replace(new, path)


def test_edits_in_place_and_by_rename_are_seen(file: Path) -> None:
    with watching(file) as calls:
        file.write_text("two, longer")
        until(lambda: calls.texts[-1:] == ["two, longer"])
        put(file, "three")
        until(lambda: calls.texts[-1:] == ["three"])


def test_other_files_and_mere_looks_are_no_edit(file: Path) -> None:
    with watching(file) as calls:
        until(lambda: calls.texts == ["one"])
        (file.parent / "other.cfg").write_text("x")
        file.read_text()
        put(file, "two")
        until(lambda: calls.texts == ["one", "two"])


def test_an_edit_through_links_is_seen(file: Path, tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v2").mkdir()
    (tmp_path / "v1" / "haproxy.cfg").write_text("one")
    (tmp_path / "v2" / "haproxy.cfg").write_text("two")
    data = file.parent / "data"
    data.symlink_to(tmp_path / "v1")
    file.unlink()
    file.symlink_to("data/haproxy.cfg")
    with watching(file) as calls:
        (tmp_path / "v1" / "haproxy.cfg").write_text("one, edited")
        until(lambda: calls.texts[-1:] == ["one, edited"])
        (file.parent / "newer").symlink_to(tmp_path / "v2")
        os.replace(file.parent / "newer", data)
        until(lambda: calls.texts[-1:] == ["two"])
        (tmp_path / "v2" / "haproxy.cfg").write_text("two, edited")
        until(lambda: calls.texts[-1:] == ["two, edited"])


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "later" / "haproxy.cfg"
    with watching(path) as calls:
        path.parent.mkdir()
        path.write_text("one")
        until(lambda: calls.texts[-1:] == ["one"])
        put(path, "two")
        until(lambda: calls.texts[-1:] == ["two"])


def test_a_file_that_is_written_in_pieces_is_taken_up_when_it_is_whole(
    file: Path
) -> None:
    pieces = iter("two")

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            piece = next(pieces, "")
            with file.open("a") as written:
                written.write(piece)
            if not piece and calls[1:]:
                self.set()
            return self.is_set()

    calls: list[str] = []
    watch(file, lambda: calls.append(file.read_text()), Stop())
    assert calls == ["one", "onetwo"]


def test_a_file_that_goes_and_comes_is_seen(file: Path) -> None:
    with watching(file) as calls:
        file.unlink()
        put(file, "again")
        until(lambda: calls.texts[-1:] == ["again"])


def test_a_callback_that_fails_is_called_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with watching(file) as calls:
        calls.fails = True
        until(lambda: calls.texts == ["one"])
        put(file, "two")
        until(lambda: "a mistake of the callback" in caplog.text)
        put(file, "three")
        until(lambda: calls.texts[-1:] == ["three"])
