"""Find out how a program can be run without a network: in a namespace of its own (unshare(1))."""

import os
import shutil
import subprocess
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from dataplane_core.plugin import DataplaneError

_SECONDS = 5.0
_NEVER = (b"Operation not permitted", b"Invalid argument", b"Function not implemented")
_NO_ROOM = b"No space left on device"
_LIMITS = Path("/proc/sys/user")


class IsolationUnknown(DataplaneError):
    """Whether a process can be kept from the network could not be found out this time."""

    status = 503
    retry_after = 5


@lru_cache(maxsize=1)
def isolating() -> tuple[str, ...]:
    """Return the words in front of a command that take the network from it; none if nothing can.

    Root makes a namespace of the network; others make one of users as well, in which they may.
    Raises `IsolationUnknown` if the trial breaks off: the next call tries again, and no process
    runs with a network only because the machine was busy.
    """
    program = shutil.which("unshare")
    if program is None:
        return ()
    words = (program, "--net") if os.geteuid() == 0 else (program, "--user", "--net")
    try:
        tried = subprocess.run(
            [*words, "/bin/sh", "-c", ":"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        raise _unknown() from None
    if tried.returncode == 0:
        return words
    if any(said in tried.stderr for said in _NEVER) or (
        _NO_ROOM in tried.stderr and _is_forbidden()
    ):
        return ()
    raise _unknown()


def _unknown() -> IsolationUnknown:
    text = "whether a simulation can be kept from the network could not be found out: try again"
    return IsolationUnknown(text)


def _is_forbidden() -> bool:
    """Tell whether this machine allows no namespaces at all, in which case there is never room."""
    for name in ("max_user_namespaces", "max_net_namespaces"):
        with suppress(OSError):
            if (_LIMITS / name).read_text().strip() == "0":
                return True
    return False
