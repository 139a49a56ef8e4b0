"""A version goes again unless it is confirmed; one waits at a time, through deaths and restarts."""

import time
from dataclasses import replace

import pytest

from dataplane_core.errors import BadRequest, Conflict, VersionMismatch
from dataplane_core.store.author import Author, ChangeOptions
from dataplane_core.store.trial import Gate, begin_trial, read_trial, stored_trial
from tests.store.support import add_server
from tests.store.test_failpoints import COMMIT, WRITTEN, die

WANTED = ChangeOptions(confirm_within=90.0)


@pytest.fixture
def config(bench):
    config = bench.store()
    config.trials.watch()
    return config


def commit(config, **how):
    return add_server(config, "be1", "new1", version=config.version(), options=WANTED, **how)


def take_back(config):
    waits = config.trials.table.open()
    return config.put_back(waits.trial.former, waits.version, author=Author(reason=waits.reason))


def test_a_trial_is_stored_as_it_is():
    gate = Gate(0.8, True, 0.05, 5.0, ("a", "b"))
    for trial in (begin_trial(4, 90.0, gate, "boot"), begin_trial(4, 1.5, None, "")):
        assert read_trial(stored_trial(trial)) == trial
    assert read_trial("") is None


def test_while_the_machine_is_up_nobody_moves_the_end_by_setting_the_clock(monkeypatch):
    trial = begin_trial(1, 90.0, None, "boot")
    for jump in (-1e8, 1e8):
        monkeypatch.setattr(time, "time", lambda jump=jump: trial.moment + jump)
        assert 80 < trial.left("boot") <= 90
        assert trial.on("boot") is trial


def test_after_a_restart_of_the_machine_the_wall_clock_counts_and_never_adds_time(monkeypatch):
    trial = replace(begin_trial(1, 90.0, None, "before"), uptime=1e9)
    for passed, left in ((30, 60), (1e8, 90 - 1e8), (-1e8, 90)):
        monkeypatch.setattr(time, "time", lambda passed=passed: trial.moment + passed)
        assert trial.left("after") == pytest.approx(left)
        moved = trial.on("after")
        monkeypatch.setattr(time, "time", lambda: 0.0)  # from here on the uptime counts
        assert moved.left("after") == pytest.approx(left, abs=1)


def test_a_version_waits_from_the_write_on_that_makes_it_the_newest(bench, config):
    outcome = commit(config, author=Author(name="ops"))
    one = config.trials.table.open()
    assert (one.version, one.trial.former, one.who, one.status) == (2, 1, "ops", "waits")
    assert outcome.confirm_before == one.trial.before
    assert 89 < outcome.confirm_before - config.history.get(2).created < 120
    assert add_server(bench.store("other"), "be2", "s9", version=2).confirm_before is None


def test_another_change_has_to_wait(bench, config):
    commit(config)
    checks = len(bench.checker.texts)
    with pytest.raises(Conflict, match="version 2 waits for its confirmation until 20.*Z: confirm"):
        add_server(config, "be2", "s9", version=2)
    with pytest.raises(Conflict):
        config.put_back(2, options=WANTED, reload_reason="x")
    assert len(bench.checker.texts) == checks
    begun = config.transactions.begin(2).id
    with pytest.raises(Conflict, match="version 2 waits"):
        config.transactions.commit(begun)
    assert config.transactions.get(begun).status == "in_progress"
    assert config.trials.table.confirm(2, "ops")
    assert config.transactions.commit(begun)[1].version == 3


def test_what_is_confirmed_stays(config):
    commit(config)
    table = config.trials.table
    assert table.confirm(2, "ops")
    assert not table.confirm(2, "ops")
    assert not table.begin_return(2, "too late")
    assert (table.get(2).status, table.get(2).ended_by, table.open()) == ("confirmed", "ops", None)
    assert add_server(config, "be2", "s9", version=2).version == 3
    assert table.get(2).status == "confirmed"


