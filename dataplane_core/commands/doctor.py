"""Find what the server would miss with these settings on this machine: `dataplane doctor`."""

import os
import shlex
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from dataplane_core.auth.authenticator import NOBODY_CAN_LOG_IN, NOBODY_REMEDY, asks_for_passwords
from dataplane_core.auth.password_faults import password_faults
from dataplane_core.auth.passwords import StoredPassword
from dataplane_core.auth.userlists import UserlistFile, users_of
from dataplane_core.commands.serving import thrown_away
from dataplane_core.errors import DataplaneError
from dataplane_core.haproxy import binaries
from dataplane_core.haproxy.addresses import global_lines, stats_sockets
from dataplane_core.haproxy.configuration import read_configuration
from dataplane_core.hooks.manager import installed
from dataplane_core.logs.syslog import LOCAL, SyslogHandler
from dataplane_core.server.folders import listener_folders, private_folders, shared_folders
from dataplane_core.server.process import become
from dataplane_core.server.rights import (
    READ,
    USE,
    WRITE,
    MissingPrerequisite,
    access_to,
    folder_for_files,
    way_to,
)
from dataplane_core.server.tls import TlsContexts
from dataplane_core.settings import Settings, SettingsError
from dataplane_core.store.disk_faults import DiskFaults
from dataplane_core.store.in_place import mounts_in
from dataplane_core.text import Document
from dataplane_core.text.language import SECTIONS

_CONNECT_SECONDS = 2.0
"""Seconds for a socket to take a connection."""


def diagnose(settings: Settings) -> Iterator[MissingPrerequisite]:
    """Yield all that is missing, judged with the rights that the server has when it needs it.

    Files and folders that are made or opened at the start are judged with the rights of this
    process, and all else with those of the user that the server becomes: this process becomes that
    user. Raises `SettingsError` when it may not.
    """
    to_be_made = [one for one in _all_folders(settings) if not os.path.isdir(one[1])]
    yield from _made_at_start(settings, to_be_made)
    become(settings)
    document = _document(settings.haproxy.config_file)
    yield from _disk(settings)
    yield from _program(settings)
    yield from _configuration(settings)
    yield from _folders(settings, to_be_made)
    yield from _reload(settings)
    yield from _sockets(settings, document)
    yield from _users(settings, document)
    yield from _certificates(settings)
    yield from _syslog(settings)
    yield from _plugins(settings)


def _disk(settings: Settings) -> Iterator[MissingPrerequisite]:
    """Yield that a disk has lost writes, after which the server changes nothing."""
    if lost := DiskFaults(Path(settings.state_dir)).reason():
        yield MissingPrerequisite(lost, "Look at the disk, then start the server anew.")


def _plugins(settings: Settings) -> Iterator[MissingPrerequisite]:
    """Yield the plugins of third parties that cannot be used."""
    if not installed():
        return
    try:
        with thrown_away(settings) as made:
            faults = [*made.services.plugins.left_out.values()]
    except SettingsError as error:
        faults = [str(error)]
    except DataplaneError:
        return  # something else is missing, which is said already
    for fault in faults:
        yield MissingPrerequisite(fault, "Mend it, or name it in dataplane.block_plugins.")


def _document(path: str) -> Document:
    try:
        return read_configuration(path)
    except OSError:
        return Document.parse("", SECTIONS)


def _program(settings: Settings) -> Iterator[MissingPrerequisite]:
    try:
        program = binaries.program(settings)
    except DataplaneError as error:
        yield MissingPrerequisite(
            error.message, "Install HAProxy, set haproxy.haproxy_bin, or use dataplane.embedded."
        )
        return
    if binaries.version(program) is None:
        yield MissingPrerequisite(
            f"{program} does not run as HAProxy", "Try it with -v, and mend it."
        )


def _configuration(settings: Settings) -> Iterator[MissingPrerequisite]:
    path = os.path.realpath(settings.haproxy.config_file)
    closed = list(way_to(path))
    yield from closed
    if closed:
        return
    if not os.path.exists(path):
        yield MissingPrerequisite(f"{path} does not exist", "Write it, or set haproxy.config_file.")
    else:
        yield from access_to(path, READ, "read")
    folder = os.path.dirname(path)
    if os.path.isdir(folder):
        verb = "written, and a new configuration is made there"
        yield from access_to(folder, WRITE, verb)


def _all_folders(settings: Settings) -> list[tuple[str, str]]:
    return [*private_folders(settings), *shared_folders(settings)]


def _folders(
    settings: Settings, to_be_made: list[tuple[str, str]]
) -> Iterator[MissingPrerequisite]:
    for key, path in _all_folders(settings):
        made = (key, path) in to_be_made
        yield from _of(key, way_to(path) if made else access_to(path, WRITE, "written"))
        for one in mounts_in(path):
            what = f"{one} is mounted by itself, and cannot be changed over the API"
            yield from _of(key, iter([MissingPrerequisite(what, "Mount its folder instead.")]))
    owners = [
        (key, path, os.stat(path).st_uid)
        for key, path in private_folders(settings)
        if os.path.isdir(path)
    ]
    if os.geteuid() == 0 and len({owner for _, _, owner in owners}) == 1:
        return  # the server may be started as that user, such as by a unit
    for key, path, owner in owners:
        if owner not in (0, os.geteuid()):
            what = f"{key}: {path} belongs to another user (uid {owner})"
            yield MissingPrerequisite(
                what, f"chown -R {os.geteuid()} {shlex.quote(path)} (as root)."
            )


