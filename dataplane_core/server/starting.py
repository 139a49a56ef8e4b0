"""Start the server: listen first, then make what answers.

Whoever connects meanwhile waits for an answer instead of being refused. So the larger part of the
program is loaded once the listeners are open, and this module loads none of it.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Protocol

from dataplane_core.server.postponed_modules import lent
from dataplane_core.server.process import disregard
from dataplane_core.server.state import ServedApplication, ServerState
from dataplane_core.settings import Settings, SettingsError

_FOR_GUNICORN = {"CERT_NONE": 0, "PROTOCOL_TLS": 2, "PROTOCOL_SSLv23": 2, "SSLError": OSError}
"""What gunicorn takes from `ssl` for settings, and for a worker, that are not used here."""


def serve(load: Callable[[], Settings], build: Callable[[Settings], ServedApplication]) -> None:
    """Serve until a signal ends the process, by `SystemExit`.

    `load` reads the settings, at the start and at each SIGHUP; `build` makes the application from
    them. Problems of the start are written to standard error, one a line, with exit status 1.
    """
    disregard(signal.SIGHUP)  # until the master takes it: the settings have just been read
    state = ServerState(load, build)
    try:
        state.listen(load())
        # before the process is another user, who may have no right to read it
        serving = _serving(state)
        state.begin()
    except (SettingsError, OSError) as error:
        print(_told(error), file=sys.stderr)
        state.listeners.adopt({})
        state.pid_file.remove()
        raise SystemExit(1) from None
    serving(state).run()


def _told(error: SettingsError | OSError) -> str:
    """Return what stops the start; of what the system refuses, in a sentence."""
    return str(error) if isinstance(error, SettingsError) else f"the server cannot start: {error}"


class Runnable(Protocol):
    """What serves, once it is run."""

    def run(self) -> None:
        """Serve until a signal ends it; leaves by SystemExit."""


def _serving(state: ServerState) -> Callable[[ServerState], Runnable]:
    """Load the class of what serves, with a master or without."""
    if state.settings.dataplane.master:
        with lent("ssl", _FOR_GUNICORN), lent("platform", {"system": lambda: os.uname().sysname}):
            from dataplane_core.server.gunicorn_master import GunicornApplication

        return GunicornApplication
    from dataplane_core.server.alone import Alone

    return Alone
