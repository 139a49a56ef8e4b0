"""Look at the server and the HAProxy that it governs, and say what is wrong: `dataplane status`."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from dataplane_core.app import chosen_versions
from dataplane_core.errors import DataplaneError, RuntimeFailed, RuntimeUnreachable
from dataplane_core.haproxy.reload import ReloadRecord
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.hookspecs import Fact
from dataplane_core.server.folders import shared_folders
from dataplane_core.server.process import become
from dataplane_core.services import Services
from dataplane_core.settings import Settings
from dataplane_core.store.disk_faults import REMEDY
from dataplane_core.store.in_place import is_mounted, mounts_in
from dataplane_core.store.journal.callers import Caller
from dataplane_core.store.journal.plugin_faults import recorded
from dataplane_core.store.journal.state_copy import state_copy
from dataplane_core.store.messages import one_line
from dataplane_core.wiring import make_services

_RELOADS = 5
_CALLERS = 20


def looked_at(settings: Settings) -> list[Fact]:
    """Return the overview as seen from beside the server; nothing is written.

    This process becomes the user that the server runs as, and reads a copy of the state. Raises as
    `make_services`.
    """
    become(settings)
    with state_copy(settings.state_dir) as state:
        return list(overview(make_services(settings, state=state)))


def overview(services: Services) -> Iterator[Fact]:
    """Yield the facts of a server: its own, HAProxy's, and then those of the plugins.

    Its own are whether it runs, its settings, the configuration and the last reloads; HAProxy's are
    its processes and sockets.
    """
    running = not services.state.first
    yield Fact("server", "running" if running else "not running", not running)
    without = "no file was found, so the defaults count; name one with -f FILE"
    yield Fact("settings", services.settings.file or without)
    if lost := services.state.faults.reason():
        yield Fact("disk", f"{lost}. {REMEDY}", True)
    yield from _configuration(services)
    yield from _mounted(services)
    processes = list(_processes(services))
    yield from processes
    yield from _reloads(services)
    yield from _callers(services)
    unreachable = any(fact.bad or fact.doubtful for fact in processes)
    yield from _plugins(services, unreachable)


def _mounted(services: Services) -> Iterator[Fact]:
    """Yield that the configuration is a mount, which cannot be replaced in one step."""
    path = os.path.realpath(services.settings.haproxy.config_file)
    if is_mounted(path):
        text = f"{path} is mounted by itself, so it is written in place: mount its folder instead"
        yield Fact("mount", text, doubtful=True)
    for _, folder in shared_folders(services.settings):
        for one in mounts_in(folder):
            text = f"{one} is mounted by itself, and nothing can replace it"
            yield Fact("mount", text, doubtful=True)


def _callers(services: Services) -> Iterator[Fact]:
    """Yield for each version of the API that is served who calls it, the most frequent first."""
    recorded = services.callers.recorded()
    for version in chosen_versions(services.settings):
        callers = [one for one in recorded if one.version == version.name]
        requests = sum(one.requests for one in callers)
        text = f"{version.name} {_times(requests)} since the start"
        shown = [_caller(one) for one in callers[:_CALLERS]]
        more = [f"{len(callers) - _CALLERS} other callers"] if len(callers) > _CALLERS else []
        yield Fact("api", ": ".join(filter(None, (text, ", ".join((*shown, *more))))))


def _caller(one: Caller) -> str:
    agent = f" with {one.agent}" if one.agent else ""
    return f"{one.requests} by {one.user or 'others'}{agent}"


def _times(requests: int) -> str:
    return f"got {requests} request{'s' * (requests != 1)}" if requests else "got no request"


def _plugins(services: Services, unreachable: bool) -> Iterator[Fact]:
    """Yield the facts of the plugins, one after the other; then their failures since the start.

    `unreachable`: another fact says already that HAProxy gives no answer.
    """
    watchdog = services.plugins.watchdog
    for impl in services.hooks.dataplane_status.get_hookimpls():
        try:
            with watchdog.at_work():
                yield from _said(services, str(impl.plugin_name), impl)
        except DataplaneError as error:
            if not (unreachable and isinstance(error, RuntimeFailed)):
                yield Fact(str(impl.plugin_name), error.message, True)
        except (Exception, SystemExit) as error:
            yield Fact(str(impl.plugin_name), f"failed in dataplane_status: {error!r}", True)
    faults = recorded(services.state)
    absent = {fault.plugin: fault.reason for fault in faults if not fault.hook}
    for name, reason in (absent | services.plugins.left_out).items():
        yield Fact(name, f"is left out: {reason}", bad=True)
    for fault in faults:
        if not fault.hook:
            continue
        text = f"failed in {fault.hook}: {fault.reason}"
        at_start = fault.hook == "dataplane_start"
        yield Fact(fault.plugin, text, bad=at_start, doubtful=not at_start)


def _said(services: Services, name: str, impl: Any) -> Iterator[Fact]:
    """Yield what a plugin says; what comes from a third party has to be there in time."""
    plugins, arguments = services.plugins, [services for _ in impl.argnames]
    if name not in plugins.own:
        said: list[Fact] = []
        try:
            with plugins.watchdog.watching(name, "dataplane_status"):
                ask = partial(_collect, said, impl.function, arguments)
                plugins.limit.call(name, "dataplane_status", ask)
        finally:
            yield from tuple(said)
        return
    with plugins.watchdog.watching(name, "dataplane_status"):
        yield from impl.function(*arguments) or ()


def _collect(said: list[Fact], function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    for fact in function(*arguments) or ():
        said.append(fact)


def _configuration(services: Services) -> Iterator[Fact]:
    file = services.settings.haproxy.config_file
    try:
        version = services.config.version()
        yield Fact("configuration", f"{file} version {version}")
        yield from _hand_edits(services, version)
    except DataplaneError as error:
        yield Fact("configuration", error.message, True)


def _hand_edits(services: Services, version: int) -> Iterator[Fact]:
    """Yield facts about text that was written into the file by hand and that HAProxy refuses."""
    entry = services.config.history.get(version)
    if entry is not None and entry.refused:
        fact = f"HAProxy refuses version {version}, which was written by hand"
        yield Fact("configuration", f"{fact}: {one_line(entry.reason)}", True)
    if rejected := services.config.file.hand_edits.rejected():
        place, reason = rejected
        why = f": {one_line(reason)}" if reason else ""
        fact = f"{place} holds what was written by hand and HAProxy refused{why}"
        yield Fact("configuration", fact, doubtful=True)


def _processes(services: Services) -> Iterator[Fact]:
    try:
        clients = services.runtime.processes()
    except RuntimeUnreachable as error:
        yield Fact("socket", error.message, doubtful=True)
        return
    except DataplaneError:
        return  # the configuration cannot be read: another fact says so
    answers = [_info(client) for client in clients]
    failures = [one for one in answers if isinstance(one, RuntimeFailed)]
    absent = all(isinstance(one, RuntimeUnreachable) and not one.denied for one in failures)
    if len(failures) == len(answers) and absent and services.reloads.status() != "up":
        places = ", ".join(_places(client) for client in clients)
        yield Fact("haproxy", f"HAProxy is not running: nobody answers on {places}", True)
        return
    for client, answer in zip(clients, answers, strict=True):
        yield from _process(client, answer)


def _info(client: RuntimeClient) -> str | RuntimeFailed:
    try:
        return client.command("show info")
    except RuntimeFailed as error:
        return error


def _places(client: RuntimeClient) -> str:
    return ", ".join(map(str, client.addresses))


def _process(client: RuntimeClient, answer: str | RuntimeFailed) -> Iterator[Fact]:
    """Yield what a process says of itself, and the socket that answers: its own or the master's."""
    if isinstance(answer, RuntimeFailed):
        yield Fact("socket", answer.message, True)
        return
    said = dict(line.split(": ", 1) for line in answer.splitlines() if ": " in line)
    facts = ("Version", ""), ("Pid", "pid "), ("Uptime", "up "), ("CurrConns", "connections ")
    yield Fact("haproxy", ", ".join(f"{word}{said[name]}" for name, word in facts if name in said))
    if client.substitute is not None:
        own = _info(client.alone())
        if isinstance(own, RuntimeFailed):
            yield Fact("socket", own.message, doubtful=True)
            client = client.substitute
    yield Fact("socket", f"{_places(client)} answers")


def _reloads(services: Services) -> Iterator[Fact]:
    records = services.reloads.records()
    over = [record.id for record in records if record.reload_timestamp is not None]
    for record in records[-_RELOADS:]:
        yield _reload(record, record.id == over[-1] if over else False)


def _reload(record: ReloadRecord, is_last: bool) -> Fact:
    """Return the fact of one reload; a failure is bad or doubtful only if it is the last reload.

    It is doubtful where the former text was put back: HAProxy runs with what the file says.
    """
    over = record.reload_timestamp
    when = "" if over is None else time.strftime(" at %Y-%m-%d %H:%M:%S", time.localtime(over))
    failed = record.status == "failed"
    why = f": {record.said}" if failed and record.said else ""
    if record.restored is not None:
        why += f"; version {record.restored} holds the former text"
    text = f"{record.id} {record.status}{when}{why}"
    counts, restored = failed and is_last, record.restored is not None
    return Fact("reload", text, bad=counts and not restored, doubtful=counts and restored)
