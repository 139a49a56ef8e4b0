import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from dataplane_core.haproxy import leader
from dataplane_core.haproxy.leader import Candidate, Duty, lead
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


def test_one_thread_waits_for_many_locks(tmp_path: Path) -> None:
    locks = [tmp_path / f"{name}.lock" for name in ("one", "two", "three")]
    elsewhere = [try_lock(lock) for lock in locks]
    begun: list[threading.Thread] = []
    led: list[str] = []

    def begin(name: str, work: Callable[..., object], *arguments: object) -> None:
        begun.append(threading.Thread(target=work, args=arguments, name=name))
        begun[-1].start()

    def duty(stop: threading.Event) -> None:
        led.append(threading.current_thread().name)
        stop.wait()

    stop, subject = threading.Event(), Candidate()
    for lock in locks:
        subject.add(lock, duty, stop, begin)
    assert [thread.name for thread in begun] == ["candidate"]
    for handle in elsewhere:
        assert handle is not None
        os.close(handle)
    until(lambda: sorted(led) == ["one", "three", "two"])
    until(lambda: not begun[0].is_alive())
    subject.add(tmp_path / "late.lock", duty, stop, begin)
    until(lambda: "late" in led)
    assert try_lock(locks[0]) is None
    stop.set()
    for thread in begun:
        thread.join(PATIENCE)
    freed = [try_lock(lock) for lock in locks]
    assert None not in freed
    for handle in freed:
        os.close(handle or 0)


def test_locks_are_left_to_who_has_the_first_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader, "_TRY_SECONDS", 0.01)
    locks, led = [tmp_path / "one.lock", tmp_path / "two.lock"], list[str]()
    elsewhere, stop, subject = try_lock(locks[0]), threading.Event(), Candidate()
    looks: list[int] = []
    take = leader._take
    monkeypatch.setattr(leader, "_take", lambda lock, outage: looks.append(locks.index(lock)) or take(lock, outage))
    threads: list[threading.Thread] = []

    def begin(name: str, work: Callable[..., object], *arguments: object) -> None:
        threads.append(threading.Thread(target=work, args=arguments))
        threads[-1].start()

    for lock in locks:
        subject.add(lock, lambda stop: led.append("led"), stop, begin)
    until(lambda: led == ["led"])
    assert looks[:4] == [0, 0, 0, 0] and 1 in looks
    stop.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert elsewhere is not None
    os.close(elsewhere)


def test_a_lock_is_given_back_where_no_thread_can_be_begun(tmp_path: Path) -> None:
    lock, stop = tmp_path / "one.lock", threading.Event()
    looks: list[Callable[[], object]] = []

    def begin(name: str, work: Callable[..., object], *arguments: object) -> None:
        if name == "one":
            stop.set()
            raise RuntimeError("can't start new thread")
        looks.append(partial(work, *arguments))

    Candidate().add(lock, lambda stop: None, stop, begin)
    looks[0]()
    handle = try_lock(lock)
    assert handle is not None
    os.close(handle)
