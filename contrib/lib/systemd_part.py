"""Play systemd for one service: its notifications, its watchdog, the sockets it hands in."""

import ctypes
import errno
import fcntl
import os
import select
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
"""Seconds that nothing takes which works."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_APART = 100  # descriptors that are none of those that a service is given


class Notifications:
    """The socket to which a service sends datagrams (sd_notify(3)), and all lines that came."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self.lines: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o666)  # as systemd's own: the service may be another user

    def until(self, wanted: str, alive: Callable[[], bool] = lambda: True) -> list[str]:
        """Read until a line begins with `wanted`; return the lines that came meanwhile."""
        came: list[str] = []
        end = time.monotonic() + PATIENCE
        while not any(line.startswith(wanted) for line in came):
            if time.monotonic() > end or not alive():
                raise AssertionError(f"no {wanted} came, only {came or 'nothing'}")
            if select.select([self._socket], [], [], 0.1)[0]:
                came += self._socket.recv(4096).decode().splitlines()
        self.lines += came
        return came

    def close(self) -> None:
        """Take the socket away."""
        self._socket.close()
        Path(self.path).unlink(missing_ok=True)


def start(
    command: Sequence[str],
    environ: Mapping[str, str],
    sockets: Sequence[socket.socket] = (),
    names: Sequence[str] = (),
    **more: object,
) -> "subprocess.Popen[bytes]":
    """Start a service with sockets as its descriptors from 3 on (sd_listen_fds(3))."""
    if not sockets:
        return subprocess.Popen(command, env=environ, **more)  # type: ignore[call-overload,no-any-return]
    apart = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, _APART) for one in sockets]
    moved = " ".join(f"{3 + at}<&{fd} {fd}<&-" for at, fd in enumerate(apart))
    script = f'export LISTEN_PID=$$; exec "$@" {moved}'
    given = {**environ, "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(names)}
    wrapped = ["bash", "-c", script, "service", *command]
    try:
        return subprocess.Popen(wrapped, env=given, pass_fds=apart, **more)  # type: ignore[call-overload,no-any-return]
    finally:
        for fd in apart:
            os.close(fd)


@dataclass(frozen=True)
class Unit:
    """The section `[Service]` of a unit: every value of a name, in order."""

    values: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, path: Path) -> "Unit":
        """Read a unit; lines of other sections are left out."""
        values: dict[str, list[str]] = {}
        inside = False
        for line in path.read_text().splitlines():
            if line.startswith("["):
                inside = line.strip() == "[Service]"
            elif inside and "=" in line and line[:1] not in "#;":
                name, _, value = line.partition("=")
                values.setdefault(name.strip(), []).append(value.strip())
        return cls(values)

    def last(self, name: str, default: str = "") -> str:
        """Return the value that counts of a name that has one."""
        return self.values.get(name, [default])[-1]

    def words(self, name: str) -> list[str]:
        """Return all words of a name that takes several."""
        return [word for value in self.values.get(name, []) for word in value.split()]

    def environ(self) -> dict[str, str]:
        """Return the variables of the unit and of its files."""
        found = {"PATH": _PATH, "LANG": "C.UTF-8"}
        lines = [one for value in self.values.get("Environment", []) for one in shlex.split(value)]
        for name in self.values.get("EnvironmentFile", []):
            file = Path(name.removeprefix("-"))
            for line in file.read_text().splitlines() if file.exists() else ():
                lines += [] if line[:1] == "#" else shlex.split(line)
        return found | dict(line.split("=", 1) for line in lines)

    def command(self) -> list[str]:
        """Return the words of `ExecStart`; a word `$NAME` becomes the words of the variable."""
        given, words = self.environ(), []
        for word in shlex.split(self.last("ExecStart")):
            words += given[word[1:]].split() if word[:1] == "$" else [word]
        return words


