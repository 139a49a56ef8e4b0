"""Find the HAProxy processes of this machine in /proc (proc(5))."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dataplane_core.dataclass import dataclass

PROC = Path("/proc")
_WITH_VALUE = frozenset("fSpLmnNCx")  # options whose value is the next word (Management Guide, 3)


@dataclass(frozen=True, slots=True)
class HaproxyProcess:
    """A master, or a process that has no master.

    `configuration`, `master_socket` and `pid_file` are absolute paths, "" where the command line
    names none; `further` are files and folders that the process reads behind the configuration.
    `unit` is its systemd unit, "" without one.
    """

    pid: int
    program: str
    configuration: str = ""
    master_socket: str = ""
    pid_file: str = ""
    has_master: bool = False
    unit: str = ""
    further: tuple[str, ...] = ()


def haproxy_processes(proc: Path = PROC) -> list[HaproxyProcess]:
    """Return HAProxy's processes without the workers of a master, the lowest process id first."""
    pids = sorted(int(one.name) for one in proc.glob("[0-9]*") if _is_haproxy(one))
    return [
        found
        for pid in pids
        if _parent(proc / str(pid)) not in pids and (found := _read(proc / str(pid), pid))
    ]


def _is_haproxy(folder: Path) -> bool:
    try:
        return (folder / "comm").read_text().strip() == "haproxy"
    except OSError:
        return False


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _read(folder: Path, pid: int) -> HaproxyProcess | None:
    try:
        words = [os.fsdecode(one) for one in (folder / "cmdline").read_bytes().split(b"\0")[:-1]]
        below = os.readlink(folder / "cwd")
        program = os.readlink(folder / "exe").removesuffix(" (deleted)")
    except OSError:
        return None  # it has ended, or is another user's
    options = list(_options(words[1:]))
    given = {name: os.path.join(below, value) for name, value in reversed(options) if value}
    files = [os.path.join(below, value) for name, value in options if name == "f" and value]
    letters = "".join(name for name, _ in options)
    return HaproxyProcess(
        pid=pid,
        program=program,
        configuration=given.get("f", ""),
        master_socket=given.get("S", "").split(",")[0],
        pid_file=given.get("p", ""),
        has_master="W" in letters or "S" in given,
        unit=_unit(folder),
        further=tuple(files[1:]),
    )


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield options by their first letter, each with its value, "" for one that has none."""
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield from (("f", name) for name in rest)
        elif word.startswith("-") and len(word) > 1:
            name = word[1]
            yield name, next(rest, "") if name in _WITH_VALUE and len(word) == 2 else ""


def _unit(folder: Path) -> str:
    """Return the systemd unit of a process; "" for one that is not HAProxy's, such as a login's."""
    try:
        parts = (folder / "cgroup").read_text().replace("\n", "/").split("/")
    except OSError:
        return ""
    return next(
        (one for one in parts if one.startswith("haproxy") and one.endswith(".service")), ""
    )
