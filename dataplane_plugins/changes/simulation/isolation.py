"""Find out how a program can be run without a network: in a namespace of its own (unshare(1))."""

import os
import shutil
import subprocess
from functools import lru_cache

_SECONDS = 5.0


@lru_cache(maxsize=1)
def isolating() -> tuple[str, ...]:
    """Return the words in front of a command that take the network from it; none if nothing can.

    Root makes a namespace of the network; others make one of users as well, in which they may.
    """
    program = shutil.which("unshare")
    if program is None:
        return ()
    words = (program, "--net") if os.geteuid() == 0 else (program, "--user", "--net")
    try:
        tried = subprocess.run(
            [*words, "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return words if tried.returncode == 0 else ()
