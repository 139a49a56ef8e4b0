"""Attempts at a version that cross: two at the same, one that dies, one that a reload meets."""

import os
import threading
from contextlib import contextmanager, suppress

import pytest

from dataplane_core.errors import BadRequest, Conflict, DataplaneError, StorageFailed
from dataplane_core.store import configuration_file, failpoints
from dataplane_core.store.journal.state import State
from dataplane_core.store.records import Records
from tests.harness.waiting import stays
from tests.store.support import Bench, add_server, with_server


def dies(where, action):
    """Do something in a process of its own that ends as `kill -9` would at a failpoint."""
    child = os.fork()
    if child == 0:
        failpoints._NAME = where
        try:
            action()
        finally:
            os._exit(1)
    return child


def ended(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137


class Meeting:
    """A child stops where it calls `wait`, from when `begun` returns until `go` is called."""

    def __init__(self):
        self._begun, self._go = os.pipe(), os.pipe()

    def wait(self):
        os.write(self._begun[1], b"x")
        os.read(self._go[0], 1)

    def begun(self):
        os.read(self._begun[0], 1)

    def go(self):
        os.write(self._go[1], b"x")


def texts(bench):
    return sorted(
        int(path.name.split("-")[0]) for path in (bench.directory / "state/versions").iterdir()
    )


def test_whoever_loses_with_the_same_change_leaves_the_text_of_the_other(bench):
    bench.without_turns()
    first, second = bench.store(), bench.store()
    first.version()

    def overtake():
        bench.checker.before = None
        add_server(second, "be1", "same", version=1)

    bench.checker.before = overtake
    with pytest.raises(DataplaneError, match="version mismatch"):
        add_server(first, "be1", "same", version=1)
    assert texts(bench) == [1, 2]
    first.file.accept(2)
    add_server(first, "be1", "bad", version=2)
    assert first.file.restore("no route", 3) == 4
    assert "same" in bench.text


def test_whoever_loses_with_the_same_change_leaves_the_intent_of_the_other(bench):
    bench.without_turns()
    config = bench.store()
    config.version()
    transaction = config.transactions.begin(1).id
    add_server(config, "be1", "same", transaction_id=transaction)
    config.file.records.state.close()
    meeting = Meeting()

    def winner():
        bench.checker.before = meeting.wait
        config.transactions.commit(transaction)

    child = dies("replaced", winner)
    meeting.begun()

    def cut_off():
        raise StorageFailed("the check did not end")

    bench.checker.before = cut_off
    with pytest.raises(StorageFailed):
        add_server(config, "be1", "same", version=1)
    meeting.go()
    ended(child)
    assert config.version() == 2
    assert config.history.newest().transaction_id == transaction
    assert config.transactions.list() == []
    assert bench.reloads.requested == [2]


def test_a_worker_that_looks_late_leaves_the_intents_of_the_living(bench):
    late = bench.store()
    meeting = Meeting()

    def other():
        bench.checker.before = meeting.wait
        add_server(bench.store(), "be1", "new", version=1)

    child = dies("replaced", other)
    meeting.begun()
    assert late.version() == 1
    meeting.go()
    ended(child)
    assert late.version() == 2
    assert late.history.newest().origin == "api"


def test_a_commit_whose_record_fails_is_settled_by_the_next_look(bench, monkeypatch):
    config = bench.store()
    config.version()
    request = bench.reloads.request

    def broken(version, reason=""):
        monkeypatch.setattr(bench.reloads, "request", request)
        raise UnicodeEncodeError("utf-8", "\udce9", 0, 1, "surrogates not allowed")

    monkeypatch.setattr(bench.reloads, "request", broken)
    outcome = add_server(config, "be1", "new", version=1)
    assert (outcome.version, outcome.state) == (2, "queued")
    assert bench.reloads.requested == [2]
    assert config.version() == 2
    assert config.history.newest().origin == "api"
    assert add_server(config, "be1", "next", version=2).version == 3


@pytest.mark.parametrize(("limit", "stores"), [(1, 2), (4, 8)])
def test_commits_at_once_leave_each_others_texts(bench, limit, stores):
    bench.options["dataplane.history_limit"] = limit
    bench.without_turns()
    workers = [bench.store() for _ in range(stores)]
    for worker in workers:
        worker.version()
    together = threading.Barrier(stores)
    bench.checker.before = together.wait

    def work(number):
        with suppress(DataplaneError):
            add_server(workers[number], "be1", f"n{number}", version=1)
        workers[number].file.records.state.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = workers[0].history.newest()
    assert newest.version == 2
    assert workers[0].file.records.texts.read(2, newest.digest) is not None
    assert texts(bench) == [1, 2]


def test_the_texts_of_another_file_are_in_nobodys_way(bench):
    bench.options["dataplane.history_limit"] = 3
    config = bench.store()
    for version in range(1, 6):
        add_server(config, "be1", f"s{version + 1}", version=version)
    config.file.records.state.shutdown()
    (bench.directory / "other").mkdir()
    other = Bench(bench.directory / "other")
    other.directory = bench.directory
    config = other.store()
    add_server(config, "be1", "new", version=config.version())
    assert texts(other) == [1, 2]


def test_the_text_that_is_being_loaded_is_kept(bench):
    bench.options["dataplane.history_limit"] = 3
    config = bench.store()
    add_server(config, "be1", "good", version=1)
    bench.reloads.under_way = [2]
    for version in range(2, 6):
        add_server(config, "be1", f"s{version}", version=version)
    config.file.accept(2)
    bench.reloads.under_way = []
    add_server(config, "be1", "bad", version=6)
    assert config.file.restore("no", 7) == 8
    assert "good" in bench.text and "s2 10" not in bench.text


def test_an_edit_beside_the_commit_of_its_transaction_is_in_it_or_refused(bench, monkeypatch):
    config = bench.store()
    config.version()
    transaction = config.transactions.begin(1).id
    add_server(config, "be1", "first", transaction_id=transaction)
    told = []

    def edit():
        try:
            add_server(config, "be1", "second", transaction_id=transaction)
            told.append("taken")
        except (BadRequest, Conflict):
            told.append("refused")
        config.file.records.state.close()

    other = threading.Thread(target=edit)

    def begin(name):
        if name == "replaced":
            other.start()
            stays(other.is_alive)

    monkeypatch.setattr(configuration_file, "failpoint", begin)
    config.transactions.commit(transaction)
    other.join()
    assert told == ["refused"]
    assert "first" in bench.text and "second" not in bench.text


def test_an_edit_under_way_makes_the_commit_of_its_transaction_wait(bench):
    config = bench.store()
    config.version()
    transaction = config.transactions.begin(1).id
    add_server(config, "be1", "first", transaction_id=transaction)
    inside, go = threading.Event(), threading.Event()

    def edit():
        with config.edit(transaction_id=transaction) as one:
            inside.set()
            go.wait()
            one.document = with_server(one.document, "be1", "second")
        config.file.records.state.close()

    other = threading.Thread(target=edit)
    other.start()
    inside.wait()
    threading.Timer(0.1, go.set).start()
    with pytest.raises(Conflict, match="was changed while it was committed"):
        config.transactions.commit(transaction)
    other.join()
    config.transactions.commit(transaction)
    assert "first" in bench.text and "second" in bench.text


def test_a_transaction_begun_on_the_version_that_is_being_recorded_stays_open(bench, monkeypatch):
    config = bench.store()
    transaction = config.transactions.begin(config.version()).id
    add_server(config, "be1", "new", transaction_id=transaction)
    complete = Records.complete
    begun = []

    def late(self, *arguments):
        def begin():
            begun.append(config.transactions.begin(config.version()).id)
            config.file.records.state.close()

        other = threading.Thread(target=begin)
        other.start()
        other.join()
        complete(self, *arguments)

    monkeypatch.setattr(Records, "complete", late)
    config.transactions.commit(transaction)
    assert [config.transactions.get(one).status for one in begun] == ["in_progress"]


def test_two_workers_that_open_a_state_at_once_keep_what_the_first_has_told(bench, monkeypatch):
    first, second = bench.store(), bench.store()
    looked, go = threading.Event(), threading.Event()
    read = State.value

    def slow(self, name):
        value = read(self, name)
        if self is second.file.records.state and not looked.is_set():
            looked.set()
            go.wait()
        return value

    monkeypatch.setattr(State, "value", slow)
    other = threading.Thread(target=lambda: (second.version(), second.file.records.state.close()))
    other.start()
    looked.wait()
    assert add_server(first, "be1", "new", version=1).version == 2
    transaction = first.transactions.begin(2).id
    go.set()
    other.join()
    assert first.transactions.get(transaction).status == "in_progress"
    assert first.history.newest().origin == "api"


def test_an_edit_by_hand_whose_reload_could_not_be_asked_for_stays_due(bench, monkeypatch):
    config = bench.store()
    config.version()
    bench.file.write_text(bench.text + "# by hand\n")
    with monkeypatch.context() as patch:

        @contextmanager
        def full(self, **how):
            raise StorageFailed("no space")
            yield

        patch.setattr(State, "write", full)
        config.file.notice_edit()  # read, and not recorded
    monkeypatch.setattr(bench.reloads, "request", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        config.file.notice_edit()
    monkeypatch.undo()
    assert config.file.notice_edit()
    assert bench.reloads.requested == [2]


@pytest.mark.parametrize("where", ["replaced", "restored"])
def test_what_went_over_the_socket_is_undone_also_if_the_restorer_dies(bench, where):
    config = bench.store()
    add_server(config, "be1", "reloaded", version=1)
    bench.plan = lambda change: lambda: True
    assert add_server(config, "be1", "applied", version=2).state == "applied"
    bench.reloads.requested.clear()
    config.file.records.state.close()
    ended(dies(where, lambda: config.file.restore("no", 2)))
    after = bench.store()
    after.file.recover()
    assert "applied" not in bench.text
    assert bench.reloads.requested == [4]


def test_a_change_that_wanted_no_reload_gets_none_from_its_heir(bench):
    config = bench.store()
    config.version()
    config.file.records.state.close()
    ended(dies("replaced", lambda: add_server(config, "be1", "a", version=1, skip_reload=True)))
    assert bench.store().version() == 2
    assert bench.reloads.requested == []