def test_the_former_text_ends_the_wait_in_the_same_write(bench, config):
    text = bench.text
    commit(config)
    assert config.trials.table.begin_return(2, "nobody said anything")
    assert not config.trials.table.confirm(2, "ops")
    with pytest.raises(Conflict, match="version 2 is being taken back: nobody said anything"):
        add_server(config, "be2", "s9", version=2)
    assert take_back(config).version == 3
    assert bench.text == f"# _version=3\n{text}"
    one = config.trials.table.get(2)
    assert (one.status, one.back, one.reason) == ("taken_back", 3, "nobody said anything")
    gone = config.history.get(2)
    assert (gone.status, gone.undone_by, gone.reason) == ("rolled back", 3, "nobody said anything")
    assert config.history.last_accepted().version == 1
    assert add_server(config, "be2", "s9", version=3).version == 4


def test_a_failed_reload_takes_a_version_back_too(config):
    commit(config)
    assert config.file.restore("HAProxy did not want it", 2) == 3
    one = config.trials.table.get(2)
    assert (one.status, one.back, one.reason) == ("taken_back", 3, "HAProxy did not want it")


def test_what_a_person_writes_meanwhile_is_not_taken_back(bench, config):
    commit(config)
    bench.file.write_text(bench.text.replace("balance", "# by hand\n  balance") + "# more\n")
    assert config.version() == 3
    one = config.trials.table.get(2)
    assert (one.status, one.reason) == ("replaced", "version 3 was written by hand")
    with pytest.raises(VersionMismatch):
        config.put_back(1, 2)
    assert "# more" in bench.text


def test_the_former_text_is_kept_while_it_may_be_needed(bench):
    bench.options["dataplane.history_limit"] = 1
    config = bench.store()
    config.trials.watch()
    for number in range(1, 10):
        add_server(config, "be2", f"s1{number}", version=number)
    commit(config)
    for number in range(30):
        with pytest.raises(Conflict):
            add_server(config, "be2", f"s2{number}", version=11)
    config.trials.table.begin_return(11, "time is over")
    assert take_back(config).version == 12


def test_only_a_commit_takes_the_option_and_only_where_somebody_watches(bench, config):
    identifier = config.transactions.begin(1).id
    with pytest.raises(BadRequest, match="confirm_within belongs to the commit"):
        add_server(config, "be1", "n", transaction_id=identifier, options=WANTED)
    other = bench.store()
    for change in (
        lambda: commit(other),
        lambda: other.transactions.commit(identifier, options=WANTED),
        lambda: other.put_back(1, options=WANTED),
    ):
        with pytest.raises(BadRequest, match="nothing takes such a change back"):
            change()


@pytest.mark.parametrize("name", COMMIT)
def test_a_death_during_the_commit_keeps_the_wait_with_the_version(bench, name):
    action = "tried-transaction" if name == "directory-synced" else "tried"
    assert die(bench, name, action) == []
    config = bench.store()
    config.file.recover()
    one = config.trials.table.open()
    if name not in WRITTEN:
        assert (config.version(), one) == (1, None)
        return
    assert (one.version, one.trial.former, one.trial.seconds) == (2, 1, 90.0)
    assert 0 < one.trial.left(config.file.records.state.boot) <= 90
    config.trials.table.begin_return(2, "time is over")
    assert take_back(config).version == 3
    assert "new1" not in bench.text


@pytest.mark.parametrize("name", COMMIT)
def test_a_death_while_it_is_taken_back_leaves_it_to_others(bench, name):
    assert die(bench, f"{name}:2", "tried", "take-back") == [{"version": 2, "waits": True}]
    config = bench.store()
    config.file.recover()
    one = config.trials.table.open()
    if name in WRITTEN:
        assert one is None
        assert config.trials.table.get(2).back == config.version() == 3
    else:
        assert (one.status, one.reason) == ("returning", "time is over")
        assert take_back(config).version == 3
    assert "new1" not in bench.text
    assert config.history.get(2).status == "rolled back"
