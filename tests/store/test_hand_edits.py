"""Texts that a person wrote and that HAProxy refuses: put back, with the person's beside, or kept."""

import logging
import os
import stat
from pathlib import Path

import pytest

from dataplane_core.errors import CheckFailed, ReloadFailed
from dataplane_core.store.config import ConfigStore
from tests.store.support import TEXT, Bench, add_server

BAD = TEXT.replace("daemon", "refused")


@pytest.fixture
def keeping(bench: Bench) -> Bench:
    bench.options["dataplane.on_bad_edit"] = "keep"
    return bench


def rejected(bench: Bench) -> Path:
    return bench.file.with_name("haproxy.cfg.rejected")


def edited(bench: Bench, text: str) -> ConfigStore:
    """A store that has seen the first text before a person wrote another."""
    config = bench.store()
    config.version()
    bench.file.write_bytes(text.encode())
    return config


class TestPutBack:
    def test_the_persons_text_is_beside_the_file(self, bench, caplog):
        bench.file.chmod(0o640)
        config = edited(bench, BAD)
        with caplog.at_level(logging.ERROR):
            assert config.file.notice_edit()
            assert config.file.restore("line 4: unknown keyword", 2) == 3
        assert bench.text == "# _version=3\n" + TEXT
        assert rejected(bench).read_text() == BAD
        assert stat.S_IMODE(rejected(bench).stat().st_mode) == 0o640
        entry = config.history.get(2)
        assert entry.status == "rolled back"
        for told in (entry.reason, caplog.text):
            assert "line 4: unknown keyword" in told and str(rejected(bench)) in told
        assert config.file.hand_edits.rejected() == (rejected(bench), entry.reason.partition("; what was written")[0])
        assert bench.litter() == ["haproxy.cfg.rejected"]
        rejected(bench).unlink()
        assert config.file.hand_edits.rejected() is None

    def test_owner_and_group_are_those_of_the_file(self, bench):
        if os.geteuid() != 0:
            pytest.skip("only root gives files away")
        os.chown(bench.file, 1234, 2345)
        edited(bench, BAD).file.restore("no", 2)
        for file in (bench.file, rejected(bench)):
            assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)

    def test_the_newest_is_kept_with_what_came_on_top(self, bench):
        config = edited(bench, TEXT + "# first\n")
        config.version()
        bench.file.write_text(TEXT + "# second\n")
        add_server(config, "be1", "s2", version=config.version())
        assert config.file.restore("no such address", 4) == 5
        assert bench.text == "# _version=5\n" + TEXT
        assert rejected(bench).read_text() == TEXT + "# second\n"
        told = {entry.version: entry.status for entry in config.history.latest()}
        assert told == {1: "active", 2: "rolled back", 3: "rolled back", 4: "rolled back", 5: "active"}

    def test_changes_of_clients_leave_nothing_beside_the_file(self, bench):
        config = bench.store()
        add_server(config, "be1", "s2", version=1)
        assert config.file.restore("no", 2) == 3
        assert bench.litter() == []
        assert config.history.get(2).reason == "no"

    def test_an_older_one_is_replaced(self, bench):
        config = edited(bench, BAD)
        config.file.restore("no", 2)
        bench.file.write_text(BAD + "# again\n")
        assert config.file.restore("no", config.version()) == 5
        assert rejected(bench).read_text() == BAD + "# again\n"

    def test_a_place_that_cannot_be_written_holds_nothing_up(self, bench, caplog):
        config = edited(bench, BAD)
        rejected(bench).mkdir()
        (rejected(bench) / "full").touch()
        assert config.file.restore("no", 2) == 3
        assert bench.text == "# _version=3\n" + TEXT
        assert "version 2, written by hand, is not kept" in caplog.text
        assert config.history.get(2).reason == "no"
        assert config.raw_text(2)[0] == BAD

    def test_a_link_has_it_beside_itself(self, bench, tmp_path):
        real = tmp_path / "elsewhere.cfg"
        bench.file.rename(real)
        bench.file.symlink_to(real)
        config = edited(bench, BAD)
        assert config.file.restore("no", 2) == 3
        assert (bench.file.is_symlink(), rejected(bench).read_text()) == (True, BAD)

    def test_any_bytes_stay(self, bench):
        config = bench.store()
        config.version()
        bench.file.write_bytes(b"refused \xff\r\nglobal")
        assert config.file.restore("no", config.version()) == 3
        assert rejected(bench).read_bytes() == b"refused \xff\r\nglobal"