def _made_at_start(
    settings: Settings, folders: list[tuple[str, str]]
) -> Iterator[MissingPrerequisite]:
    """Yield what keeps the start from making folders, and from opening files and the socket."""
    for key, path in (*folders, *listener_folders(settings)):
        yield from _of(key, folder_for_files(path))
    for key, target in settings.logs():
        if target.log_to == "file":
            path = target.log_file
            there = os.path.exists(path)
            found = access_to(path, USE, "written") if there else folder_for_files(_folder_of(path))
            yield from _of(f"{key}.log_file", found)
    pid_file, audit_file = settings.dataplaneapi.pid_file, settings.dataplane.audit_file
    for key, path in (("dataplaneapi.pid_file", pid_file), ("dataplane.audit_file", audit_file)):
        folder = _folder_of(path)
        if path and os.path.isdir(folder):
            yield from _of(key, folder_for_files(folder))
        elif path:
            what = f"{key}: the folder {folder} does not exist"
            yield MissingPrerequisite(what, "Make it (as root).")


def _folder_of(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))


def _of(key: str, found: Iterator[MissingPrerequisite]) -> Iterator[MissingPrerequisite]:
    return (MissingPrerequisite(f"{key}: {one.what}", one.remedy) for one in found)


def _reload(settings: Settings) -> Iterator[MissingPrerequisite]:
    reload = settings.haproxy.reload
    commands = {
        "reload_cmd": reload.reload_cmd,
        "restart_cmd": reload.restart_cmd,
        "status_cmd": reload.status_cmd,
        "validate_cmd": reload.validate_cmd,
    }
    strategy = {"systemd": "systemctl", "s6": "s6-svc"}.get(reload.reload_strategy, "")
    if strategy and not shutil.which(strategy):
        what = f"haproxy.reload.reload_strategy: {strategy} is not on PATH"
        yield MissingPrerequisite(
            what, "Install it, or set reload_strategy to custom and reload_cmd."
        )
    if not (strategy or reload.reload_cmd or settings.haproxy.master_runtime):
        yield MissingPrerequisite(
            "nothing tells how HAProxy is reloaded",
            "Set haproxy.master_runtime, haproxy.reload.reload_cmd or reload_strategy.",
        )
    for key, command in commands.items():
        program = next(iter(shlex.split(command)), None)
        if program is not None and not shutil.which(program):
            what = f"haproxy.reload.{key}: {program} cannot be run"
            yield MissingPrerequisite(what, "Install it, or write its whole path.")


def _sockets(settings: Settings, document: Document) -> Iterator[MissingPrerequisite]:
    master = settings.haproxy.master_runtime
    if master:
        yield from _socket(master, "start HAProxy with -W -S and this path")
    found = stats_sockets(global_lines(document))
    for one in found:
        if one.address.path and not one.address.path.startswith("\0"):
            yield from _socket(one.address.path, "start HAProxy with this configuration")
    if not found and not master:
        yield MissingPrerequisite(
            "there is no way to HAProxy's Runtime API",
            "Add `stats socket PATH level admin` to the section global, or set master_runtime.",
        )
    if found and not master and not any(one.admits_changes for one in found):
        yield MissingPrerequisite(
            "no `stats socket` of the configuration permits changes",
            "Add `level admin` to one of them, or set haproxy.master_runtime.",
        )


def _socket(path: str, start: str) -> Iterator[MissingPrerequisite]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_SECONDS)
        try:
            probe.connect(path)
        except FileNotFoundError:
            yield MissingPrerequisite(
                f"the socket {path} does not exist", f"If it should be there, {start}."
            )
        except ConnectionRefusedError:
            yield MissingPrerequisite(
                f"nobody answers on the socket {path}", f"If HAProxy runs, {start}."
            )
        except PermissionError:
            yield from access_to(path, USE, "used")
        except OSError as error:
            yield MissingPrerequisite(
                f"the socket {path} cannot be used: {error}", f"Look at it, or {start}."
            )


def _users(settings: Settings, document: Document) -> Iterator[MissingPrerequisite]:
    server = settings.dataplaneapi
    secrets = {one.name: StoredPassword(one.password, one.insecure) for one in server.user}
    if not server.user:
        file, name = server.userlist.userlist_file, server.userlist.userlist
        where = file or settings.haproxy.config_file
        accounts, ignored = users_of(UserlistFile(file)() if file else document, name)
        for line, reason in ignored:
            what = f"a line of the userlist {name} gives nobody access: {where}, line {line}"
            remedy = "Mend that line; variables count as they are set for the server."
            yield MissingPrerequisite(f"{what}: {reason}", remedy)
        secrets = {user: one.secret for user, one in accounts.items()}
        if not accounts and asks_for_passwords(settings):
            yield MissingPrerequisite(NOBODY_CAN_LOG_IN.format(where=where, name=name),
            NOBODY_REMEDY)
    for what, remedy in password_faults(settings, secrets):
        yield MissingPrerequisite(what, remedy)


def _certificates(settings: Settings) -> Iterator[MissingPrerequisite]:
    if "https" in settings.dataplaneapi.scheme:
        try:
            TlsContexts(settings)
        except SettingsError as error:
            yield MissingPrerequisite(
                str(error), "Name files that are there, in PEM, and may be read."
            )


def _syslog(settings: Settings) -> Iterator[MissingPrerequisite]:
    for key, target in settings.logs():
        if target.log_to == "syslog":
            handler = SyslogHandler(target.syslog.syslog_address, target.syslog.syslog_protocol)
            fault = handler.fault()
            handler.close()
            if fault:
                what = f"{key}.syslog.syslog_address: {handler.address} cannot be reached: {fault}"
                yield MissingPrerequisite(
                    what,
                    f"Start that syslog server, or name one that runs; this machine's is {LOCAL}.",
                )
