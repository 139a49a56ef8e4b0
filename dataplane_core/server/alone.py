"""Serve in the process that was started, without a master and without workers.

That takes the memory of one process instead of two. Nobody replaces a process that hangs or dies,
which is left to who starts it, such as systemd or an init of a container.
"""

import gc
import logging
import os
import signal
from types import FrameType

from dataplane_core.server.process import disregard, show_as_main
from dataplane_core.server.request_loop import RequestLoop, graceful_seconds
from dataplane_core.server.state import ServerState
from dataplane_core.settings import SettingsError
from dataplane_core.text.heap import give_back, keep_little, share_heap

log = logging.getLogger("dataplane.server")

_OTHERS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGTTIN, signal.SIGTTOU)
"""Signals that a master acts on, or disregards; here they do nothing."""


class Alone:
    """Serves until a signal: SIGTERM lets requests under way end, SIGINT and SIGQUIT do not.

    At SIGHUP the requests under way end, too, while new connections wait to be accepted; then the
    application is made anew from the settings.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state
        # Apart, as one of them is forgotten at moments at which the other may come.
        self._ending: signal.Signals | None = None
        self._is_to_refresh = self._is_refreshing = False
        self._is_told = False  # to systemd, that it ends
        self._wakes, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Serve until a signal ends it; leaves by SystemExit."""
        show_as_main()
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, self._want)
        for number in _OTHERS:
            disregard(number)
        keep_little()
        share_heap()
        while True:
            self._serve()
            if self._ending is not None:
                break
            self._refresh()
        self._end()
        self._state.served.discard()
        raise SystemExit(0)

    def _end(self) -> None:
        """Close the listeners, and remove what was made at the start."""
        self._state.listeners.adopt({})
        self._state.pid_file.remove()

    def _lives(self) -> bool:
        """Return whether to go on; settings that cannot be read stop nothing."""
        manager = self._state.manager
        manager.show_life((0.0,))
        if self._ending is not None:
            if not self._is_told:
                self._is_told = True
                manager.stopping()
            return False
        if not self._is_to_refresh or self._is_refreshing:
            return not self._is_refreshing
        self._is_to_refresh = False
        manager.reloading()
        self._is_refreshing = self._state.is_readable()
        if self._is_refreshing:
            return False
        manager.ready(f"the settings stay as they were; {self._serves()}")
        return True

    def _serves(self) -> str:
        return f"serves on {', '.join(self._state.listeners.described())}"

    def _want(self, number: int, frame: FrameType | None) -> None:
        """Note a signal."""
        if number == signal.SIGHUP:
            self._is_to_refresh = True
        else:
            self._ending = signal.Signals(number)

    def _serve(self) -> None:
        """Serve with what is in force, until a signal says something."""
        state = self._state
        give_back()
        gc.freeze()  # what was made until now lives as long as what is in force
        gc.enable()
        place = state.counts.take()
        state.served.start()
        state.manager.ready(self._serves())
        try:
            sockets = [(one.dup(), name.scheme) for name, one in state.listeners.open.items()]
            loop = RequestLoop(state, sockets, place, self._wakes)
            loop.run(self._lives, self._seconds_to_end)
        finally:
            state.served.stop()
            state.counts.free(place)

    def _seconds_to_end(self) -> float:
        """Return how long requests that are under way may take, by the signals until now."""
        quickly = self._ending in (signal.SIGINT, signal.SIGQUIT)
        return 0.0 if quickly else graceful_seconds(self._state.settings)

    def _refresh(self) -> None:
        """Put the settings in force that stand in the file now, or those again that were."""
        gc.unfreeze()
        self._is_to_refresh = self._is_refreshing = False
        try:
            self._state.replace_stopped()
        except SettingsError as error:
            log.critical("nothing can be served any more: %s", error)
            self._end()
            raise SystemExit(1) from None
        gc.collect()
