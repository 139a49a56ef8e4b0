"""A file behind its links: its folder is opened once, and what is swapped later leads nobody elsewhere."""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from dataplane_core.errors import NotFound, StorageFailed
from dataplane_core.store.candidate import Candidate, write_atomically
from dataplane_core.store.exchange import FileChanged
from dataplane_core.store.files import LinkRefused, temporary_folder
from dataplane_core.store.locks import locked
from dataplane_core.store.numbers import discard_store
from dataplane_core.store.place import FilePlace, OpenedPlace, opened_without_links
from tests.harness.processes import open_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.cfg").write_bytes(name.encode())
    return tmp_path / "in" / "a.cfg"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return tmp_path / "out" / "a.cfg"


def link(path: Path, to: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(to)


def test_links_are_followed_to_anywhere_or_into_some_folders(file: Path, outside: Path) -> None:
    free, kept = FilePlace(file), FilePlace(file, (str(file.parent),))
    assert (free.read()[0], kept.read()[0]) == (b"in", b"in")
    link(file, outside)
    assert free.read()[0] == b"out"
    for refused in (kept.read, kept.open, kept.real):
        with pytest.raises(NotFound, match="there is no file"):
            refused()
    assert FilePlace(file, (str(file.parent), str(outside.parent))).read()[0] == b"out"


def test_a_missing_file_is_missing_for_clients_and_a_failure_for_who_needs_it(file: Path) -> None:
    file.unlink()
    with pytest.raises(NotFound):
        FilePlace(file, (str(file.parent),)).read()
    with pytest.raises(StorageFailed, match="cannot be read: No such file"):
        FilePlace(file).read()
    with pytest.raises(StorageFailed, match="cannot be written: No such file"):
        FilePlace(file.parent / "none" / "a.cfg").open()


def test_a_link_that_comes_after_the_folder_was_opened_is_not_followed(file: Path, outside: Path) -> None:
    with FilePlace(file).open() as opened:
        link(file, outside)
        with pytest.raises(FileChanged):
            opened.read()
    assert FilePlace(file).read()[0] == b"out"


def test_a_folder_that_is_swapped_is_another_place(file: Path, outside: Path) -> None:
    with FilePlace(file).open() as opened:
        os.rename(file.parent, file.parent.with_name("moved"))
        file.parent.symlink_to(outside.parent)
        with pytest.raises(FileChanged):
            opened.read()
    with pytest.raises(NotFound):
        opened_without_links(file)


def test_what_is_read_while_links_change_is_one_of_the_files(file: Path, outside: Path) -> None:
    place, seen = FilePlace(file), []

    def swapped_once(opened: OpenedPlace) -> bytes:
        if not seen:
            link(file, outside)
        seen.append(opened.real)
        return opened.read()[0]

    assert place.settled(swapped_once) == b"out"
    assert seen == [str(file), str(outside)]


def test_links_that_change_all_the_time_end(file: Path) -> None:
    def never(opened: OpenedPlace) -> bytes:
        raise FileChanged("it was")

    with pytest.raises(FileChanged, match="leads to another file"):
        FilePlace(file).settled(never)


def test_who_reads_a_pipe_does_not_wait(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(StorageFailed):
        FilePlace(file).read()


def test_a_link_in_the_place_of_a_lock_is_refused(file: Path, outside: Path) -> None:
    lock = file.with_name(".a.cfg.lock")
    lock.symlink_to(outside)
    with pytest.raises(LinkRefused, match="a link is there") as refused, locked(lock):
        pass
    assert refused.value.status == 409
    with pytest.raises(LinkRefused):
        discard_store(file)
    assert outside.read_bytes() == b"out"


def test_a_file_takes_no_rights_from_a_link(file: Path, outside: Path) -> None:
    with opened_without_links(file) as opened:
        link(file, outside)
        write_atomically(file.with_name("b.cfg"), b"new", 0o640, like=opened)
    assert file.with_name("b.cfg").stat().st_mode & 0o777 == 0o640
    with Candidate(file, b"new", real=True) as candidate:
        assert candidate.status().st_mode & 0o777 == 0o600


def test_of_a_link_the_link_is_deleted_and_no_number_of_another_file(file: Path) -> None:
    other = file.with_name("b.cfg")
    other.symlink_to(file)
    lock = file.with_name(".a.cfg.lock")
    lock.write_text("7 digest\n")
    discard_store(other)
    assert (os.path.lexists(other), file.read_bytes(), lock.read_text()) == (False, b"in", "7 digest\n")


def move_away(folder: Path) -> Path:
    """Do as an operator who puts a copy of a folder in its place; gives the former one."""
    former = folder.with_name(f"{folder.name}-moved")
    folder.rename(former)
    shutil.copytree(former, folder, ignore=shutil.ignore_patterns(".*"))
    return former


def test_what_is_read_in_a_folder_that_was_moved_is_read_again(file: Path) -> None:
    with FilePlace(file).open() as opened:
        move_away(file.parent)
        with pytest.raises(FileChanged, match="was moved"):
            opened.read()
        shutil.rmtree(file.parent)
        with pytest.raises(FileChanged, match="was moved"):
            opened.read()


@pytest.mark.parametrize("publish", [Candidate.publish, Candidate.publish_new])
@pytest.mark.parametrize("real", [False, True])
def test_nothing_is_put_into_a_folder_that_was_moved(
    file: Path, publish: Callable[[Candidate], object], real: bool
) -> None:
    with Candidate(file, b"new", real=real) as candidate:
        former = move_away(file.parent)
        with pytest.raises(FileChanged, match="was moved"):
            publish(candidate)
    for folder in (former, file.parent):
        assert [(one.name, one.read_bytes()) for one in folder.iterdir()] == [("a.cfg", b"in")]


def failing(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.EIO, "as told")


@pytest.mark.parametrize("call", ["fcntl.flock", "os.fstat"])
def test_a_call_that_fails_leaves_nothing_open_and_no_file(
    file: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tried() -> None:
        for attempt in (lambda: Candidate(file, b"new"), FilePlace(file).read):
            with suppress(StorageFailed):
                attempt()
        with suppress(StorageFailed), temporary_folder(file):
            pass

    tried()
    shutil.rmtree(file.parent)
    file.parent.mkdir()
    file.write_bytes(b"in")
    before = open_files()
    monkeypatch.setattr(call, failing)
    tried()
    monkeypatch.undo()
    assert sorted(open_files()) == sorted(before)
    assert not [one.name for one in file.parent.glob(".a.cfg.*.tmp") if one.is_file()]
