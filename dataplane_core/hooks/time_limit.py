"""Give up waiting for a hook that does not return: Python cannot end what a thread is doing.

The hook is called in a thread of its own. When its time is over, that thread goes on, but nobody
waits for it, what it returns counts no more, and no command to HAProxy is taken from it.
"""

import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

SECONDS = 10.0
"""How long a hook is waited for where the settings do not say."""

_MOST_LATE = 4
"""Calls of one hook of one plugin that have not returned, above which it is not called."""


class TooLate(TimeoutError):
    """A hook has not returned in time."""


class _Call:
    """A call in a thread of its own."""

    def __init__(self, function: Callable[[], Any], on_late_end: Callable[[], object]) -> None:
        self.given_up = False
        self._function = function
        self._on_late_end = on_late_end
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="hook", daemon=True
        )

    def _run(self) -> None:
        _under_way.set(self)
        try:
            self._result = self._function()
        except BaseException as error:
            self._error = error
        with self._lock:
            self._done.set()
            late = self.given_up
        if late:
            self._on_late_end()

    def ends_within(self, seconds: float) -> bool:
        """Begin, and tell whether the call has ended in time; it is given up if not."""
        self._thread.start()
        if not self._done.wait(seconds):
            with self._lock:
                self.given_up = not self._done.is_set()
        return not self.given_up

    def outcome(self) -> Any:
        """Return what the call has returned, or raise what it has raised."""
        if isinstance(self._error, Exception | SystemExit):
            raise self._error
        if self._error is not None:
            raise RuntimeError(f"raised {type(self._error).__name__}") from self._error
        return self._result

    def where(self) -> str:
        """Return the lines at which the call is now."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        return "".join(traceback.format_stack(frame)) if frame is not None else ""


_under_way: ContextVar[_Call | None] = ContextVar("call of a hook", default=None)


def is_given_up() -> bool:
    """Tell whether this is done by a hook for which nobody waits any more."""
    call = _under_way.get()
    return call is not None and call.given_up


class TimeLimit:
    """Calls hooks, each for `seconds` at most; 0 sets no limit."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._late = Counter[tuple[str, str]]()
        self._lock = threading.Lock()

    def call(self, plugin: str, hook: str, function: Callable[[], Any]) -> Any:
        """Return what a function returns; raise `TooLate` where it does not return in time."""
        if not self.seconds:
            return function()
        key = plugin, hook
        if self._late[key] >= _MOST_LATE:
            raise TooLate(f"was not called: {_MOST_LATE} calls before have not returned")
        call = _Call(function, lambda: self._count(key, -1))
        if call.ends_within(self.seconds):
            return call.outcome()
        self._count(key, 1)
        late = TooLate(f"has not returned after {self.seconds:g} s")
        late.add_note(f"It is here:\n{call.where()}")
        raise late

    def _count(self, key: tuple[str, str], change: int) -> None:
        with self._lock:
            self._late[key] += change
