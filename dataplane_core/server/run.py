"""Start the server, from settings to the last signal."""

import signal
import sys
from collections.abc import Callable

from dataplane_core.server.master import Application
from dataplane_core.server.process import disregard
from dataplane_core.server.state import Served, ServerState
from dataplane_core.settings import Settings, SettingsError


def serve(load: Callable[[], Settings], build: Callable[[Settings], Served]) -> None:
    """Serve until a signal ends the process; leaves by SystemExit.

    `load` reads the settings, at the start and at each SIGHUP; `build` makes the application from
    them. Problems of the start are written to standard error, one a line, with exit status 1.
    """
    disregard(signal.SIGHUP)  # until the master takes it; settings are fresh
    site = ServerState(load, build)
    try:
        site.open(load())
    except SettingsError as error:
        print(error, file=sys.stderr)
        site.listeners.adopt({})
        site.pid_file.remove()
        raise SystemExit(1) from None
    Application(site).run()
