"""Follow sources in one of the workers, and make the configuration have the servers they name."""

import logging
import random
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from dataplane_core.plugin import (
    Author,
    DataplaneError,
    NotFound,
    Services,
    VersionMismatch,
)
from dataplane_plugins.discovery.entries import ServiceBackends, SourceEntries, SourceStatuses
from dataplane_plugins.discovery.slots import Slots, backend_name, is_address
from dataplane_plugins.discovery.sources import Found, Instance, Source, SourceEntry

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_LONGEST_REST = 60.0
_MOST_ATTEMPTS = 8
_MOST_TOLD = 20
_AUTHOR = Author("service discovery")


class BackendWriter:
    """Writes the backends of services, with the instances that a source has found as servers."""

    def __init__(self, services: Services) -> None:
        self.config = services.config
        self._rows = services.registry.declared_rows("servers")
        self.backends = ServiceBackends(services.state)

    def keep(self, entry: SourceEntry, prefix: str, found: Found) -> tuple[int, list[str]]:
        """Write the backends of `found`; return the number of servers, and the instances left out.

        Raises what `ConfigStore.edit` raises; the configuration then stays as it was.
        """
        left_out: list[str] = []
        wanted = {
            backend_name(prefix, service): usable(service, instances, left_out)
            for service, instances in found.items()
        }
        known = self.backends.names(prefix)
        gone = sorted(known - wanted.keys())
        self.backends.note(prefix, wanted.keys() - known)
        self._edit(entry, wanted, gone)
        document = self.config.snapshot().document
        over = [name for name in gone if document.find("backend", name) is None]
        self.backends.note(prefix, over, known=False)
        return sum(map(len, wanted.values())), left_out[:_MOST_TOLD]

    def _edit(
        self, entry: SourceEntry, wanted: Mapping[str, Sequence[Instance]], gone: Sequence[str]
    ) -> None:
        if self._rows is None:
            raise NotFound("no plugin declares servers, which backends of services consist of")
        plan = Slots(self._rows.table).plan
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            snapshot = self.config.snapshot()
            document = plan(snapshot.document, entry, wanted, gone)
            if document is snapshot.document:
                return
            try:
                with self.config.edit(version=snapshot.version, author=_AUTHOR) as edit:
                    edit.document = plan(edit.document, entry, wanted, gone)
                return
            except VersionMismatch:
                others_have_it = self.config.version() == snapshot.version  # other servers
                if others_have_it or attempt == _MOST_ATTEMPTS:
                    raise


def usable(service: str, instances: Sequence[Instance], left_out: list[str]) -> list[Instance]:
    """Return the instances that can be servers, sorted, with host names looked up.

    Each other instance is named in `left_out`, with the reason.
    """
    found: dict[Instance, None] = {}
    for one in sorted(instances):
        what = f"{service}: instance {one.id or one.address}"
        if not 0 < one.port < 65536:
            left_out.append(f"{what} has no port")
            continue
        address = one.address if is_address(one.address) else _look_up(one.address)
        if address is None:
            left_out.append(f"{what} has no usable address")
            continue
        found[Instance(address, one.port)] = None
    return list(found)


def _look_up(name: str) -> str | None:
    """Return the least address of a host, None for none: equal answers give equal addresses."""
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM) if name else []
    except (OSError, UnicodeError):
        return None
    addresses = (str(answer[4][0]) for answer in answers)
    return min((one for one in addresses if is_address(one)), default=None)


class Follower:
    """Follows the source of one entry in a thread, until `stop` is set."""

    def __init__(
        self, source: Source, entry: SourceEntry, keeper: BackendWriter, statuses: SourceStatuses
    ) -> None:
        self.source, self.entry = source, entry
        self.keeper, self.statuses = keeper, statuses
        self.stop = threading.Event()
        self.failures = 0
        self.trouble = ""
        name = f"{source.name} {entry['id']}"
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        while not self.stop.is_set():
            self._follow()
            rest = rest_after(self.failures, float(self.entry.get("retry_timeout") or 1))
            self.stop.wait(rest * random.uniform(0.9, 1.1))

    def _follow(self) -> None:
        """Follow the source until it fails; return the failure."""
        try:
            for found in self.source.watch(self.entry, self.stop):
                if self.stop.is_set():
                    return
                self._keep(found)
        except DataplaneError as error:
            self._tell(error.message)
        except Exception as error:
            log.exception("%s %s failed", self.source.name, self.entry["id"])
            self._tell(f"an unexpected failure: {type(error).__name__}")

    def _keep(self, found: Found) -> None:
        servers, left_out = self.keeper.keep(self.entry, self.source.prefix(self.entry), found)
        if self.failures:
            log.info("%s %s answers again", self.source.name, self.entry["id"])
        self.failures, self.trouble = 0, ""
        where = (self.source.name, str(self.entry["id"]))
        self.statuses.succeeded(*where, len(found), servers, left_out)

    def _tell(self, message: str) -> None:
        self.failures += 1
        if message != self.trouble:
            log.warning("%s %s: %s", self.source.name, self.entry["id"], message)
        self.trouble = message
        try:
            where = (self.source.name, str(self.entry["id"]))
            self.statuses.failed(*where, message, self.failures)
        except DataplaneError as error:
            log.error("the status of a source cannot be kept: %s", error.message)


def rest_after(failures: int, first: float) -> float:
    """Return the seconds to wait after so many failures in a row: twice as long each time."""
    if not failures:
        return 0.1
    return min(first * 2.0 ** min(failures - 1, 16), max(_LONGEST_REST, first))


class Engine:
    """Starts a follower for each entry that is enabled, and stops it when the entry changes."""

    def __init__(self, services: Services, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.entries = SourceEntries(services.state)
        self.statuses = SourceStatuses(services.state)
        self.keeper = BackendWriter(services)
        self.followers: dict[tuple[str, str], Follower] = {}

    def run(self, stop: threading.Event) -> None:
        """Look at the entries at intervals, until `stop` is set."""
        try:
            while not stop.is_set():
                self.look()
                stop.wait(_LOOK_SECONDS)
        finally:
            for follower in self.followers.values():
                follower.stop.set()
            self.followers.clear()

    def look(self) -> None:
        """Start the followers of new entries, and stop those of entries that are gone."""
        wanted: dict[tuple[str, str], tuple[Source, dict[str, Any]]] = {
            (source.name, entry["id"]): (source, entry)
            for source in self.sources
            for entry in self.entries.all(source)
            if entry.get("enabled")
        }
        for key, follower in list(self.followers.items()):
            if key not in wanted or wanted[key][1] != follower.entry:
                follower.stop.set()
                del self.followers[key]
        for key, (source, entry) in wanted.items():
            if key not in self.followers:
                follower = Follower(source, entry, self.keeper, self.statuses)
                self.followers[key] = follower
                follower.thread.start()
