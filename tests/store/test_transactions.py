import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane_core.errors import (
    BadRequest,
    CheckFailed,
    NotFound,
    TooMany,
    TransactionOutdated,
    VersionMismatch,
)
from dataplane_core.store.journal import transactions as rows
from dataplane_core.text import Document, Line
from tests.store.support import LANGUAGE, TEXT, Bench, add_server, with_backend


def statuses(config):
    return {row.id: row.status for row in config.transactions.list()}


def test_edits_are_seen_in_the_transaction_only_and_committed_together(bench):
    config = bench.store()
    transaction = config.transactions.begin(1)
    outcome = add_server(config, "be1", "s2", transaction_id=transaction.id)
    assert (outcome.state, outcome.version) == ("pending", 1)
    with config.edit(transaction_id=transaction.id) as edit:
        edit.document = with_backend(edit.document, "be3")
    assert bench.text == TEXT
    assert config.snapshot(transaction.id).document.find("backend", "be3")
    assert not config.snapshot().document.find("backend", "be3")
    assert "s2" in config.raw_text(transaction_id=transaction.id)[0]
    done, outcome = config.transactions.commit(transaction.id)
    assert (done.status, done.version, outcome.version) == ("success", 1, 2)
    assert outcome.reload_id == "2026-11-21-1"
    assert "s2" in bench.text and "backend be3" in bench.text
    assert config.transactions.list() == []


def test_a_committed_transaction_is_gone(bench):
    config = bench.store()
    identifier = config.transactions.begin(1).id
    config.transactions.commit(identifier)
    for action in (config.transactions.get, config.transactions.commit, config.transactions.delete):
        with pytest.raises(NotFound):
            action(identifier)


def test_an_empty_transaction_raises_the_version(bench):
    config = bench.store()
    config.transactions.commit(config.transactions.begin(1).id)
    assert bench.text == "# _version=2\n" + TEXT


def test_begin_wants_the_newest_version(bench):
    with pytest.raises(VersionMismatch, match="is 1, given version is 2"):
        bench.store().transactions.begin(2)


@pytest.mark.parametrize("identifier", ["nope", "", "\udcff"])
def test_unknown_transactions(bench, identifier):
    config = bench.store()
    for action in (config.transactions.get, config.transactions.commit, config.transactions.delete):
        with pytest.raises(NotFound):
            action(identifier)
    with pytest.raises(BadRequest, match="transaction does not exist"):
        config.snapshot(identifier)


def test_the_commit_of_one_makes_the_others_outdated(bench):
    config = bench.store()
    one, two = config.transactions.begin(1).id, config.transactions.begin(1).id
    add_server(config, "be2", "s2", transaction_id=two)
    config.transactions.commit(one)
    assert statuses(config) == {two: "outdated"}
    with pytest.raises(BadRequest, match=f"transaction does not exist: {two}"):
        add_server(config, "be2", "s3", transaction_id=two)
    with pytest.raises(TransactionOutdated):
        config.transactions.commit(two)
    assert config.transactions.get(two).status == "outdated"
    config.transactions.delete(two)
    assert statuses(config) == {}


def test_a_direct_change_makes_the_commit_a_409_and_then_a_406(bench):
    config = bench.store()
    transaction = config.transactions.begin(1).id
    add_server(config, "be1", "s2", version=1)
    assert statuses(config) == {transaction: "in_progress"}
    add_server(config, "be2", "s9", transaction_id=transaction)
    assert "s2" not in config.raw_text(transaction_id=transaction)[0]
    with pytest.raises(VersionMismatch, match="transaction version: 1, configured version: 2"):
        config.transactions.commit(transaction)
    assert statuses(config) == {transaction: "outdated"}
    with pytest.raises(TransactionOutdated):
        config.transactions.commit(transaction)


def test_a_transaction_begun_before_another_was_committed_is_406(bench):
    config = bench.store()
    late = config.transactions.begin(1)
    other = config.transactions.begin(1)
    config.transactions.commit(other.id)
    with config.file.records.state.write() as connection:
        connection.execute("UPDATE transactions SET status = 'in_progress'")
    with pytest.raises(TransactionOutdated):
        config.transactions.commit(late.id)


def test_an_edit_by_hand_makes_the_commit_a_409(bench):
    config = bench.store()
    transaction = config.transactions.begin(1).id
    bench.file.write_text(TEXT + "# by hand\n")
    with pytest.raises(VersionMismatch):
        config.transactions.commit(transaction)
    assert bench.text == TEXT + "# by hand\n"


def test_a_refused_transaction_is_failed(bench):
    config = bench.store()
    transaction = config.transactions.begin(1).id
    add_server(config, "be1", "refused", transaction_id=transaction)
    with pytest.raises(CheckFailed):
        config.transactions.commit(transaction)
    assert config.transactions.get(transaction).status == "failed"
    with pytest.raises(TransactionOutdated):
        config.transactions.commit(transaction)
    with pytest.raises(BadRequest):
        config.snapshot(transaction)
    config.transactions.delete(transaction)
    assert bench.text == TEXT


