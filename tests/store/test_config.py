"""Edits with a version, and what a reader sees."""

import logging
import os
import stat
import time
from types import SimpleNamespace

import pytest

from dataplane_core import impl
from dataplane_core.errors import (
    BadRequest,
    CheckFailed,
    Invalid,
    NotFound,
    NotReloaded,
    Reference,
    ReloadFailed,
    StorageFailed,
    VersionMismatch,
)
from dataplane_core.store.author import Author
from dataplane_core.store.files import file_identity
from dataplane_core.store.snapshot import KeptAnswer
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager
from tests.store.support import LANGUAGE, TEXT, Bench, FakeRecord, add_server


def test_reading_writes_nothing(bench):
    config = bench.store()
    before = file_identity(os.stat(bench.file))
    assert config.version() == 1
    assert config.raw_text() == (TEXT, None)
    assert file_identity(os.stat(bench.file)) == before
    assert bench.litter() == []


def test_a_snapshot_is_shared_until_the_file_changes(bench):
    config = bench.store()
    first = config.snapshot()
    first.cache["answer"] = KeptAnswer(b"bytes", "tag")
    assert config.snapshot() is first
    bench.file.touch()
    assert config.snapshot().cache.get("answer") == (b"bytes", "tag")
    add_server(config, "be1", "s2", version=1)
    assert "answer" not in config.snapshot().cache


def test_workers_share_what_was_read_before_they_were_forked(bench):
    config = bench.store()
    config.file.recover()
    known = config.file.on_disk._current
    assert known is not None and config.snapshot() is known


def test_a_start_takes_a_file_that_is_not_there(bench):
    config = bench.store()
    bench.file.unlink()
    config.file.recover()
    with pytest.raises(StorageFailed):
        config.snapshot()


def test_one_edit_adds_its_line_and_the_version(bench):
    config = bench.store()
    outcome = add_server(config, "be1", "s2", version=1)
    assert (outcome.version, outcome.state, outcome.reload_id) == (2, "queued", "2026-11-21-1")
    line = "  server s1 10.0.0.1:80  # trailing\n"
    expected = "# _version=2\n" + TEXT.replace(line, line + "  server s2 10.9.9.9:80\n")
    assert bench.text == expected
    assert bench.checker.texts == [expected]
    assert config.raw_text() == (expected, 2)
    assert bench.litter() == []


