"""Name the plugins whose hooks do not return: Python cannot end what a thread is doing."""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from dataplane_core.dataclass import dataclass

log = logging.getLogger("dataplane.plugins")

SECONDS = 10.0
"""How long a hook may take before the log and the overview say that it has not returned."""


@dataclass(eq=False, slots=True)
class HookCall:
    """A call of a hook that has not returned; `since` is a moment of the monotonic clock."""

    plugin: str
    hook: str
    thread: int
    since: float
    reported: bool = False


class _Watched:
    """See `Watchdog.watching`; a generator, which every change goes through, would take longer."""

    __slots__ = ("_call", "_calls")

    def __init__(self, calls: dict[int, HookCall], plugin: str, hook: str) -> None:
        self._calls = calls
        self._call = HookCall(plugin, hook, threading.get_ident(), time.monotonic())

    def __enter__(self) -> None:
        self._calls[id(self._call)] = self._call

    def __exit__(self, *error: object) -> None:
        call = self._call
        del self._calls[id(call)]
        if call.reported:
            after = time.monotonic() - call.since
            text = "the plugin %s has returned from %s after %.1f s"
            log.warning(text, call.plugin, call.hook, after)


class Watchdog:
    """Keeps the calls that are under way, and reports each that takes longer than `seconds`, once.

    `report` is called with the call, in the watchdog's thread. The plugin goes on, and whoever
    waits for it goes on waiting.
    """

    def __init__(self, report: Callable[[HookCall], object], seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._report = report
        self._calls: dict[int, HookCall] = {}

    def watching(self, plugin: str, hook: str) -> AbstractContextManager[None]:
        """Watch one call: what is done in the body."""
        return _Watched(self._calls, plugin, hook)

    def run(self, stop: threading.Event) -> None:
        """Look at the calls until `stop` is set; blocks, and so has a thread of its own."""
        while not stop.wait(self.seconds / 4):
            self._look()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Look at the calls of the body, from a thread that ends with it."""
        stop = threading.Event()
        thread = threading.Thread(target=self.run, args=(stop,), name="watchdog", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _look(self) -> None:
        innermost = {call.thread: call for call in list(self._calls.values())}
        for call in innermost.values():
            if not call.reported and time.monotonic() - call.since >= self.seconds:
                call.reported = True
                frame = sys._current_frames().get(call.thread)
                where = "".join(traceback.format_stack(frame)) if frame is not None else ""
                text = "the plugin %s has not returned from %s after %.1f s:\n%s"
                log.error(text, call.plugin, call.hook, self.seconds, where)
                self._report(call)