def test_a_whole_text_in_a_transaction(bench):
    config, other = bench.store(), bench.store()
    transaction = config.transactions.begin(1).id
    add_server(config, "be1", "s2", transaction_id=transaction)
    text = "# _version=5\n" + "".join(f"backend b{n}\n" for n in range(200))
    with config.edit(transaction_id=transaction) as edit:
        edit.document = Document.parse(text, LANGUAGE, edit.document)
    add_server(other, "b7", "s1", transaction_id=transaction)
    expected = "# _version=2\n" + text.partition("\n")[2].replace(
        "backend b7\n", "backend b7\n  server s1 10.9.9.9:80\n"
    )
    config.transactions.commit(transaction)
    assert bench.text == expected


def test_too_many_open_ones_are_429_and_direct_changes_are_exempt(bench):
    bench.options["dataplaneapi.transaction.max_open_transactions"] = 2
    config = bench.store()
    first = config.transactions.begin(1).id
    config.transactions.begin(1)
    with pytest.raises(TooMany):
        config.transactions.begin(1)
    config.transactions.delete(first)
    config.transactions.begin(1)
    add_server(config, "be1", "s2", version=1)


def test_failed_and_outdated_ones_take_no_place(bench):
    bench.options["dataplaneapi.transaction.max_open_transactions"] = 1
    config = bench.store()
    failed = config.transactions.begin(1).id
    add_server(config, "be1", "refused", transaction_id=failed)
    with pytest.raises(CheckFailed):
        config.transactions.commit(failed)
    outdated = config.transactions.begin(1).id
    add_server(config, "be1", "s2", version=1)
    with pytest.raises(VersionMismatch):
        config.transactions.commit(outdated)
    assert config.transactions.begin(2).status == "in_progress"


def test_what_a_killed_server_left_open_takes_no_place_and_still_works(bench):
    bench.options["dataplaneapi.transaction.max_open_transactions"] = 1
    config = bench.store()
    left = config.transactions.begin(1).id
    add_server(config, "be1", "s2", transaction_id=left)
    config.file.records.state.shutdown()
    again = bench.store()
    again.transactions.delete(again.transactions.begin(1).id)
    again.transactions.commit(left)
    assert "s2" in bench.text


def restarted(bench, config):
    """A store after a restart of the machine."""
    config.file.records.state.shutdown()
    again = bench.store()
    again.file.records.state.boot = "another one"
    return again


def test_a_transaction_that_was_open_when_the_machine_lost_its_power_has_failed(bench):
    bench.options["dataplaneapi.transaction.max_open_transactions"] = 1
    config = bench.store()
    left = config.transactions.begin(1).id
    add_server(config, "be1", "s2", transaction_id=left)
    again = restarted(bench, config)
    assert statuses(again) == {left: "failed"}
    for action in (again.transactions.commit, again.snapshot, lambda _: add_server(again, "be1", "s3", transaction_id=left)):
        with pytest.raises(TransactionOutdated, match="the machine was restarted") as refused:
            action(left)
        assert refused.value.status == 406
    assert bench.text == TEXT
    new = again.transactions.begin(1).id
    assert statuses(again) == {left: "failed", new: "in_progress"}
    with pytest.raises(TransactionOutdated, match="the machine was restarted"):
        again.transactions.commit(left)
    again.transactions.delete(left)
    again.transactions.commit(new)


def test_a_transaction_goes_on_after_a_regular_end_and_a_restart_of_the_machine(bench):
    config = bench.store()
    left = config.transactions.begin(1).id
    add_server(config, "be1", "s2", transaction_id=left)
    config.transactions.settle()
    again = restarted(bench, config)
    add_server(again, "be1", "s3", transaction_id=left)
    assert statuses(restarted(bench, again)) == {left: "in_progress"}
    once_more = restarted(bench, again)
    once_more.file.records.state.boot = "a third one"
    assert statuses(once_more) == {left: "failed"}


def test_a_commit_is_whole_whatever_the_machine_forgets_of_its_edits(bench):
    config = bench.store()
    left = config.transactions.begin(1).id
    add_server(config, "be1", "s2", transaction_id=left)
    config.transactions.commit(left)
    again = restarted(bench, config)
    assert "s2" in again.raw_text()[0]
    assert again.transactions.list() == []


def test_an_unused_transaction_is_given_up(bench, monkeypatch):
    bench.options["dataplane.transaction_ttl"] = 100.0
    bench.options["dataplaneapi.transaction.max_open_transactions"] = 1
    config = bench.store()
    transaction = config.transactions.begin(1).id
    state = config.file.records.state
    ahead = state.ahead
    monkeypatch.setattr(state, "ahead", ahead + 101)
    assert config.transactions.get(transaction).status == "outdated"
    with pytest.raises(BadRequest):
        config.snapshot(transaction)
    config.transactions.begin(1)
    monkeypatch.setattr(state, "ahead", ahead + 300)
    config.transactions.begin(1)
    assert transaction not in statuses(config)


