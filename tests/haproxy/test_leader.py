import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dataplane_core.haproxy import leader
from dataplane_core.haproxy.leader import Duty, lead
from dataplane_core.store.locks import try_lock
from tests.harness.waiting import PATIENCE, until


@contextmanager
def candidate(lock: Path, *duties: Duty) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=lead, args=(lock, duties, stop))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_one_leads_and_the_next_takes_over(tmp_path: Path) -> None:
    led: list[str] = []

    def duty(name: str) -> Duty:
        def work(stop: threading.Event) -> None:
            led.append(name)
            stop.wait()

        return work

    lock = tmp_path / "leader.lock"
    with candidate(lock, duty("first"), duty("first too")) as first:
        until(lambda: sorted(led) == ["first", "first too"])
        with candidate(lock, duty("second")):
            assert len(led) == 2
            first.set()
            until(lambda: led[2:] == ["second"])
            assert try_lock(lock) is None
    handle = try_lock(lock)
    assert handle is not None
    os.close(handle)


def test_a_duty_that_fails_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader, "_REST_SECONDS", 0.01)
    tries: list[int] = []

    def work(stop: threading.Event) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("once more")
        stop.wait()

    with candidate(tmp_path / "leader.lock", work):
        until(lambda: len(tries) == 3)


def test_a_lock_that_cannot_be_made_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    led = threading.Event()
    lock = tmp_path / "later" / "leader.lock"
    with candidate(lock, lambda stop: led.set()):
        until(lambda: "background work cannot begin" in caplog.text)
        lock.parent.mkdir()
        assert led.wait(PATIENCE)
