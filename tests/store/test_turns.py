"""Changes to one version take turns in being checked; who is bound to lose is not checked."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataplane_core.errors import CheckFailed, DataplaneError, VersionMismatch
from dataplane_core.store import turns
from tests.harness.waiting import PATIENCE
from tests.store.support import TEXT, add_server, with_server


@pytest.fixture
def others():
    with ThreadPoolExecutor(8) as pool:
        yield pool


class Scene:
    """The first change is in its check until `go`; whoever comes then is seen waiting."""

    def __init__(self, bench, others, monkeypatch):
        self.bench, self._others = bench, others
        self._checking, self._go, self._waiting = (threading.Event() for _ in range(3))
        try_lock = turns.try_lock

        def seen(path):
            handle = try_lock(path)
            if handle is None:
                self._waiting.set()
            return handle

        monkeypatch.setattr(turns, "try_lock", seen)
        bench.checker.before = self._hold

    def _hold(self):
        self.bench.checker.before = None
        self._checking.set()
        assert self._go.wait(PATIENCE)

    def first(self, change):
        """Begin a change, and return when it is in its check."""
        done = self._others.submit(change)
        assert self._checking.wait(PATIENCE)
        return done

    def waits(self, change):
        """Begin a change, and return when it waits for its turn."""
        self._waiting.clear()
        done = self._others.submit(change)
        assert self._waiting.wait(PATIENCE)
        return done

    def go(self):
        self._go.set()


@pytest.fixture
def scene(bench, others, monkeypatch):
    scene = Scene(bench, others, monkeypatch)
    yield scene
    scene.go()


def adding(config, name, **how):
    return lambda: add_server(config, "be1", name, **how)


def test_who_is_bound_to_lose_is_refused_without_a_check(bench, scene):
    workers = [bench.store() for _ in range(4)]
    winner = scene.first(adding(workers[0], "first", version=1))
    losers = [scene.waits(adding(one, "late", version=1)) for one in workers[1:]]
    scene.go()
    assert winner.result(PATIENCE).version == 2
    for loser in losers:
        with pytest.raises(VersionMismatch, match="file is 2, given version is 1"):
            loser.result(PATIENCE)
    assert len(bench.checker.texts) == 1
    assert bench.litter() == []


def test_a_thread_of_the_same_worker_waits_as_well(bench, scene):
    config = bench.store()
    scene.first(adding(config, "first", version=1))
    loser = scene.waits(adding(config, "late", version=1))
    scene.go()
    with pytest.raises(VersionMismatch):
        loser.result(PATIENCE)
    assert len(bench.checker.texts) == 1


def test_after_a_refusal_the_next_has_its_turn(bench, scene):
    config, other = bench.store(), bench.store()
    refused = scene.first(adding(config, "refused", version=1))
    next_one = scene.waits(adding(other, "next", version=1))
    scene.go()
    with pytest.raises(CheckFailed):
        refused.result(PATIENCE)
    assert next_one.result(PATIENCE).version == 2
    assert "next" in bench.text


def test_who_waits_is_not_overtaken_by_who_comes_later(bench, scene):
    first, second, third = (bench.store() for _ in range(3))
    refused = scene.first(adding(first, "refused", version=1))
    waiting = scene.waits(adding(second, "waiting", version=1))
    later = scene.waits(adding(third, "later", version=1))
    scene.go()
    with pytest.raises(CheckFailed):
        refused.result(PATIENCE)
    assert waiting.result(PATIENCE).version == 2
    with pytest.raises(VersionMismatch):
        later.result(PATIENCE)
    assert len(bench.checker.texts) == 2


@pytest.mark.parametrize("by_transaction", [False, True])
def test_a_transaction_that_is_overtaken_is_closed_without_a_check(bench, scene, by_transaction):
    config, other = bench.store(), bench.store()
    late, early = (other.transactions.begin(1).id for _ in range(2))
    for one in (late, early):
        add_server(other, "be1", one[:4], transaction_id=one)
    winner = scene.first(
        (lambda: config.transactions.commit(early))
        if by_transaction
        else adding(config, "first", version=1)
    )
    loser = scene.waits(lambda: other.transactions.commit(late))
    scene.go()
    winner.result(PATIENCE)
    expected = "is outdated and cannot be committed" if by_transaction else "version mismatch"
    with pytest.raises(DataplaneError, match=expected) as refusal:
        loser.result(PATIENCE)
    assert refusal.value.status == (406 if by_transaction else 409)
    assert other.transactions.get(late).status == "outdated"
    assert len(bench.checker.texts) == 1


def test_what_overwrites_waits_and_follows_on_the_winner(bench, scene):
    config, other = bench.store(), bench.store()

    def overwrite():
        with other.edit(skip_version=True) as edit:
            edit.document = with_server(edit.document, "be2", "whatever")
        return edit.outcome

    scene.first(adding(config, "first", version=1))
    over = scene.waits(overwrite)
    scene.go()
    assert over.result(PATIENCE).version == 3
    assert "whatever" in bench.text and "first" not in bench.text
    assert len(bench.checker.texts) == 2


def test_what_is_only_validated_takes_no_turn(bench, scene):
    config, other = bench.store(), bench.store()
    scene.first(adding(config, "first", version=1))
    assert other.validate(TEXT) == []


def test_who_loses_to_an_edit_by_hand_is_refused_while_another_is_checked(bench, scene):
    config, other = bench.store(), bench.store()
    scene.first(adding(config, "first", version=1))
    loser = scene.waits(adding(other, "late", version=1))
    bench.file.write_text(TEXT + "# by hand\n")
    with pytest.raises(VersionMismatch, match="file is 2, given version is 1"):
        loser.result(PATIENCE)
    assert len(bench.checker.texts) == 1


def test_who_has_waited_for_as_long_as_a_check_may_take_goes_ahead(bench, scene):
    config = bench.store()
    bench.options["dataplane.check_timeout"] = 0.05
    other = bench.store()
    overtaken = scene.first(adding(config, "first", version=1))
    assert scene.waits(adding(other, "late", version=1)).result(PATIENCE).version == 2
    scene.go()
    with pytest.raises(VersionMismatch):
        overtaken.result(PATIENCE)


def test_writers_at_once_cost_a_check_for_each_version_and_no_more(bench, others):
    workers = [bench.store() for _ in range(4)]

    def write(number):
        for one in range(5):
            while True:
                try:
                    config = workers[number]
                    add_server(config, "be1", f"w{number}-{one}", version=config.version())
                    break
                except VersionMismatch:
                    continue

    list(others.map(write, range(4)))
    assert workers[0].version() == 21
    assert len(bench.checker.texts) == 20
