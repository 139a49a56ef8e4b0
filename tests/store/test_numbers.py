"""How texts that others wrote get their numbers, and that no number is used twice."""

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dataplane_core.errors import VersionMismatch
from dataplane_core.store import configuration_file as source
from tests.store.support import TEXT, Bench, add_server


def by_hand(bench, text):
    """Write the file as an editor does: in place."""
    bench.file.write_text(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [(TEXT, 1), ("# _version=41\n" + TEXT, 41), ("# _version=0\n" + TEXT, 1), ("", 1)],
)
def test_the_first_text_has_the_number_on_its_line_or_is_1(bench, text, version):
    by_hand(bench, text)
    assert bench.store().version() == version


def test_an_edit_by_hand_is_kept_numbered_and_told_once(bench):
    config = bench.store()
    assert not config.file.notice_edit()
    add_server(config, "be1", "s2", version=1)
    by_hand(bench, bench.text + "# by hand\n")
    assert config.version() == 3
    assert bench.text.endswith("# by hand\n") and "_version=2" in bench.text
    entry = config.history.get(3)
    assert (entry.origin, entry.status) == ("external", "active")
    assert config.file.notice_edit()
    assert not config.file.notice_edit()
    with pytest.raises(VersionMismatch, match="is 3, given version is 2"):
        add_server(config, "be1", "s3", version=2)
    add_server(config, "be1", "s3", version=3)
    assert bench.text.startswith("# _version=4\n") and bench.text.endswith("# by hand\n")


def test_one_of_several_workers_is_told(bench):
    workers = [bench.store() for _ in range(3)]
    for worker in workers:
        worker.version()
    by_hand(bench, TEXT + "# by hand\n")
    assert [worker.version() for worker in workers] == [2, 2, 2]
    assert sorted(worker.file.notice_edit() for worker in workers) == [False, False, True]


def test_the_reload_for_an_edit_is_that_of_the_newest_version(bench):
    config = bench.store()
    config.version()
    by_hand(bench, TEXT + "# by hand\n")
    assert config.version() == 2
    add_server(config, "be1", "s2", version=2, skip_reload=True)
    assert config.file.notice_edit()
    assert bench.reloads.requested == [3]


def test_own_commits_are_not_told(bench):
    config, other = bench.store(), bench.store()
    add_server(config, "be1", "s2", version=1)
    assert not config.file.notice_edit()
    assert not other.file.notice_edit()


def test_an_edit_while_the_server_was_down_is_told_at_the_next_start(bench):
    config = bench.store()
    config.version()
    config.file.records.state.shutdown()
    by_hand(bench, TEXT + "# by hand\n")
    assert bench.store().file.notice_edit()


def test_an_earlier_text_put_back_by_hand_gets_a_number_of_its_own(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    by_hand(bench, TEXT)
    assert config.version() == 3
    with pytest.raises(VersionMismatch):
        add_server(config, "be1", "s2", version=1)


def test_a_higher_number_written_by_hand_is_taken(bench):
    config = bench.store()
    assert config.version() == 1
    by_hand(bench, "# _version=50\n" + TEXT)
    assert config.version() == 50
    by_hand(bench, "# _version=7\n" + TEXT)
    assert config.version() == 51


def test_touching_the_file_changes_no_number(bench):
    config = bench.store()
    config.version()
    os.utime(bench.file, (1, 1))
    assert config.version() == 1
    assert not config.file.notice_edit()


def test_an_edit_in_the_same_tick_of_the_clock_is_seen(bench, monkeypatch):
    config = bench.store()
    by_hand(bench, TEXT + "# one\n")
    assert "# one" in config.raw_text()[0]
    real = os.stat(bench.file)
    monkeypatch.setattr(source, "file_identity", lambda status: (1,))
    monkeypatch.setattr(source.time, "time_ns", lambda: real.st_mtime_ns + 10**6)
    config.file.on_disk.distrust()
    assert "# one" in config.raw_text()[0]
    with open(bench.file, "r+") as file:
        file.write("# ONE edit by hand")
    monkeypatch.setattr(source.time, "time_ns", lambda: real.st_mtime_ns + 10**9)
    assert "# ONE edit by hand" in config.raw_text()[0]


def test_a_lost_state_repeats_no_number(bench):
    config = bench.store()
    for version in (1, 2, 3):
        add_server(config, "be1", f"s{version + 1}", version=version)
    by_hand(bench, TEXT)
    assert config.version() == 5
    fresh = bench.store("another state")
    assert fresh.version() == 5
    by_hand(bench, TEXT + "# again\n")
    assert fresh.version() == 6


def test_nonsense_in_the_lock_file_does_no_harm(bench):
    config = bench.store()
    config.version()
    lock = bench.file.with_name(".haproxy.cfg.lock")
    for nonsense in (b"", b"\0" * 60, b"-1 x\n", b"9" * 90, b"1 \xff\n"):
        lock.write_bytes(nonsense)
        add_server(config, "be1", f"s{config.version() + 1}", version=config.version())
    assert config.version() == 6


@pytest.mark.skipif(os.geteuid() == 0, reason="root is not held up by modes")
def test_a_directory_that_cannot_be_written_can_be_read(bench):
    bench.file.parent.chmod(0o500)
    try:
        assert bench.store().raw_text() == (TEXT, None)
    finally:
        bench.file.parent.chmod(0o700)


class Numbers(RuleBasedStateMachine):
    """Two servers with a state each, and a person with an editor, on one file."""

    def __init__(self):
        super().__init__()
        from pathlib import Path
        from tempfile import mkdtemp

        self.bench = Bench(Path(mkdtemp(prefix="numbers-")))
        self.servers = [self.bench.store("one"), self.bench.store("two")]
        self.owners: dict[int, str] = {}
        self.seen = [0, 0]
        self.count = 0

    @rule(server=st.integers(0, 1))
    def commit(self, server):
        config = self.servers[server]
        self.count += 1
        config.version()
        with config.edit(version=config.version()) as edit:
            edit.document = type(edit.document).parse(
                f"# {self.count}\n" + edit.document.text(), edit.document.language
            )

    @rule(text=st.sampled_from([TEXT, "# _version=3\n" + TEXT, "# _version=9\nglobal\n", ""]))
    def edit_by_hand(self, text):
        by_hand(self.bench, text)

    @rule(server=st.integers(0, 1))
    def lose_state(self, server):
        self.count += 1
        self.servers[server] = self.bench.store(f"state-{self.count}")

    @rule(server=st.integers(0, 1))
    def look(self, server):
        config = self.servers[server]
        version, text = config.version(), config.snapshot().document.text()
        assert version >= self.seen[server]
        self.seen[server] = version
        assert self.owners.setdefault(version, text) == text

    @invariant()
    def nothing_is_left_beside_the_file(self):
        assert self.bench.litter() == []

    def teardown(self):
        import shutil

        for server in self.servers:
            server.file.records.state.shutdown()
        shutil.rmtree(self.bench.directory)


TestNumbers = Numbers.TestCase
TestNumbers.settings = settings(max_examples=15, stateful_step_count=15)