class TestKept:
    def test_it_is_not_reloaded(self, keeping, caplog):
        config = edited(keeping, BAD)
        assert not config.file.notice_edit()
        assert keeping.reloads.requested == []
        assert keeping.text == BAD
        entry = config.history.get(2)
        assert entry.refused and "refused" in entry.reason and "line 4" in entry.reason
        assert f"parsing [{keeping.file}:4]" in entry.reason
        assert "is not reloaded" in caplog.text and "line 4" in caplog.text
        assert not config.file.notice_edit()
        assert len(keeping.checker.paths) == 1  # it is judged once

    def test_changes_are_refused_with_the_reason(self, keeping):
        config = edited(keeping, BAD)
        config.file.notice_edit()
        begun = config.transactions.begin(2)
        add_server(config, "be1", "s2", transaction_id=begun.id)
        hint = r"line 4.*haproxy\.cfg is refused since it was edited by hand \(version 2\)"
        with pytest.raises(CheckFailed, match=hint) as failed:
            add_server(config, "be1", "s2", version=2)
        assert failed.value.findings[0].line == 4
        with pytest.raises(CheckFailed, match=hint):
            config.transactions.commit(begun.id)
        assert keeping.text == BAD
        assert keeping.litter() == []

    def test_until_it_is_valid(self, keeping):
        config = edited(keeping, BAD)
        config.file.notice_edit()
        keeping.file.write_text(TEXT + "# mended\n")
        assert config.file.notice_edit()
        assert keeping.reloads.requested == [3]
        add_server(config, "be1", "s2", version=3)

    def test_a_change_that_mends_it_is_taken(self, keeping):
        config = edited(keeping, BAD)
        config.file.notice_edit()
        with config.edit(version=2) as edit:
            section = edit.document.find("global")
            edit.document = edit.document.replace(section, section.with_lines([]))
        assert config.version() == 3
        assert keeping.reloads.requested == [3]

    def test_a_text_that_only_the_reload_refuses_stays_too(self, keeping):
        text = TEXT.replace("10.0.0.1", "10.0.0.9")
        config = edited(keeping, text)
        assert config.file.notice_edit()
        assert config.file.restore("no such address", 2) is None
        assert (keeping.text, keeping.litter()) == (text, [])
        assert config.history.get(2).refused
        add_server(config, "be1", "s2", version=2)
        assert config.file.restore("no such address", 3) == 4
        assert keeping.text == text
        told = {entry.version: (entry.status, entry.refused) for entry in config.history.latest()}
        assert told[3] == ("rolled back", False) and told[4] == ("active", True)
        assert (config.version(), config.raw_text()[0]) == (4, text)
        add_server(config, "be1", "s3", version=4)
        assert config.file.restore("no such address", 5) == 6
        assert keeping.text == text
        assert keeping.litter() == []

    def test_who_waits_for_the_reload_is_told(self, keeping):
        config = edited(keeping, TEXT.replace("10.0.0.1", "10.0.0.9"))
        config.file.notice_edit()
        keeping.reloads.record.status = "failed"

        def force(version):
            keeping.reloads.record.restored = config.file.restore("no such address", version)
            return keeping.reloads.record

        keeping.reloads.force = force
        with pytest.raises(ReloadFailed, match="version 4 holds the former text"):
            add_server(config, "be1", "s2", version=2, force_reload=True)
        assert "s2" not in keeping.text

    def test_what_clients_did_is_put_back_as_ever(self, keeping):
        config = keeping.store()
        add_server(config, "be1", "s2", version=1)
        assert config.file.restore("no", 2) == 3
        assert keeping.text == "# _version=3\n" + TEXT

    def test_a_check_that_breaks_off_judges_nothing(self, keeping):
        def broken() -> None:
            raise ReloadFailed("HAProxy cannot be run")

        keeping.checker.before = broken
        config = edited(keeping, BAD)
        assert config.file.notice_edit()  # the reload will tell
        assert keeping.reloads.requested == [2]
