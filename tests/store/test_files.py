import errno
import os
import resource
import stat
from pathlib import Path

import pytest

from dataplane_core.errors import StorageFailed, StorageFull
from dataplane_core.store import candidate as candidates
from dataplane_core.store import files
from dataplane_core.store.place import FilePlace


def others(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_written_file_has_the_bytes_and_leaves_nothing_beside_it(tmp_path):
    target = tmp_path / "a.cfg"
    candidates.write_atomically(target, b"one")
    candidates.write_atomically(target, b"two\xff")
    assert target.read_bytes() == b"two\xff"
    assert others(tmp_path) == ["a.cfg"]


def test_mode_stays_and_a_new_file_is_private(tmp_path):
    target = tmp_path / "a.cfg"
    candidates.write_atomically(target, b"one")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.chmod(0o644)
    candidates.write_atomically(target, b"two")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_stays(tmp_path):
    target = tmp_path / "a.cfg"
    target.write_bytes(b"one")
    os.chown(target, 1234, 4321)
    candidates.write_atomically(target, b"two")
    assert (target.stat().st_uid, target.stat().st_gid) == (1234, 4321)


def test_a_symbolic_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "a.cfg"
    target.write_bytes(b"one")
    link = tmp_path / "link.cfg"
    link.symlink_to(target)
    candidates.write_atomically(link, b"two")
    assert link.is_symlink()
    assert target.read_bytes() == b"two"


def test_a_full_disk_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "a.cfg"
    target.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageFull) as failure:
            candidates.write_atomically(target, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(target) in failure.value.message
    assert ".tmp" not in failure.value.message
    assert target.read_bytes() == b"old"
    assert others(tmp_path) == ["a.cfg"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_failing_sync_leaves_the_old_file(tmp_path, monkeypatch, number):
    target = tmp_path / "a.cfg"
    target.write_bytes(b"old")

    def fail(handle: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageFull):
        candidates.write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert others(tmp_path) == ["a.cfg"]


def test_a_missing_directory_is_told_with_the_reason(tmp_path):
    with pytest.raises(StorageFailed, match=r"a\.cfg cannot be written: No such file"):
        candidates.write_atomically(tmp_path / "none" / "a.cfg", b"x")


def test_identity_moves_when_the_modification_time_is_put_back(tmp_path):
    target = tmp_path / "a.cfg"
    target.write_bytes(b"one")
    before = target.stat()
    target.write_bytes(b"two")
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert files.file_identity(target.stat()) != files.file_identity(before)


def sweep(target):
    with FilePlace(target).open() as opened:
        files.sweep(opened.name, opened.folder)


def test_sweep_removes_what_the_dead_left_and_nothing_else(tmp_path):
    target = tmp_path / "a.cfg"
    (tmp_path / ".a.cfg.dead.tmp").write_bytes(b"x")
    (tmp_path / ".b.cfg.dead.tmp").write_bytes(b"x")
    with candidates.Candidate(target, b"alive") as candidate:
        sweep(target)
        assert others(tmp_path) == sorted([".b.cfg.dead.tmp", candidate.path.name])


def test_a_temporary_file_that_is_swept_before_it_is_locked_is_made_anew(tmp_path, monkeypatch):
    target = tmp_path / "a.cfg"
    lock, sweeps = files.fcntl.flock, []

    def swept_first(handle, how):
        if not sweeps:
            sweeps.append(1)
            sweep(target)
        lock(handle, how)

    monkeypatch.setattr(files.fcntl, "flock", swept_first)
    candidates.write_atomically(target, b"x")
    assert target.read_bytes() == b"x"
    assert others(tmp_path) == ["a.cfg"]


def test_sweep_removes_folders_of_the_dead_alone(tmp_path):
    (tmp_path / "map").mkdir()
    (tmp_path / "map/kept").write_bytes(b"x")
    dead = tmp_path / ".a.map.12345678.tmp"
    dead.mkdir()
    (dead / "link").symlink_to(tmp_path / "map")
    with files.temporary_folder(tmp_path / "a.map") as alive:
        files.sweep_folder(tmp_path)
        assert others(tmp_path) == sorted([alive.name, "map"])
    assert others(tmp_path) == ["map"] and (tmp_path / "map/kept").exists()


def test_a_folder_that_is_swept_before_it_is_locked_is_made_anew(tmp_path, monkeypatch):
    lock, sweeps = files.fcntl.flock, []

    def swept_first(handle, how):
        if not sweeps:
            sweeps.append(1)
            files.sweep_folder(tmp_path)
        lock(handle, how)

    monkeypatch.setattr(files.fcntl, "flock", swept_first)
    with files.temporary_folder(tmp_path / "a.map") as folder:
        assert folder.is_dir()
    assert others(tmp_path) == []


def test_a_link_that_becomes_a_file_while_it_is_followed_is_followed_anew(tmp_path, monkeypatch):
    target, real, reads = tmp_path / "a", os.readlink, []
    target.symlink_to("b")

    def swapped(path, **given):
        if not reads:
            reads.append(path)
            target.unlink()
            target.write_bytes(b"x")
        return real(path, **given)

    monkeypatch.setattr(os, "readlink", swapped)
    assert files.real_path(target) == str(target)


def test_each_new_folder_is_on_the_disk_when_it_is_made(tmp_path, monkeypatch):
    """A power cut takes a new folder away, with all that is in it, unless the one above was synced."""
    synced = []
    monkeypatch.setattr(files, "sync", lambda handle, path: synced.append((path, sorted(os.listdir(path)))))
    files.make_folder(tmp_path / "a" / "b", 0o700)
    assert synced == [(str(tmp_path), ["a"]), (str(tmp_path / "a"), ["b"])]
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    files.make_folder(tmp_path / "a" / "b")
    assert len(synced) == 2
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="cannot be made: File exists"):
        files.make_folder(tmp_path / "file")
