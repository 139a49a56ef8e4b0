"""A reload that fails: the text that HAProxy last accepted comes back as a new version."""

import pytest

from dataplane_core.errors import ReloadFailed, TransactionOutdated
from tests.store.support import TEXT, add_server


def rest(text: str) -> str:
    return text.partition("\n")[2]


def test_the_accepted_text_comes_back_as_a_new_version(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    config.file.accept(2)
    accepted = bench.text
    add_server(config, "be1", "s3", version=2)
    add_server(config, "be1", "s4", version=3)
    open_transaction = config.transactions.begin(4).id
    assert config.file.restore("no route", 3) == 5
    assert bench.text == accepted.replace("_version=2", "_version=5")
    told = {entry.version: (entry.status, entry.reason) for entry in config.history.latest()}
    assert told[3] == told[4] == ("rolled back", "no route")
    assert told[5] == ("active", "no route")
    assert config.history.last_accepted().version == 5
    with pytest.raises(TransactionOutdated):
        config.transactions.commit(open_transaction)
    assert "s4" in config.raw_text(4)[0]
    assert bench.litter() == []


def test_the_first_text_is_taken_to_be_what_haproxy_runs(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    assert config.file.restore("no", 2) == 3
    assert bench.text == "# _version=3\n" + TEXT


def test_nothing_is_put_back_twice(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    assert config.file.restore("no", 2) == 3
    assert config.file.restore("no", 2) is None
    assert config.file.restore("no", 3) is None


def test_nothing_is_put_back_when_a_later_version_was_accepted(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    add_server(config, "be1", "s3", version=2)
    config.file.accept(3)
    add_server(config, "be1", "s4", version=3)
    assert config.file.restore("late news", 2) is None
    assert "s4" in bench.text


def test_an_edit_by_hand_that_haproxy_refuses_is_kept_as_a_version(bench):
    config = bench.store()
    config.version()
    bench.file.write_text(TEXT + "nonsense\n")
    assert config.file.notice_edit()
    assert config.file.restore("unknown keyword", 2) == 3
    assert rest(bench.text) == TEXT
    assert config.raw_text(2) == (TEXT + "nonsense\n", 2)


def test_other_workers_see_the_restored_text(bench):
    config, other = bench.store(), bench.store()
    add_server(config, "be1", "s2", version=1)
    assert other.version() == 2
    config.file.restore("no", 2)
    assert other.version() == 3
    assert rest(other.raw_text()[0]) == TEXT
    assert not other.file.notice_edit()


def test_the_accepted_text_outlives_the_limit_of_history(bench):
    bench.options["dataplane.history_limit"] = 1
    config = bench.store()
    for version in range(1, 6):
        add_server(config, "be1", f"s{version + 1}", version=version)
    assert config.file.restore("no", 2) == 7
    assert rest(bench.text) == TEXT


def test_what_haproxy_took_over_its_socket_is_undone_by_a_reload(bench):
    config = bench.store()
    add_server(config, "be1", "s2", version=1)
    bench.plan = lambda change: lambda: True
    assert add_server(config, "be1", "s3", version=2).state == "applied"
    assert not config.history.get(3).accepted
    bench.reloads.requested.clear()
    assert config.file.restore("no", 3) == 4
    assert bench.reloads.requested == [4]


def test_a_restore_that_undoes_nothing_applied_needs_no_reload(bench):
    config = bench.store()
    bench.plan = lambda change: lambda: change.version == 2
    add_server(config, "be1", "s2", version=1)
    add_server(config, "be1", "s3", version=2)
    bench.reloads.requested.clear()
    assert config.file.restore("no", 3) == 4
    assert "s2" in bench.text and "s3" not in bench.text
    assert bench.reloads.requested == []


@pytest.mark.parametrize("status", ["succeeded", "in_progress"])
def test_a_change_that_was_rolled_back_before_its_forced_reload_is_told_so(bench, status):
    config = bench.store()
    config.version()
    bench.reloads.record.status = status

    def force(version):
        assert config.file.restore("no such file", 2) == 3
        return bench.reloads.record

    bench.reloads.force = force
    with pytest.raises(ReloadFailed, match="version 2 was rolled back: no such file"):
        add_server(config, "be1", "s2", version=1, force_reload=True)
    assert "s2" not in bench.text


def test_a_change_that_was_rolled_back_before_its_reload_is_told_so(bench):
    config = bench.store()
    config.version()

    def apply():
        assert config.file.restore("no such file", 2) == 3
        return True

    bench.plan = lambda change: apply
    with pytest.raises(ReloadFailed, match="version 2 was rolled back: no such file"):
        add_server(config, "be1", "s2", version=1)
    assert "s2" not in bench.text
    assert len(bench.reloads.requested) == 1  # HAProxy may have taken it over its socket
