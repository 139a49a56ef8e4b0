"""What a person at a terminal wants to know of the server and the HAProxy that it governs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from dataplane_core.errors import DataplaneError
from dataplane_core.haproxy.runtime import RuntimeClient
from dataplane_core.hooks.faults import recorded
from dataplane_core.services import Services

_RELOADS = 5


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the overview: what it is about, what is so, and whether somebody should look."""

    topic: str
    text: str
    bad: bool = False


def overview(services: Services) -> Iterator[Fact]:
    """The server, the configuration, HAProxy's processes and sockets, reloads, and then what the
    plugins tell."""
    running = not services.state.first
    yield Fact("server", "running" if running else "not running", not running)
    yield from _configuration(services)
    yield from _processes(services)
    yield from _reloads(services)
    yield from _plugins(services)


def _plugins(services: Services) -> Iterator[Fact]:
    """What plugins tell, one after the other; then how they failed since the server's start."""
    for impl in services.hooks.dataplane_status.get_hookimpls():
        try:
            yield from impl.function(*(services for _ in impl.argnames)) or ()
        except DataplaneError as error:
            yield Fact(str(impl.plugin_name), error.message, True)
        except (Exception, SystemExit) as error:
            yield Fact(str(impl.plugin_name), f"failed in dataplane_status: {error!r}", True)
    for fault in recorded(services.state):
        text = f"failed in {fault.hook}: {fault.reason}"
        yield Fact(fault.plugin, text, fault.hook == "dataplane_start")


def _configuration(services: Services) -> Iterator[Fact]:
    file = services.settings.haproxy.config_file
    try:
        yield Fact("configuration", f"{file} version {services.config.version()}")
    except DataplaneError as error:
        yield Fact("configuration", error.message, True)


def _processes(services: Services) -> Iterator[Fact]:
    try:
        clients = services.runtime.processes()
    except DataplaneError as error:
        yield Fact("socket", error.message, True)
        return
    for client in clients:
        yield from _process(client)


def _process(client: RuntimeClient) -> Iterator[Fact]:
    sockets = ", ".join(map(str, client.addresses))
    try:
        answer = client.command("show info")
    except DataplaneError as error:
        yield Fact("socket", error.message, True)
        return
    told = dict(line.split(": ", 1) for line in answer.splitlines() if ": " in line)
    facts = ("Version", ""), ("Pid", "pid "), ("Uptime", "up "), ("CurrConns", "connections ")
    yield Fact("haproxy", ", ".join(f"{word}{told[name]}" for name, word in facts if name in told))
    yield Fact("socket", f"{sockets} answers")


def _reloads(services: Services) -> Iterator[Fact]:
    for record in services.reloads.records()[-_RELOADS:]:
        over = record.reload_timestamp
        when = "" if over is None else time.strftime(" at %Y-%m-%d %H:%M:%S", time.localtime(over))
        failed = record.status == "failed"
        lines = record.response.strip().splitlines() if failed else []
        why = f": {lines[0]}" if lines else ""
        yield Fact("reload", f"{record.id} {record.status}{when}{why}", failed)
