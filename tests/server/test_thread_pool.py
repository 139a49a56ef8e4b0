"""Threads of requests: how many there are, and which one works next."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from dataplane_core.server.thread_pool import Task, ThreadPool
from tests.harness.waiting import PATIENCE, until


def nothing() -> None:
    pass


def test_a_client_that_asks_in_turn_has_one_thread() -> None:
    """Its next task comes in the last step of the one before, and wakes nobody else up."""
    pool, done, threads = ThreadPool(8), threading.Event(), list[int]()

    def ask(left: int) -> Task:
        def work() -> Callable[[], None]:
            threads.append(threading.get_ident())
            return done.set if left == 0 else lambda: pool.submit(ask(left - 1))

        return work

    pool.submit(ask(20))
    assert done.wait(PATIENCE)
    assert len(threads) == 21
    assert len(set(threads)) == 1


def test_no_more_threads_work_than_its_size() -> None:
    pool, go, done = ThreadPool(2), threading.Event(), SimpleQueue[tuple[int, int]]()

    def ask(number: int) -> Task:
        def work() -> Callable[[], None]:
            assert go.wait(PATIENCE)
            done.put((number, threading.get_ident()))
            return nothing

        return work

    for number in range(10):
        pool.submit(ask(number))
    go.set()
    found = [done.get(timeout=PATIENCE) for _ in range(10)]
    assert sorted(number for number, _ in found) == list(range(10))
    assert len({thread for _, thread in found}) <= 2


def test_what_a_task_or_its_last_step_raises_ends_no_thread() -> None:
    pool, done = ThreadPool(1), threading.Event()

    def work() -> Callable[[], None]:
        raise SystemExit

    def last() -> None:
        raise SystemExit

    pool.submit(work)
    pool.submit(lambda: last)
    pool.submit(lambda: done.set)
    assert done.wait(PATIENCE)


def test_threads_end_with_the_pool_and_finish_what_they_have():
    pool, may_end, done = ThreadPool(2), threading.Event(), []

    def task():
        may_end.wait(PATIENCE)
        return lambda: done.append(threading.current_thread())

    for _ in range(3):
        pool.submit(task)
    pool.end()
    may_end.set()
    until(lambda: len(done) == 3)
    until(lambda: not any(thread.is_alive() for thread in done))


def test_changes_that_wait_keep_no_reader_waiting() -> None:
    pool, go, read = ThreadPool(4), threading.Event(), threading.Event()
    done, most, busy = SimpleQueue[int](), list[int](), list[int]()

    def change(number: int) -> Task:
        def work() -> Callable[[], None]:
            busy.append(number)
            most.append(len(busy))
            assert go.wait(PATIENCE)
            busy.remove(number)
            done.put(number)
            return nothing

        return work

    def look() -> Callable[[], None]:
        read.set()
        return nothing

    for number in range(10):
        pool.submit(change(number), True)
    pool.submit(look)
    assert read.wait(PATIENCE)
    assert not go.is_set()
    go.set()
    assert [done.get(timeout=PATIENCE) for _ in range(10)]
    assert max(most) <= 2


def test_one_thread_serves_changes_too() -> None:
    pool, done = ThreadPool(1), threading.Event()
    pool.submit(lambda: done.set, True)
    assert done.wait(PATIENCE)
