"""Serve with gunicorn: its master process, its settings and its log, all from our settings."""

import gc
import logging
import math
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from dataplane_core.dataclass import compile_now
from dataplane_core.server.answer_memory import KnownHead, RememberedAnswer
from dataplane_core.server.head_buffer import HeadLimits
from dataplane_core.server.postponed_modules import lent
from dataplane_core.server.process import (
    disregard,
    end_with_parent,
    endings_held_back,
    show_as_main,
    show_as_worker,
    take_endings,
)
from dataplane_core.server.request_head import RequestHead
from dataplane_core.server.request_loop import graceful_seconds
from dataplane_core.server.serving import ServedListener, Serving
from dataplane_core.server.state import ServerState
from dataplane_core.server.worker import Worker
from dataplane_core.text.heap import give_back, keep_little, let_go_of_programs

log = logging.getLogger("dataplane.server")

_HEARTBEAT = 120  # seconds without a sign of life until a worker is replaced
CALL = signal.SIGURG
"""The signal by which a worker calls for help; who does not know it disregards it."""
_OF_WORKERS = (HeadLimits, KnownHead, RememberedAnswer, RequestHead, ServedListener, Serving)
"""Classes of which each worker makes objects, and the master none."""
BEGUN = signal.SIGWINCH
"""The signal by which a worker says that it serves, where systemd waits for that."""