def test_a_second_edit_moves_the_version_line_only(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    before = bench.text
    with config.edit(version=2):
        pass
    assert bench.text == before.replace("_version=2", "_version=3")


def test_the_candidate_is_checked_beside_the_file_with_its_rights(bench):
    bench.file.chmod(0o640)
    seen = []
    bench.checker.before = lambda: seen.append(stat.S_IMODE(bench.checker.paths[-1].stat().st_mode))
    add_server(bench.store(), "be1", "s2", version=1)
    assert bench.checker.paths[0].parent == bench.file.parent
    assert seen == [0o640]
    assert stat.S_IMODE(bench.file.stat().st_mode) == 0o640


def test_a_checksum_line_is_kept_right(bench):
    bench.file.write_text("# _md5hash=00\n# _version=4\n" + TEXT)
    config = bench.store()
    add_server(config, "be1", "s2", version=4)
    head = config.snapshot().head
    assert (head.version, len(head.checksum or "")) == (5, 32)


@pytest.mark.parametrize("version", [2, 99, -1])
def test_a_wrong_version_is_409(bench, version):
    with pytest.raises(VersionMismatch, match=f"is 1, given version is {version}"):
        add_server(bench.store(), "be1", "s2", version=version)
    assert bench.text == TEXT


@pytest.mark.parametrize("how", [{}, {"version": 0}, {"version": None}])
def test_neither_version_nor_transaction_is_400(bench, how):
    with pytest.raises(BadRequest, match="version or transaction not specified"):
        add_server(bench.store(), "be1", "s2", **how)


@pytest.mark.parametrize("how", [{"version": 1}, {"force_reload": True}])
def test_a_transaction_goes_with_nothing_else(bench, how):
    config = bench.store()
    transaction = config.transactions.begin(1)
    with pytest.raises(BadRequest):
        add_server(config, "be1", "s2", transaction_id=transaction.id, **how)


def test_an_exception_in_the_body_changes_nothing(bench):
    config = bench.store()
    with pytest.raises(ZeroDivisionError), config.edit(version=1) as edit:
        edit.document = Document.parse("global\n", LANGUAGE)
        raise ZeroDivisionError
    assert bench.text == TEXT
    assert config.version() == 1


def test_a_refusal_says_where_and_names_no_temporary_file(bench):
    config = bench.store()
    bench.locate = lambda document, section, line: Reference(
        "servers", section.kind, section.name, section.lines[line].tokens[1]
    )
    with pytest.raises(CheckFailed) as failure:
        add_server(config, "be2", "refused", version=1)
    finding = failure.value.findings[0]
    assert (finding.line, finding.section, finding.resource) == (14, "backend be2", Reference("servers", "backend", "be2", "refused"))
    assert "line 14, section backend be2" in failure.value.message
    assert str(bench.file) in failure.value.message
    assert ".tmp" not in failure.value.message + finding.message
    assert bench.text == TEXT
    assert bench.litter() == []
    assert [row.status for row in config.transactions.list()] == ["failed"]
    assert config.version() == 1
    assert bench.reloads.requested == []


def test_a_refusal_by_a_plugin_is_422(bench):
    class Hooks:
        def dataplane_check(self, document):
            return [[], ["be1 has too many servers"]]

        def dataplane_committed(self, change):
            raise AssertionError

    bench.hooks = Hooks()
    with pytest.raises(Invalid, match="be1 has too many servers"):
        add_server(bench.store(), "be1", "s2", version=1)
    assert bench.text == TEXT


def test_plugins_are_told_what_changed_and_may_ask_for_a_reload(bench):
    told = []

    class Hooks:
        def dataplane_check(self, document):
            return []

        def dataplane_committed(self, change):
            told.append(change)
            change.require_reload("because")

    bench.hooks = Hooks()
    config = bench.store()
    bench.plan = lambda change: lambda: True
    outcome = add_server(config, "be1", "s2", version=1, author=Author("ann", request_id="r1"))
    change = told[0]
    assert (change.version, change.who, change.request_id) == (2, "ann", "r1")
    assert change.touches("backend") and not change.touches("frontend", "global")
    assert [(c.key.name, "s2" in c.new, "s2" in c.old) for c in change.changes] == [
        ("be1", True, False)
    ]
    assert outcome.state == "queued"


def test_a_change_dates_from_after_the_plugins_check(bench):
    moments = []

    class Hooks:
        def dataplane_check(self, document):
            moments.append(time.time())
            return []

        def dataplane_committed(self, change):
            moments.append(change.when)

    bench.hooks = Hooks()
    add_server(bench.store(), "be1", "s2", version=1)
    assert moments == sorted(moments)


def test_a_failing_plugin_does_not_undo_what_is_written_and_has_it_reloaded(bench):
    def dataplane_committed(change):
        raise ZeroDivisionError

    bad = SimpleNamespace(__name__="bad", dataplane_committed=impl(dataplane_committed))
    bench.hooks = make_manager([bad]).hook
    config = bench.store()
    bench.plan = lambda change: lambda: True
    outcome = add_server(config, "be1", "s2", version=1)
    assert (outcome.version, outcome.state) == (2, "queued")
    assert bench.reloads.requested == [2]
    assert bench.reloads.reasons == ["the plugin bad failed in dataplane_committed: ZeroDivisionError"]


def test_a_change_that_the_socket_takes_needs_no_reload(bench):
    config = bench.store()
    bench.plan = lambda change: lambda: True
    outcome = add_server(config, "be1", "s2", version=1)
    assert (outcome.state, outcome.reload_id, bench.reloads.requested) == ("applied", None, [])
    assert config.history.get(2).accepted


def test_a_change_that_another_commit_overtook_is_reloaded_all_the_same(bench):
    config = bench.store()
    inner = []

    def apply(change):
        if change.version == 2:
            inner.append(add_server(config, "be1", "s3", version=2).state)
        return True

    bench.plan = lambda change: lambda: apply(change)
    assert add_server(config, "be1", "s2", version=1).state == "queued"
    assert inner == ["applied"]


def test_force_reload_waits_and_tells_of_failure(bench):
    config = bench.store()
    assert add_server(config, "be1", "s2", version=1, force_reload=True).state == "reloaded"
    bench.reloads.record = FakeRecord("failed", "no such file", restored=4)
    with pytest.raises(ReloadFailed, match="no such file; version 4 holds the former text"):
        add_server(config, "be1", "s3", version=2, force_reload=True)
    assert bench.reloads.forced == [2, 3]


def test_a_forced_reload_that_nobody_took_tells_that_the_version_stands(bench):
    bench.reloads.record = FakeRecord("failed", "HAProxy's master cannot be reached")
    with pytest.raises(NotReloaded, match="version 2 is in the file, but .* cannot be reached"):
        add_server(bench.store(), "be1", "s2", version=1, force_reload=True)
    assert "s2" in bench.text


def test_a_forced_reload_that_takes_too_long_is_one_that_waits(bench):
    bench.reloads.record = FakeRecord("in_progress")
    outcome = add_server(bench.store(), "be1", "s2", version=1, force_reload=True)
    assert (outcome.state, outcome.reload_id) == ("queued", "2026-11-21-9")


def test_each_commit_is_logged_with_who_and_why(bench, caplog):
    caplog.set_level(logging.INFO)
    config = bench.store()

    def plan(change):
        change.require_reload("backend be1: mode")

    bench.plan = plan
    add_server(config, "be1", "s2", version=1, author=Author("ann"))
    bench.plan = lambda change: lambda: True
    add_server(config, "be1", "s3", version=2, author=Author("ann"))
    add_server(config, "be1", "s4", version=3, author=Author("bob"), force_reload=True)
    add_server(config, "be1", "s5", version=4, skip_reload=True)
    begun = config.transactions.begin(5)
    add_server(config, "be1", "s6", transaction_id=begun.id)
    config.transactions.commit(begun.id, author=Author("eve"))
    told = [one.getMessage() for one in caplog.records if "committed" in one.getMessage()]
    assert told == [
        "version 2 committed by ann: reload 2026-11-21-1: backend be1: mode",
        "version 3 committed by ann: applied without a reload",
        "version 4 committed by bob: reloaded at once, as the client wanted it",
        "version 5 committed by an unnamed client: not reloaded, as the client wanted it",
        f"version 6 committed by eve, transaction {begun.id}: applied without a reload",
    ]
    assert {one.levelno for one in caplog.records if "committed" in one.getMessage()} == {logging.INFO}


def test_skip_reload_only_saves(bench):
    config = bench.store()
    assert add_server(config, "be1", "s2", version=1, skip_reload=True).state == "saved"
    assert bench.reloads.requested == bench.reloads.forced == []


def test_skip_version_replaces_whatever_is_there(bench):
    bench.without_turns()
    config = bench.store()
    others = bench.store()

    def interfere():
        bench.checker.before = None
        add_server(others, "be1", "s2", version=1)

    bench.checker.before = interfere
    with config.edit(skip_version=True) as edit:
        edit.document = Document.parse("# _version=77\nglobal\n  daemon\n", LANGUAGE)
    assert edit.outcome.version == 3
    assert bench.text == "# _version=3\nglobal\n  daemon\n"


def test_a_commit_during_the_check_is_not_overwritten(bench):
    bench.without_turns()
    config, others = bench.store(), bench.store()

    def interfere():
        bench.checker.before = None
        add_server(others, "be2", "s9", version=1)

    bench.checker.before = interfere
    with pytest.raises(VersionMismatch, match="is 2, given version is 1"):
        add_server(config, "be1", "s2", version=1)
    assert "s9" in bench.text and "s2" not in bench.text
    assert bench.litter() == []


def test_validate_writes_nothing(bench):
    config = bench.store()
    findings = config.validate("# _version=1\n# x\nglobal\n  odd\n")
    assert [(f.line, f.section, f.severity) for f in findings] == [(4, "global", "warning")]
    with pytest.raises(CheckFailed):
        config.validate("refused\n")
    assert bench.text == TEXT
    assert config.transactions.list() == []


def test_past_versions_can_be_read(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    second = bench.text
    add_server(config, "be1", "s3", version=2)
    assert config.raw_text(1) == (TEXT, 1)
    assert config.raw_text(2) == (second, 2)
    assert config.raw_text(3) == (bench.text, 3)
    with pytest.raises(NotFound):
        config.raw_text(4)


def test_the_number_of_kept_texts_is_bounded_but_for_what_is_needed(bench):
    bench.options["dataplane.history_limit"] = 2
    config = bench.store()
    transaction = config.transactions.begin(1)
    for version in range(1, 10):
        add_server(config, "be1", f"s{version + 1}", version=version)
    kept = (bench.directory / "state" / "versions").iterdir()
    assert sorted(path.name.split("-")[0] for path in kept) == ["1", "10", "9"]
    assert "s2" not in config.raw_text(transaction_id=transaction.id)[0]
    with pytest.raises(NotFound):
        config.raw_text(3)


def test_backups_are_kept_as_the_settings_say(bench):
    bench.options["dataplaneapi.transaction.backups_number"] = 2
    bench.options["dataplaneapi.transaction.backups_dir"] = str(bench.directory / "backups")
    config = bench.store()
    for version in range(1, 5):
        add_server(config, "be1", f"s{version + 1}", version=version)
    backups = bench.directory / "backups"
    assert sorted(path.name for path in backups.iterdir()) == ["haproxy.cfg.3", "haproxy.cfg.4"]
    assert "_version=3" in (backups / "haproxy.cfg.3").read_text()
    add_server(config, "be1", "s9", version=5)
    with config.file.records.state.write() as connection:
        config.file.records.text_rows.clear(connection)
    assert "_version=4" in config.raw_text(4)[0]


def test_any_bytes_stay(bench):
    data = b"# \xff\xfe caf\xe9\r\nglobal\r\n\tdaemon\x0b\n\nbackend be1\n  server s1 1.1.1.1:80"
    bench.file.write_bytes(data)
    config = bench.store()
    with config.edit(version=1):
        pass
    assert bench.file.read_bytes() == b"# _version=2\r\n" + data + b"\n"


def test_a_missing_file_is_told(bench):
    config = bench.store()
    bench.file.unlink()
    with pytest.raises(StorageFailed, match=r"haproxy\.cfg cannot be read"):
        config.snapshot()


def test_a_state_directory_serves_one_file(bench, tmp_path):
    config = bench.store()
    config.version()
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other")
    other.directory = bench.directory
    config = other.store()
    with pytest.raises(StorageFailed, match="set another dataplane.state_dir"):
        config.version()
