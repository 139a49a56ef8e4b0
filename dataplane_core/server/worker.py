"""Serve requests as a worker of gunicorn's master.

This is the module that depends on gunicorn's class of workers: signals, signs of life, the end.
"""

import os
import signal
import time
from typing import Any

from gunicorn.workers.base import Worker as BaseWorker

from dataplane_core.server.process import take_endings
from dataplane_core.server.request_loop import RequestLoop, graceful_seconds
from dataplane_core.server.state import ServerState

_SIGNS = 0.9  # seconds between two signs of life


class Worker(BaseWorker):
    """Serves requests until a signal, or the end of the master, says so."""

    SIGNALS = [number for number in BaseWorker.SIGNALS if number != signal.SIGHUP]
    """Signals that are set to their default at the start; SIGHUP is the master's business."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._state: ServerState = self.app.state  # type: ignore[attr-defined]
        self._schemes = self._state.listeners.schemes()
        self._place = self._state.counts.take()
        self._next_sign = 0.0

    def gone(self) -> None:
        """Give back, in the master, what a worker that has ended had there."""
        self._state.counts.free(self._place)

    def init_signals(self) -> None:
        """Take the signals over from the master, with those that came since the fork."""
        super().init_signals()
        take_endings()

    def run(self) -> None:
        """Serve until a signal, or the end of the master, says so."""
        opened = [one.sock for one in self.sockets]  # type: ignore[attr-defined]
        sockets = zip(opened, self._schemes, strict=False)
        loop = RequestLoop(self._state, sockets, self._place, self.PIPE[0])
        loop.run(self._lives, lambda: graceful_seconds(self._state.settings))

    def _lives(self) -> bool:
        """Tell the master that this worker lives, and end it if the master does not."""
        now = time.monotonic()
        if now >= self._next_sign:
            self._next_sign = now + _SIGNS
            self.notify()
            if self.ppid != os.getppid():
                self.alive = False
        return self.alive
