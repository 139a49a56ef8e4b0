"""What a plugin states of a source of services: the rest is done for it.

A source has a name, properties, and a function that goes on telling what services there are. It
gets a resource (`/service_discovery/<name>`), entries that survive restarts, one worker that
follows them, back-off, a status, and backends with servers in slots.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from dataplane_core.plugin import DataplaneError, Problem, Prop, dataclass

SourceEntry = Mapping[str, Any]
"""What a client said of one source, as JSON, with the defaults of what it left out."""


class SourceFailed(DataplaneError):
    """A source gave no usable answer; the sentence holds no secret."""

    status = 502


class Instance(NamedTuple):
    """Where a service can be reached: an IP address or host name, a port, and a name for people."""

    address: str
    port: int
    id: str = ""


Found = Mapping[str, Sequence[Instance]]
"""All services that a source has now, each with its instances."""

Watch = Callable[[SourceEntry, threading.Event], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of source.

    `watch(entry, stop)` yields all services whenever they may have changed, waits between by
    itself, and ends once `stop` is set. It raises `SourceFailed` when it cannot go on; it is begun
    again later. `prefix(entry)` begins the names of an entry's backends and tells it from the
    others. `props` are the properties of an entry besides those that all have (`ENTRY_PROPS`).
    `configured` gives the entries of the settings, and `key` is where they stand there. `example`
    is an entry for the specification.
    """

    name: str
    watch: Watch
    prefix: Callable[[SourceEntry], str]
    props: tuple[Prop, ...] = ()
    schema: str = ""
    title: str = ""
    defaults: SourceEntry = field(default_factory=dict)
    configured: Callable[[Any], Sequence[SourceEntry]] = lambda settings: ()
    problems: Callable[[SourceEntry], Iterator[Problem]] = lambda entry: iter(())
    key: str = ""
    example: SourceEntry = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of its entries."""
        return f"/service_discovery/{self.name}"


GROWTH = ("linear", "exponential")
ENTRY_SLOTS = 10
MOST_SLOTS = 10000
ENTRY_PROPS = (
    Prop("enabled", "boolean", required=True, nullable=True, help="Follow the source."),
    Prop("name", help="For people."),
    Prop("description", help="For people."),
    Prop("retry_timeout", "integer", minimum=1, maximum=86400, required=True,
         help="Longest time between two looks, and the first wait after a failure, in seconds."),
    Prop("server_slots_base", "integer", minimum=1, maximum=MOST_SLOTS,
         help=f"Servers that a backend has at least, in use or free; {ENTRY_SLOTS} by default."),
    Prop("server_slots_growth_increment", "integer", minimum=1, maximum=MOST_SLOTS,
         help=f"Servers that a linear growth adds; {ENTRY_SLOTS} by default."),
    Prop("server_slots_growth_type", enum=GROWTH,
         help="How the servers grow: by the increment, or to twice as many (`exponential`)."),
)  # fmt: skip
ENTRY_DEFAULTS: SourceEntry = {
    "server_slots_base": ENTRY_SLOTS,
    "server_slots_growth_type": "exponential",
}