class ServerLog(Logger):
    """gunicorn's messages in our log."""

    def setup(self, cfg: Any) -> None:
        """Leave handlers and levels to `server.log_targets`."""
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.handlers.clear()
        self.error_log.setLevel(logging.NOTSET)

    def info(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log gunicorn's news at the level `debug`: to operators they are details."""
        self.error_log.debug(msg, *args, **kwargs)

    def reopen_files(self) -> None:
        """Do nothing: handlers notice by themselves that their file was rotated away."""

    def close_on_exec(self) -> None:
        """Do nothing: no program that is run inherits a file that Python has opened.

        gunicorn would go through all loggers, and each worker copy the memory in which they are.
        """


class GunicornApplication(BaseApplication):
    """The settings in gunicorn's terms, and the application that it loads."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self._bound: tuple[object, list[str]] | None = None
        super().__init__()

    def load_default_config(self) -> None:
        """Take gunicorn's defaults; the networks among them are not used here."""
        with lent("ipaddress", {"ip_network": str}):
            super().load_default_config()

    def load_config(self) -> None:
        """Set all that differs from gunicorn's defaults."""
        settings = self.state.settings
        values = {
            "bind": self._binds(),
            "workers": settings.dataplane.workers,
            "worker_class": Worker,
            "graceful_timeout": graceful_seconds(settings),
            "timeout": _HEARTBEAT,
            "forwarded_allow_ips": "",
            "user": os.geteuid(),
            "group": os.getegid(),
            "sendfile": False,
            "preload_app": True,
            "control_socket_disable": True,
            "logger_class": ServerLog,
            "pre_fork": _pre_fork,
            "post_fork": _post_fork,
            "post_worker_init": _post_worker_init,
            "worker_exit": _worker_exit,
            "child_exit": _child_exit,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application of the settings in force."""
        return self.state.served.wsgi

    def reload(self) -> None:
        """Follow settings that have been read again."""
        self.callable = None
        super().reload()

    def run(self) -> None:
        """Serve until a signal ends it; leaves by SystemExit."""
        Master(self).run()

    def _binds(self) -> list[str]:
        """Return the listeners as gunicorn takes them; the same texts while they are the same.

        gunicorn opens its listeners anew when the texts differ.
        """
        addresses = tuple(self.state.listeners.open)
        if self._bound is None or self._bound[0] != addresses:
            self._bound = (addresses, [f"fd://{fd}" for fd in self.state.listeners.duplicates()])
        return self._bound[1]


class Master(Arbiter):
    """gunicorn's arbiter, but one that survives bad settings and leaves no file behind."""

    app: GunicornApplication
    _is_ready = False

    SIGNALS = [*Arbiter.SIGNALS, CALL]
    """Signals that the master acts on, each by its method `handle_…`."""

    def handle_urg(self) -> None:
        """Help workers, in a child: what the help leaves in memory goes with it."""
        with endings_held_back():
            if os.fork() == 0:
                _help(self.app.state.served.help)

    def handle_hup(self) -> None:
        """Read the settings again; workers are replaced one set by the other."""
        gc.unfreeze()
        self.app.state.manager.reloading()
        if self.app.state.refresh():
            gc.collect()  # the former application, before `_pre_fork` sets the new one aside
            super().handle_hup()
            self.app.state.manager.ready(self._serves())
        else:
            self.app.state.manager.ready(f"the settings stay as they were; {self._serves()}")

    def handle_winch(self) -> None:
        """Tell systemd, once, that a worker serves."""
        if not self._is_ready:
            self._is_ready = True
            self.app.state.manager.ready(self._serves())

    def murder_workers(self) -> None:
        """Replace workers that show no life, and show that of the others."""
        super().murder_workers()
        self._show_life()

    def reap_workers(self) -> None:
        """Note which workers have ended, and show the life of the others meanwhile."""
        super().reap_workers()
        self._show_life()

    def handle_usr2(self) -> None:
        """Refuse to start a second master."""
        log.warning("USR2 is not used here: send HUP to read the settings again")

    def spawn_worker(self) -> Any:
        """Fork a worker, and hold signals that end a process back meanwhile.

        A worker would lose a signal that came while it still has the master's handlers.
        """
        with endings_held_back():
            return super().spawn_worker()

    def spawn_workers(self) -> None:
        """Fork the workers that are missing, and let go of what only the start has needed."""
        super().spawn_workers()
        let_go_of_programs()

    def stop(self, graceful: bool = True) -> None:
        """Close the listeners, let requests under way end, remove what was made at the start."""
        self.app.state.manager.stopping()
        for listener in self.LISTENERS:
            listener.close()
        self.LISTENERS.clear()
        self.app.state.listeners.adopt({})
        super().stop(graceful)
        self.app.state.pid_file.remove()

    def _serves(self) -> str:
        addresses = ", ".join(self.app.state.listeners.described())
        return f"serves with {self.num_workers} workers on {addresses}"

    def _show_life(self) -> None:
        manager = self.app.state.manager
        if manager.limit:
            manager.show_life(_age(worker) for worker in tuple(self.WORKERS.values()))


def _age(worker: Any) -> float:
    """Return the seconds since a worker has shown life."""
    try:
        return time.monotonic() - float(worker.tmp.last_update())
    except (OSError, ValueError):  # it has ended
        return math.inf


def _pre_fork(master: Any, worker: Any) -> None:
    """Set aside all that was made, which lives as long as the process: the workers share it."""
    show_as_main()
    compile_now(*_OF_WORKERS)
    keep_little()
    give_back()
    gc.freeze()
    gc.enable()


def _help(help_workers: Callable[[], None]) -> NoReturn:
    """Do what workers have asked for, in this process, and end it."""
    try:
        end_with_parent()
        show_as_worker()
        for number in Arbiter.SIGNALS:
            signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
        take_endings()
        help_workers()
    except Exception:
        log.exception("a worker was not helped")
    finally:
        os._exit(0)


def _call(master: int) -> bool:
    """Call the master for help; return False if it has gone."""
    try:
        if os.getppid() != master:
            return False
        os.kill(master, CALL)
    except OSError:
        return False
    return True


def _post_fork(master: Any, worker: Any) -> None:
    show_as_worker()
    worker.app.state.listeners.release()
    worker.app.state.served.helped_by(partial(_call, os.getppid()))
    disregard(signal.SIGHUP)


def _post_worker_init(worker: Any) -> None:
    end_with_parent()
    worker.app.state.served.start()
    if worker.app.state.manager.listens:
        os.kill(os.getppid(), BEGUN)


def _worker_exit(master: Any, worker: Any) -> None:
    if worker.booted:
        worker.app.state.served.stop()


def _child_exit(master: Any, worker: Any) -> None:
    worker.gone()
