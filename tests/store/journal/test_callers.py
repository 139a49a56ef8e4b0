from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane_core.errors import StorageFailed
from dataplane_core.store.journal.callers import MOST_CALLERS, Caller, Callers
from dataplane_core.store.journal.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state")
    yield state
    state.shutdown()


def call(callers: Callers, *requests: tuple[str, str, str]) -> None:
    for one in requests:
        callers.count(*one)
    callers.save()


def test_requests_of_all_workers_are_summed(state: State) -> None:
    first, second = Callers(state), Callers(state)
    call(first, ("v1", "ops", "curl/8.5 (x)"), ("v2", "ops", "curl/8.5"), ("v1", "ops", "curl/8.5"))
    call(second, ("v1", "ops", "curl/8.5"), ("v1", "ci", ""))
    assert first.recorded() == second.recorded() == [
        Caller("v1", "ops", "curl/8.5", 3), Caller("v1", "ci", "", 1), Caller("v2", "ops", "curl/8.5", 1),
    ]  # fmt: skip


def test_what_nobody_signed_is_one_caller(state: State) -> None:
    callers = Callers(state)
    call(callers, *(("v1", "", f"agent{number}") for number in range(300)))
    assert callers.recorded() == [Caller("v1", "", "", 300)]


def test_the_callers_of_a_version_that_are_told_apart_are_limited(state: State) -> None:
    callers = Callers(state)
    call(callers, *(("v2", "ops", f"agent{number}") for number in range(MOST_CALLERS + 50)))
    call(callers, ("v1", "ops", "old"), ("v2", "ops", "agent0"), ("v2", "ops", "new"))
    found = {(one.version, one.user, one.agent): one.requests for one in callers.recorded()}
    assert len(found) == MOST_CALLERS + 2
    assert (found["v1", "ops", "old"], found["v2", "ops", "agent0"], found["v2", "", ""]) == (1, 2, 51)
    many = Callers(state)
    for number in range(5000):
        many.count("v3", f"u{number}", "")
    assert len(many._unsaved) <= 1001


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("a\x1b[2J b", "a?[2J"), ("x" * 99, "x" * 64), ("\ud800/1", "?/1"), ("   ", ""), (" a b", "a")],
)
def test_what_clients_send_can_be_shown(state: State, sent: str, shown: str) -> None:
    callers = Callers(state)
    call(callers, ("v2", "ops", sent))
    assert callers.recorded() == [Caller("v2", "ops", shown, 1)]


def test_a_start_begins_anew(tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        state = State(tmp_path)
        callers = Callers(state)
        assert callers.recorded() == []
        call(callers, (name, "ops", "curl"))
        assert state.read("SELECT count(*) FROM callers")[0][0] == 1
        state.shutdown()


def test_what_cannot_be_written_is_not_lost(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    callers = Callers(state)

    def fail(*_: object, **__: object) -> None:
        raise StorageFailed("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(state, "write", fail)
        call(callers, ("v1", "ops", "curl"))
    call(callers, ("v1", "ops", "curl"))
    assert callers.recorded() == [Caller("v1", "ops", "curl", 2)]
