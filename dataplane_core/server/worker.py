"""Serve requests as a worker of gunicorn's master: an event loop, and threads for the application.

This is the module that depends on gunicorn's class of workers: signals, signs of life, the end.
"""

import os
import signal
import sys
import time
from typing import Any

from gunicorn.workers.base import Worker as BaseWorker

from dataplane_core.server.acceptor import Acceptor
from dataplane_core.server.access_log import AccessLog
from dataplane_core.server.answer_memory import AnswerMemory
from dataplane_core.server.head_buffer import HeadLimits
from dataplane_core.server.loop import EventLoop, drained
from dataplane_core.server.lull import Lull
from dataplane_core.server.process import take_endings
from dataplane_core.server.serving import ServedListener, Serving
from dataplane_core.server.state import ServerState
from dataplane_core.server.thread_pool import ThreadPool
from dataplane_core.server.wsgi_environ import listener_environ

_SIGNS = 0.9  # seconds between two signs of life
_LOOK_AT_END = 0.1  # seconds between two looks at what is left
_LINGER = 2.0
"""Seconds in which an idle connection is kept at the end: its client may be sending a request."""
_SWITCH = 0.0001  # seconds that a thread may compute while the loop waits


class Worker(BaseWorker):
    """Serves requests; a connection takes a thread while the application works on a request."""

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
        sys.setswitchinterval(_SWITCH)
        loop = EventLoop()
        loop.watch(self.PIPE[0], drained(self.PIPE[0]))
        serving = self._make_serving(loop)
        acceptor = Acceptor(serving, self._listeners(), self._state.counts, self._place)
        acceptor.start()
        lull, pool = Lull(), serving.pool
        while self.alive:
            self._show_life()
            loop.step(min(serving.end_slow(), lull.look(pool.submitted, pool.is_busy)))
        serving.stopping = True
        acceptor.stop()
        serving.end_streams()
        self._finish(serving)

    def _finish(self, serving: Serving) -> None:
        """Let requests under way end, within the time that the settings give them."""
        start = now = time.monotonic()
        while serving.connections and now < start + self.cfg.graceful_timeout:
            self._show_life()
            serving.loop.step(min(serving.end_slow(), _LOOK_AT_END))
            now = time.monotonic()
            if now >= start + _LINGER:
                serving.end_idle()
        for connection in tuple(serving.connections.values()):
            connection.close()
        serving.access_log.close(_LINGER)
        serving.loop.close()

    def _show_life(self) -> None:
        """Tell the master that this worker lives, and end it if the master does not."""
        now = time.monotonic()
        if now >= self._next_sign:
            self._next_sign = now + _SIGNS
            self.notify()
            if self.ppid != os.getppid():
                self.alive = False

    def _make_serving(self, loop: EventLoop) -> Serving:
        cfg = self.cfg
        return Serving(
            loop=loop,
            pool=ThreadPool(cfg.threads),
            application=self._state.served.wsgi,
            limits=HeadLimits(
                cfg.limit_request_line, cfg.limit_request_fields, cfg.limit_request_field_size
            ),
            most_connections=cfg.worker_connections,
            keep_alive=cfg.keepalive,
            memory=AnswerMemory(self._state.settings.dataplane.cache_size // 2),  # the loop's half
            access_log=AccessLog(),
        )

    def _listeners(self) -> tuple[ServedListener, ...]:
        state = self._state
        return tuple(
            ServedListener(
                socket=opened.sock,  # type: ignore[attr-defined]
                scheme=scheme,
                timeouts=state.timeouts[scheme],
                environ=listener_environ(scheme, opened.getsockname(), self.cfg.workers),
                contexts=state.contexts if scheme == "https" else None,
            )
            for opened, scheme in zip(self.sockets, self._schemes, strict=False)
        )
