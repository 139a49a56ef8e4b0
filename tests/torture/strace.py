"""System calls of live processes, seen or made to fail by strace.

strace counts the calls of each thread for itself: `when=3` is the third of every thread.
"""

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.harness.waiting import until

_OPEN = ("EIO", "ENOSPC", "EROFS", "EMFILE", "ENOMEM", "EINTR")
_CHANGE = ("EIO", "ENOSPC", "EROFS", "ENOMEM")
_LOOK = ("EIO", "ENOMEM")
_SHORT = "short"
"""A write that writes nothing and says so, the shortest of all."""

ERRORS: dict[str, tuple[str, ...]] = {
    "openat": _OPEN,
    **dict.fromkeys(("write", "pwrite64", "pwritev"), ("EIO", "ENOSPC", "EINTR", _SHORT)),
    **dict.fromkeys(("read", "pread64", "copy_file_range"), ("EIO", "EINTR")),
    **dict.fromkeys(("fsync", "fdatasync"), ("EIO", "ENOSPC", "EINTR")),
    **dict.fromkeys(("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"), _CHANGE),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir", "mkdir", "mkdirat"), _CHANGE),
    **dict.fromkeys(("ftruncate", "fallocate"), ("EIO", "ENOSPC", "EINTR")),
    **dict.fromkeys(("chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat"), ("EIO", "EROFS", "ENOSPC")),
    **dict.fromkeys(("setxattr", "fsetxattr", "utimensat"), ("EIO", "EROFS", "ENOSPC")),
    **dict.fromkeys(("stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat2"), _LOOK),
    **dict.fromkeys(("getdents64", "readlink", "readlinkat", "lseek", "statfs", "fstatfs"), _LOOK),
    **dict.fromkeys(("listxattr", "flistxattr", "getxattr", "fgetxattr"), _LOOK),
    **dict.fromkeys(("flock", "fcntl"), ("EIO", "EINTR", "ENOMEM")),
    **dict.fromkeys(("socket", "pipe2", "dup"), ("EMFILE", "ENOMEM")),
    **dict.fromkeys(("clone", "clone3", "vfork", "fork", "mmap"), ("ENOMEM",)),
}
"""The calls that are made to fail, each by what the system may say of it."""

_WITHOUT_PATH = {"socket", "pipe2", "clone", "clone3", "vfork", "fork", "mmap"}
_UNLOCK = re.compile(r"F_UNLCK|LOCK_UN")
_LINE = re.compile(r"^(?P<thread>\d+)\s+(?P<call>\w+)\((?P<rest>.*)$")


@cache
def missing() -> str:
    """Why system calls cannot be made to fail here; empty where they can."""
    program = shutil.which("strace")
    if program is None:
        return "strace is not installed"
    tried = subprocess.run(
        [program, "-f", "-e", "inject=getcwd:error=EIO", "-e", "trace=getcwd", "true"], capture_output=True, check=False
    )
    return "" if tried.returncode == 0 else "strace may not trace here"


@dataclass(frozen=True)
class Fault:
    """The `when`-th call of a kind, in each thread, fails with an error."""

    call: str
    error: str
    when: int

    @property
    def arguments(self) -> list[str]:
        how = "retval=0" if self.error == _SHORT else f"error={self.error}"
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:{how}:when={self.when}"]

    def __str__(self) -> str:
        return f"{self.call} {self.when} {self.error}"


def faults_of(trace: str, places: Iterable[str], errors: Iterable[str] = ()) -> Iterator[Fault]:
    """All faults of a trace whose calls concern `places`, or nothing that has a place."""
    known, wanted = tuple(places), set(errors)
    counts: Counter[tuple[str, str]] = Counter()
    found: set[tuple[str, int]] = set()
    for line in trace.splitlines():
        match = _LINE.match(line)
        if match is None or match["call"] not in ERRORS:
            continue
        counts[match["thread"], match["call"]] += 1
        if cannot_fail(line):
            continue
        if match["call"] in _WITHOUT_PATH or any(place in match["rest"] for place in known):
            found.add((match["call"], counts[match["thread"], match["call"]]))
    for call, when in sorted(found):
        yield from (Fault(call, error, when) for error in ERRORS[call] if not wanted or error in wanted)


def everything() -> list[str]:
    """The arguments that show all calls and let none fail."""
    return ["-e", "trace=" + ",".join(f"?{call}" for call in ERRORS)]


def injected(trace: str) -> list[str]:
    """The calls that were made to fail, as strace writes them."""
    return [line for line in trace.splitlines() if "(INJECTED)" in line]


def cannot_fail(line: str) -> bool:
    """Whether a call gives back a lock, which no system refuses."""
    return bool(_UNLOCK.search(line))


@contextmanager
def attached(process: int, arguments: Iterable[str], log: Path) -> Iterator[None]:
    """Trace all present threads of a process, and none of its children."""
    threads = sorted(os.listdir(f"/proc/{process}/task"))
    command = ["strace", "-qq", "-y", "-s", "200", "-o", str(log), *arguments]
    for thread in threads:
        command += ["-p", thread]
    tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until(lambda: tracer.poll() is not None or all(_is_traced(process, thread) for thread in threads))
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()


def _is_traced(process: int, thread: str) -> bool:
    try:
        status = Path(f"/proc/{process}/task/{thread}/status").read_text()
    except OSError:  # the thread has ended
        return True
    return "TracerPid:\t0\n" not in status
