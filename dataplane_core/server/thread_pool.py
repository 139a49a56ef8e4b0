"""Run requests in threads, which are started as they are needed."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

log = logging.getLogger("dataplane.server")


class ThreadPool:
    """At most `size` threads; what is submitted while all are busy waits for one of them.

    The threads do not keep the process alive: who ends it waits for the requests, not for threads.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._unfinished = 0

    def submit(self, task: Callable[[], None]) -> None:
        """Run a task in one of the threads."""
        with self._lock:
            self._unfinished += 1
            missing = self._unfinished > self._threads < self._size
            self._threads += missing
            number = self._threads
        self._tasks.put(task)
        if missing:
            try:
                threading.Thread(target=self._work, name=f"request_{number}", daemon=True).start()
            except RuntimeError:  # the system has no thread to give now
                with self._lock:
                    self._threads -= 1
                if number == 1:
                    raise

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                task()
            except BaseException:  # the thread is needed for others, whatever one has raised
                log.exception("a request failed")
            finally:
                del task  # the thread must not keep the request until its next one
                with self._lock:
                    self._unfinished -= 1
