"""The wheel and the archive of the sources: the same bytes each time, and whole."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.harness.clean_root import CleanRoot, build, build_sdist, copy_sources, install


@pytest.fixture(scope="module")
def other_sources(clean_root: CleanRoot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of `clean_root` in another folder, with other times and modes."""
    copy = copy_sources(tmp_path_factory.mktemp("a-second-place") / "of another name")
    for path in copy.rglob("*"):
        os.utime(path, (1e9, 1e9))
        path.chmod(0o775 if path.is_dir() else 0o664)
    return copy


@pytest.fixture(scope="module")
def sdist(other_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sdist(tmp_path_factory.mktemp("archive"), other_sources)


def test_a_wheel_is_the_same_wherever_it_is_built(
    clean_root: CleanRoot, other_sources: Path, sdist: Path, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        [again] = build(tmp_path, other_sources)
    finally:
        os.umask(before)
    assert again.name == clean_root.wheel.name
    assert again.read_bytes() == clean_root.wheel.read_bytes()


def test_nothing_in_the_wheel_says_when_or_by_whom_it_was_built(clean_root: CleanRoot) -> None:
    with zipfile.ZipFile(clean_root.wheel) as wheel:
        assert {one.date_time for one in wheel.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {oct(one.external_attr >> 16) for one in wheel.infolist()} == {"0o100644"}


def test_the_archive_is_the_same_wherever_it_is_built(sdist: Path, tmp_path: Path) -> None:
    again = build_sdist(tmp_path, copy_sources(tmp_path / "source"))
    assert again.name == sdist.name
    assert again.read_bytes() == sdist.read_bytes()
    with tarfile.open(sdist) as archive:
        entries = archive.getmembers()
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in entries} == {
        (315532800, 0, 0, "", "")
    }
    assert not [one.name for one in entries if "/tests/" in one.name]


def test_the_archive_gives_the_same_wheel_and_installs(
    clean_root: CleanRoot, sdist: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    [source] = (tmp_path / "unpacked").iterdir()
    [wheel] = build(tmp_path, source)
    assert wheel.read_bytes() == clean_root.wheel.read_bytes()
    told = install(tmp_path, wheel).run(str(tmp_path / "opt" / "bin" / "dataplane"), "sample")
    assert "dataplane.socket" in told.stdout.split()


def test_a_time_that_is_asked_for_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    [wheel] = build(tmp_path, copy_sources(tmp_path / "source"))
    with zipfile.ZipFile(wheel) as made:
        assert {one.date_time[:3] for one in made.infolist()} == {(2023, 11, 14)}
