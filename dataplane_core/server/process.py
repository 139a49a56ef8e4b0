"""Set what a process has in the system: its name, its signals, its pid file, its user."""

import ctypes
import grp
import os
import pwd
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from setproctitle import setproctitle, setthreadtitle

from dataplane_core.dataclass import dataclass
from dataplane_core.settings import Settings, SettingsError

_WORKER = "api-worker"
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def program_name() -> str:
    """Return the name that the server was started by."""
    name = os.path.basename(sys.argv[0])
    return name if name and not name.endswith(".py") else "dataplane"


def show_as_main() -> None:
    """Show the main process under the program's name and its arguments, in `ps` and /proc/PID/comm.

    Only the main process has this name: process managers count the processes of a name, and want
    one.
    """
    _show_as(program_name(), " ".join(sys.argv[1:]))


def show_as_worker() -> None:
    """Show a worker under a name of its own, with the process id of the main process."""
    _show_as(_WORKER, f"of {os.getppid()}")


def _show_as(name: str, rest: str) -> None:
    setproctitle(f"{name} {rest}")
    setthreadtitle(name)


def end_with_parent() -> None:
    """Have the kernel end this process in good order when its parent is killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def disregard(number: signal.Signals) -> None:
    """Let a signal do nothing here; unlike SIG_IGN, programs that are run do not inherit this."""
    signal.signal(number, lambda *_: None)


@contextmanager
def endings_held_back() -> Iterator[None]:
    """Hold signals that end a process back; a child that is forked meanwhile starts so."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        take_endings()


def take_endings() -> None:
    """Take signals that end a process again, and those that were held back."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


class PidFile:
    """A file with the process id; one left behind by a killed predecessor is replaced."""

    def __init__(self) -> None:
        self._path: Path | None = None

    def write(self, settings: Settings) -> None:
        """Write the file `pid_file`, and remove the former one if it was another."""
        path = settings.dataplaneapi.pid_file
        wanted = Path(path) if path else None
        if wanted != self._path:
            self.remove()
        if wanted is not None:
            temporary = wanted.with_name(f".{wanted.name}.{os.getpid()}")
            try:
                temporary.write_text(f"{os.getpid()}\n")
                temporary.replace(wanted)
            except OSError as error:
                with suppress(OSError):
                    temporary.unlink()
                fault = f"{path} cannot be written: {error.strerror}"
                problem = settings.problem("dataplaneapi.pid_file", fault)
                raise SettingsError((problem,)) from None
        self._path = wanted

    def remove(self) -> None:
        """Remove the file if it still holds this process's id."""
        if self._path is not None:
            with suppress(OSError, ValueError):
                if int(self._path.read_text()) == os.getpid():
                    self._path.unlink()
            self._path = None


@dataclass(frozen=True, slots=True)
class ProcessUser:
    """The user that the server becomes, by numbers; None: that one stays as it is.

    `groups` are the supplementary groups.
    """

    uid: int | None
    gid: int | None
    groups: tuple[int, ...]


def process_user(settings: Settings) -> ProcessUser:
    """Return the user and groups to run as, from `uid` and `gid` (0: not set)."""
    uid, gid = settings.dataplaneapi.uid or None, settings.dataplaneapi.gid or None
    name = ""
    if uid is not None:
        with suppress(KeyError):
            entry = pwd.getpwuid(uid)
            name, gid = entry.pw_name, gid or entry.pw_gid
    if gid is None:
        return ProcessUser(uid, None, ())
    member_of = {group.gr_gid for group in grp.getgrall() if name and name in group.gr_mem}
    return ProcessUser(uid, gid, tuple(sorted(member_of | {gid})))


def become(settings: Settings) -> None:
    """Give up the rights of root for good, where `uid` or `gid` say so.

    Raises `SettingsError` when the system refuses.
    """
    user = process_user(settings)
    try:
        if user.gid not in (None, os.getegid()) or user.uid not in (None, os.geteuid()):
            os.setgroups(user.groups)
        if user.gid is not None:
            os.setgid(user.gid)
        if user.uid is not None:
            os.setuid(user.uid)
    except OSError as error:
        fault = (
            f"the server cannot become user {user.uid}, group {user.gid}: {error.strerror}"
        )
        key = "dataplaneapi.uid" if settings.dataplaneapi.uid else "dataplaneapi.gid"
        raise SettingsError((settings.problem(key, fault),)) from None
