"""Find services in JSON files such as `{"api": ["192.0.2.1:8080", "192.0.2.2:8080"]}`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from dataplane_core.plugin import Prop, impl
from dataplane_plugins.discovery.sources import Found, Instance, Source, SourceEntry, SourceFailed

PLUGIN_API = "1.0"


def watch(entry: SourceEntry, stop: Event) -> Iterator[Found]:
    """Read the file every `retry_timeout` seconds, and yield its services with their instances."""
    while not stop.is_set():
        try:
            listed = json.loads(Path(entry["file"]).read_text("utf-8"))
            yield {name: [_instance(one) for one in found] for name, found in listed.items()}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise SourceFailed(f"the file cannot be read: {error}") from None
        stop.wait(entry["retry_timeout"])


def _instance(where: str) -> Instance:
    address, _, port = where.rpartition(":")
    return Instance(address.strip("[]"), int(port))


def prefix(entry: SourceEntry) -> str:
    """Return how the names of an entry's backends begin: with the name of the file."""
    return "file-backend-" + re.sub(r"[^A-Za-z0-9_.-]", "_", entry["file"]).strip("_") + "-"


@impl(optionalhook=True)
def dataplane_discovery() -> list[Source]:
    """Offer files as a source of services, at `/service_discovery/file`."""
    return [Source("file", watch, prefix, (Prop("file", required=True, help="Its path."),))]
