"""Whether HAProxy runs, as far as its sockets tell."""

from collections.abc import Iterator
from typing import Literal

from dataplane_core.errors import DataplaneError, RuntimeFailed, RuntimeUnreachable
from dataplane_core.haproxy import master
from dataplane_core.haproxy.refusals import NO_WORKER, RuntimeRefused
from dataplane_core.haproxy.runtime import Runtime, RuntimeClient

HaproxyStatus = Literal["up", "down", "unknown"]


def status_by_sockets(runtime: Runtime) -> HaproxyStatus:
    """Return `up` if any of HAProxy's processes answers, `down` if none of those asked does.

    `unknown` is left for where nothing can be asked: no socket is set, or none may be used.
    """
    found: HaproxyStatus = "unknown"
    for answer in _answers(runtime):
        if answer == "up":
            return answer
        if answer == "down":
            found = answer
    return found


def status_of(client: RuntimeClient) -> HaproxyStatus:
    """Ask one process over its socket; a refusal is an answer, a missing right tells nothing."""
    try:
        client.command("show info")
    except RuntimeFailed as error:
        return _status_of_failure(error)
    return "up"


def _answers(runtime: Runtime) -> Iterator[HaproxyStatus]:
    if runtime.master is not None:
        try:
            yield "up" if master.processes(runtime.master).workers else "down"
        except RuntimeFailed as error:
            yield _status_of_failure(error)
    try:
        clients = runtime.sockets()
    except DataplaneError:
        return  # without the configuration no other socket is known
    yield from map(status_of, clients)


def _status_of_failure(error: RuntimeFailed) -> HaproxyStatus:
    if isinstance(error, RuntimeRefused):
        return "down" if NO_WORKER in error.message else "up"
    return "unknown" if isinstance(error, RuntimeUnreachable) and error.denied else "down"
