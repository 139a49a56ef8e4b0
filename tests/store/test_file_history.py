"""Files beside the configuration: what each held in each version, kept once, and no secret in the open."""

import os
import time
from pathlib import Path

import pytest

from dataplane_core.settings import Settings
from dataplane_core.store.contents import Contents
from dataplane_core.store.file_history import FOLDERS, FileHistory
from tests.store.support import Bench, add_server

KEY = b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"


class WithFiles(Bench):
    """A store whose files are followed."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.maps, self.certificates = directory / "maps", directory / "ssl"
        for name in FOLDERS:
            folder = {"maps_dir": self.maps, "ssl_certs_dir": self.certificates}.get(name, directory / name)
            folder.mkdir(exist_ok=True)
            self.options[f"dataplaneapi.resources.{name}"] = str(folder)
        self.follow = lambda state: FileHistory(
            Settings.default().replace(**{"haproxy.config_file": str(self.file), **self.options}), state
        )

    def write(self, name: str, data: bytes) -> Path:
        """Write a file long enough ago that its times tell when it changes again."""
        path = self.directory / name
        path.write_bytes(data)
        past = time.time() - 10
        os.utime(path, (past, past))
        return path


@pytest.fixture
def bench(tmp_path):
    return WithFiles(tmp_path)


def held(config, version, *, late=False):
    """The contents of the files in a version, by name; None for those that were not there."""
    files = config.file.records.files
    found = {}
    for path, one in files.states.at(version, late=late).items():
        data = files.contents.read(one.digest) if one.kept == "content" else one.kept
        found[Path(path).name] = data
    return found


def test_each_version_has_the_files_that_it_was_checked_with(bench):
    config = bench.store()
    bench.write("maps/a.map", b"one")
    config.version()
    bench.write("maps/a.map", b"two")
    bench.write("ssl/x.pem", b"certificate")
    add_server(config, "be1", "s2", version=1)
    bench.write("maps/a.map", b"three")
    (bench.certificates / "x.pem").unlink()
    add_server(config, "be1", "s3", version=2)
    again = bench.store()
    assert held(again, 1) == {"a.map": b"one"}
    assert held(again, 2) == {"a.map": b"two", "x.pem": b"certificate"}
    assert held(again, 3) == {"a.map": b"three", "x.pem": "gone"}


def test_what_a_version_left_is_told_from_what_it_found(bench):
    config = bench.store()
    bench.write("maps/a.map", b"one")
    config.version()
    bench.write("maps/a.map", b"later")
    assert config.file.record_files().version == config.file.record_files().version == 1
    assert (held(config, 1), held(config, 1, late=True)) == ({"a.map": b"one"}, {"a.map": b"later"})


def test_a_file_that_came_with_the_next_version_is_not_what_the_former_one_left(bench, monkeypatch):
    """Somebody commits while the files are looked at."""
    config, other = bench.store(), bench.store()
    bench.write("maps/a.map", b"one")
    config.version()
    files = config.file.records.files
    changes = files.changes

    def overtaken(text):
        if other.version() == 1:
            bench.write("maps/a.map", b"two")
            add_server(other, "be1", "s2", version=1)
        return changes(text)

    monkeypatch.setattr(files, "changes", overtaken)
    assert config.file.record_files().version == 2
    assert (held(config, 1, late=True), held(config, 2)) == ({"a.map": b"one"}, {"a.map": b"two"})


def test_a_file_that_goes_to_and_fro_between_two_versions_is_what_it_was_last(bench):
    config, other = bench.store(), bench.store()
    bench.write("maps/a.map", b"one")
    assert (config.version(), other.version()) == (1, 1)
    for at, data in enumerate((b"two", b"one", b"two", b"one", b"two")):
        bench.write("maps/a.map", data)
        some = (config, other)[at == 2]
        assert some.file.record_files().version == 1
        assert held(some, 1, late=True) == {"a.map": data}
    add_server(config, "be1", "s9", version=1)
    assert (held(config, 1), held(config, 2)) == ({"a.map": b"one"}, {"a.map": b"two"})


def test_files_that_do_not_change_are_read_once_and_cost_no_row(bench, monkeypatch):
    config = bench.store()
    for number in range(20):
        bench.write(f"maps/{number}.map", b"x" * number)
    config.version()
    read = []
    monkeypatch.setattr("dataplane_core.store.file_history.read_file", read.append)
    for version in range(1, 6):
        add_server(config, "be1", f"s{version + 1}", version=version)
    assert read == []
    rows = config.file.records.state.read("SELECT version FROM file_states")
    assert [row["version"] for row in rows] == [1] * 20
    contents = [path for path in (bench.directory / "state/contents").rglob("*") if path.is_file()]
    assert len(contents) == 20 and {path.stat().st_mode & 0o777 for path in contents} == {0o600}


def test_other_workers_write_no_state_twice(bench):
    config, other = bench.store(), bench.store()
    bench.write("maps/a.map", b"one")
    config.version()
    add_server(other, "be1", "s2", version=1)
    add_server(config, "be1", "s3", version=2)
    assert len(config.file.records.state.read("SELECT * FROM file_states")) == 1


def test_a_change_that_is_refused_leaves_no_state(bench):
    config = bench.store()
    config.version()
    bench.write("maps/a.map", b"one")
    with pytest.raises(Exception, match="refused"):
        add_server(config, "be1", "refused", version=1)
    assert held(config, 2) == {}
    bench.write("maps/a.map", b"two")
    add_server(config, "be1", "s2", version=1)
    assert held(config, 2) == {"a.map": b"two"}


def test_of_files_elsewhere_that_the_text_names_the_digest_is_kept(bench):
    page = bench.write("503.http", b"sorry")
    bench.file.write_text(bench.text + f"  errorfile 503 {page}\n  # {bench.file}\n")
    config = bench.store()
    config.version()
    bench.write("503.http", b"very sorry")
    add_server(config, "be1", "s2", version=1)
    states = [config.file.records.files.states.at(version, late=False) for version in (1, 2)]
    assert [set(one) for one in states] == [{str(page)}] * 2
    assert {one[str(page)].kept for one in states} == {"digest"}
    assert len({one[str(page)].digest for one in states}) == 2
    assert not (bench.directory / "state/contents").exists()


def test_a_text_that_names_files_of_the_kernel_keeps_nobody_waiting(bench):
    bench.file.write_text(bench.text + "  # /proc/self/pagemap /proc/self/environ /dev/zero\n")
    huge = bench.write("huge.lst", b"")
    os.truncate(huge, 5 << 40)
    bench.file.write_text(bench.file.read_text() + f"  # {huge}\n")
    config = bench.store()
    config.version()
    states = config.file.records.files.states.at(1, late=False)
    assert states[str(huge)].size == 5 << 40
    assert {one.kept for one in states.values()} == {"digest"}


def test_links_and_what_is_no_file_are_left_alone(bench):
    secret = bench.write("secret", b"secret")
    (bench.maps / "link.map").symlink_to(secret)
    os.mkfifo(bench.maps / "fifo.map")
    (bench.maps / "folder").mkdir()
    bench.write("maps/.hidden", b"x")
    config = bench.store()
    config.version()
    assert held(config, 1) == {}


def test_private_keys_are_not_in_the_open(bench):
    bench.write("ssl/site.pem", b"certificate\n" + KEY)
    config = bench.store()
    config.version()
    assert held(config, 1) == {"site.pem": b"certificate\n" + KEY}
    folder = bench.directory / "state/contents"
    for path in folder.rglob("*"):
        assert path.is_dir() or b"MIGHAgE" not in path.read_bytes()
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    (folder / "key").unlink()
    assert held(config, 1) == {"site.pem": None}


@pytest.mark.parametrize("spoilt", [b"", b"p", b"pxxx", b"sxxx", b"s"])
def test_a_content_that_was_spoilt_is_none(tmp_path, spoilt):
    contents = Contents(tmp_path / "contents")
    digest = contents.keep(b"data")
    contents.sync()
    assert contents.read(digest) == b"data"
    contents._path(digest).write_bytes(spoilt)
    assert contents.read(digest) is None
    assert contents.read("0" * 64) is None


def test_a_content_has_its_name_once_it_is_on_the_disk(tmp_path):
    """One that a power cut has torn would stay, as what is there is not kept again."""
    contents = Contents(tmp_path / "contents")
    digest = contents.keep(b"data")
    assert contents.read(digest) is None
    contents.keep(b"data")
    contents.sync()
    assert contents.read(digest) == b"data"
    assert [path.name for path in (tmp_path / "contents").glob("??/*")] == [digest]


def test_contents_go_with_the_last_version_that_needs_them(bench):
    bench.options["dataplane.history_limit"] = 4
    config = bench.store()
    bench.write("maps/always.map", b"always")
    for version in range(1, 31):
        config.version()
        bench.write("maps/a.map", b"%d" % version)
        add_server(config, "be1", f"s{version + 1}", version=version)
    oldest = config.file.records.text_rows.oldest()
    files = config.file.records.files
    assert held(config, oldest)["a.map"] == b"%d" % (oldest - 1)
    assert held(config, oldest)["always.map"] == b"always"
    past = time.time() - 7200
    for path in (bench.directory / "state/contents").glob("??/*"):
        os.utime(path, (past, past))
    files.sweep()
    kept = list((bench.directory / "state/contents").glob("??/*"))
    assert len(kept) == 1 + 31 - oldest + 1
    assert held(config, 31) == {"a.map": b"30", "always.map": b"always"}


def test_a_state_that_is_full_stops_no_change(bench, monkeypatch, caplog):
    config = bench.store()
    config.version()
    bench.write("maps/a.map", b"one")

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Contents, "keep", full)
    assert add_server(config, "be1", "s2", version=1).version == 2
    assert held(config, 2) == {}
    assert "a.map is not kept for the history: [Errno 28] No space left on device" in caplog.text
