"""Run requests in threads, which are started as they are needed."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

log = logging.getLogger("dataplane.server")

Task: TypeAlias = Callable[[], Callable[[], None]]
"""Does its work, and returns its last step: a short one, upon which the next task may come."""


class ThreadPool:
    """At most `size` threads; what is submitted while all are busy waits for one of them.

    A thread is free before the last step of its task, and the one that became free last works next.
    A client that asks one thing after another so has one thread, which nobody wakes up while
    another one still holds the interpreter, and which has its own caches, those of SQLite among
    them. The threads do not keep the process alive: who ends it waits for the requests, not for
    threads.

    Changes have half of the threads at most: each may wait for HAProxy, for a check, a reload or a
    turn, and all together would keep everybody waiting who only reads.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._waiting: deque[Task] = deque()
        self._changes_left = (size + 1) // 2
        self._held: deque[Task] = deque()  # changes that wait for others to end
        self._free: list[_Place] = []
        self._threads = 0
        self._has_ended = False
        self.submitted = 0  # tasks until now

    @property
    def is_busy(self) -> bool:
        """Whether a task is under way."""
        return len(self._free) < self._threads

    def submit(self, task: Task, is_change: bool = False) -> None:
        """Run a task in one of the threads."""
        with self._lock:
            self.submitted += 1
            if is_change:
                if not self._changes_left:
                    self._held.append(task)
                    return
                self._changes_left -= 1
                task = partial(self._change, task)
            if self._free:
                self._free.pop().give(task)
                return
            self._waiting.append(task)
            missing = self._threads < self.size
            self._threads += missing
            number = self._threads
        if missing:
            try:
                threading.Thread(target=self._work, name=f"request_{number}", daemon=True).start()
            except RuntimeError:  # the system has no thread to give now
                with self._lock:
                    self._threads -= 1
                if number == 1:
                    raise

    def _change(self, task: Task) -> Callable[[], None]:
        try:
            return task()
        finally:
            with self._lock:
                if self._held:
                    self._waiting.append(partial(self._change, self._held.popleft()))
                else:
                    self._changes_left += 1

    def end(self) -> None:
        """End the threads, each once it is free; nothing is submitted any more."""
        with self._lock:
            self._has_ended = True
            while self._free:
                self._free.pop().give(None)

    def _work(self) -> None:
        place = _Place()
        self._make_free(place)
        while (task := place.take()) is not None:
            try:
                last = task()
                self._make_free(place)
            except BaseException:  # the thread is needed for others, whatever one has raised
                log.exception("a request failed")
                self._make_free(place)
                continue
            finally:
                del task
            try:
                last()
            except BaseException:
                log.exception("a request failed in its last step")
            finally:
                del last  # the thread must not keep the request until its next one

    def _make_free(self, place: "_Place") -> None:
        with self._lock:
            if self._waiting:
                place.give(self._waiting.popleft())
            elif self._has_ended:
                place.give(None)
            else:
                self._free.append(place)


class _Place:
    """Where one thread finds its next task, or None, at which it ends."""

    __slots__ = ("_given", "_task")

    def __init__(self) -> None:
        self._given = threading.Lock()
        self._given.acquire()
        self._task: Task | None = None

    def give(self, task: Task | None) -> None:
        """Put a task there; the last one was taken."""
        self._task = task
        self._given.release()

    def take(self) -> Task | None:
        """Wait for a task, and take it."""
        self._given.acquire()
        task, self._task = self._task, None
        return task