@pytest.mark.parametrize("years", [-10, 10])
def test_who_sets_the_clock_ends_no_transaction(bench, monkeypatch, years):
    bench.options["dataplaneapi.transaction.max_open_transactions"] = 2
    config = bench.store()
    before = config.transactions.begin(1).id
    wall = time.time()
    monkeypatch.setattr(time, "time", lambda: wall + years * 365 * 86400)
    assert config.transactions.get(before).status == "in_progress"
    again = bench.store()
    assert again.transactions.get(before).status == "in_progress", "the state remembers its clock"
    after = again.transactions.begin(1).id
    assert statuses(again) == {before: "in_progress", after: "in_progress"}
    state = again.file.records.state
    monkeypatch.setattr(state, "ahead", state.ahead + 2 * 86400)
    assert set(statuses(again).values()) == {"outdated"}, "and each of them ends in its time"


def test_closed_transactions_do_not_pile_up(bench):
    config = bench.store()
    for number in range(rows._MOST_CLOSED + 5):
        config.file.records.transactions.record_failure(1, "", str(number))
    assert len(config.transactions.list()) <= rows._MOST_CLOSED + 1


def test_status_filter(bench):
    config = bench.store()
    with pytest.raises(CheckFailed):
        add_server(config, "be1", "refused", version=1)
    transaction = config.transactions.begin(1)
    assert config.transactions.list("in_progress") == [transaction]
    assert [row.status for row in config.transactions.list("failed")] == ["failed"]


def test_an_edit_during_the_commit_is_not_lost(bench):
    config = bench.store()
    transaction = config.transactions.begin(1).id

    def interfere():
        bench.checker.before = None
        add_server(config, "be1", "s2", transaction_id=transaction)

    bench.checker.before = interfere
    with pytest.raises(Exception, match="changed while it was committed") as failure:
        config.transactions.commit(transaction)
    assert failure.value.status == 409
    config.transactions.commit(transaction)
    assert "s2" in bench.text


@pytest.mark.parametrize("end", ["commit", "delete"])
def test_what_another_worker_ends_during_a_read_is_not_shown_without_its_edits(bench, monkeypatch, end):
    config, other = bench.store(), bench.store()
    transaction = config.transactions.begin(1).id
    add_server(config, "be1", "s2", transaction_id=transaction)
    steps = rows.TransactionTable.steps

    def ended(table, *which):
        monkeypatch.setattr(rows.TransactionTable, "steps", steps)
        getattr(config.transactions, end)(transaction)
        return steps(table, *which)

    monkeypatch.setattr(rows.TransactionTable, "steps", ended)
    with pytest.raises(BadRequest, match="does not exist"):
        other.snapshot(transaction)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("asdrp"), st.integers(0, 9))))
def test_every_worker_sees_the_same_transaction(tmp_path_factory, actions):
    bench = Bench(tmp_path_factory.mktemp("views"))
    stores = {name: bench.store() for name in "abc"}
    transaction = stores["a"].transactions.begin(1).id
    for who, what, number in actions:
        with stores[who].edit(transaction_id=transaction) as edit:
            edit.document = _changed(edit.document, what, number)
    texts = {store.raw_text(transaction_id=transaction)[0] for store in stores.values()}
    fresh = bench.store()
    texts.add(fresh.raw_text(transaction_id=transaction)[0])
    assert len(texts) == 1
    stores["b"].transactions.commit(transaction)
    assert bench.text == "# _version=2\n" + texts.pop()
    for store in (*stores.values(), fresh):
        store.file.records.state.shutdown()


def _changed(document, what, number):
    sections = document.sections
    if what == "a":
        return with_backend(document, f"new{number}")
    if what == "p":
        return Document.parse(f"# {number}\n" + document.text(), LANGUAGE, document)
    if not sections:
        return document
    section = sections[number % len(sections)]
    if what == "d":
        return document.remove(section)
    line = type(section.header)(f"  option x{number}\n")
    return document.replace(section, section.insert(section.end(), line))


def test_an_edit_costs_what_it_changes_and_not_its_section(bench, monkeypatch):
    """In bytes of the state, and in lines that are made, also in the worker that takes over."""
    servers = "".join(f"  server s{number} 10.0.0.1:80\n" for number in range(2000))
    bench.file.write_text(TEXT + "\n" + servers)
    config, other = bench.store(), bench.store()
    transaction = config.transactions.begin(config.version())
    for document in (config.snapshot(transaction.id).document, other.snapshot().document):
        assert len(document.find("backend", "be2").lines) == 2002
    made = []
    init = Line.__init__
    monkeypatch.setattr(Line, "__init__", lambda line, raw: made.append(raw) or init(line, raw))
    for number in range(100):
        add_server(config, "be2", f"new{number}", transaction_id=transaction.id)
    assert len(made) < 4 * 100
    rows = config.file.records.state.read("SELECT * FROM edits")
    assert len(rows) == 100
    assert max(sum(len(str(value)) for value in tuple(row)) for row in rows) < 200
    made.clear()
    section = other.snapshot(transaction.id).document.find("backend", "be2")
    assert len(section.lines) == 2102
    assert len(made) < 2 * 100