class Sandbox:
    """Puts a process into what a unit allows, as far as it can be done without systemd.

    It has the user, the capabilities, the file system, the temporary folders, what is seen of other
    processes and the system calls; `calls` are the names of those that the filter allows.
    """

    def __init__(self, unit: Unit, calls: Sequence[str] = ()) -> None:
        self._unit, self._calls = unit, calls

    def prepare(self) -> None:
        """Make the folders of the unit, owned by its user."""
        user = self._unit.last("User", "root")
        for name, above in _FOLDERS.items():
            for one in self._unit.words(name):
                folder = Path(above, one)
                folder.mkdir(exist_ok=True)
                folder.chmod(int(self._unit.last(f"{name}Mode", "0755"), 8))
                shutil.chown(folder, user, user)

    def enter(self) -> None:
        """Go into the sandbox; called in the new process, before it executes anything."""
        _libc("unshare", _NEW_NAMESPACE_OF_MOUNTS)
        _mount("--make-rprivate", "/")
        if self._unit.last("ProtectSystem") == "strict":
            self._protect_files()
        if self._unit.last("PrivateTmp") == "true":
            for folder in ("/tmp", "/var/tmp"):
                _mount("-t", "tmpfs", "tmpfs", folder)
        if self._unit.last("ProtectHome") == "true":
            for folder in ("/home", "/root"):
                _mount("-t", "tmpfs", "-o", "mode=000,ro", "tmpfs", folder)
        if self._unit.last("ProtectProc") == "invisible":
            _mount("-t", "proc", "-o", "hidepid=invisible", "proc", "/proc")
        os.umask(int(self._unit.last("UMask", "0022"), 8))
        if self._calls:
            allow_only(self._calls)

    def wrapped(self, command: Sequence[str]) -> list[str]:
        """Return a command that becomes the user, with the capabilities, and executes another."""
        user = self._unit.last("User")
        if not user:
            return list(command)
        kept = self._unit.words("AmbientCapabilities")
        keep = ",".join(["-all", *("+" + one.removeprefix("CAP_").lower() for one in kept)])
        options = [f"--reuid={user}", f"--regid={self._unit.last('Group', user)}", "--init-groups"]
        options += [f"--inh-caps={keep}", f"--ambient-caps={keep}", f"--bounding-set={keep}"]
        if self._unit.last("NoNewPrivileges") == "true":
            options.append("--no-new-privs")
        return ["setpriv", *options, "--", *command]

    def _protect_files(self) -> None:
        """Mount everything for reading alone, but what the unit names and the kernel's own."""
        writable = [one.removeprefix("-") for one in self._unit.words("ReadWritePaths")]
        for name, above in _FOLDERS.items():
            writable += [f"{above}/{one}" for one in self._unit.words(name)]
        for path in filter(os.path.exists, writable):
            _mount("--bind", path, path)
        _mount("-o", "remount,bind,ro", "/")


_FOLDERS = {"StateDirectory": "/var/lib", "LogsDirectory": "/var/log", "RuntimeDirectory": "/run"}
_NEW_NAMESPACE_OF_MOUNTS = 0x20000  # CLONE_NEWNS


def _libc(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def allow_only(calls: Sequence[str]) -> None:
    """Let this process and its children make these system calls alone; others give EPERM."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    refuse, allow = 0x00050000 | errno.EPERM, 0x7FFF0000  # SCMP_ACT_ERRNO, SCMP_ACT_ALLOW
    made = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(refuse)))
    library.seccomp_attr_set(made, 3, 0)  # SCMP_FLTATR_CTL_NNP: root may load it without
    for name in calls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            library.seccomp_rule_add_array(made, ctypes.c_uint32(allow), number, 0, None)
    if library.seccomp_load(made) != 0:
        raise OSError("the filter of system calls cannot be loaded")


def calls_of(name: str) -> list[str]:
    """Return the system calls of a set such as `@system-service`; none without systemd's tools."""
    program = shutil.which("systemd-analyze")
    if program is None:
        return []
    told = subprocess.run([program, "syscall-filter"], capture_output=True, text=True).stdout
    sets: dict[str, list[str]] = {}
    for line in told.splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            current.append(line.strip())
    found, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        waiting += sets.get(one, [])
        found |= {one} - set(sets)
    return sorted(found)
