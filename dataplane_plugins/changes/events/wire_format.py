"""Write events as Server-Sent Events (HTML standard, section 9.2)."""

import json
from collections.abc import Iterable

from dataplane_core.plugin import Event

HEARTBEAT = b":\n\n"
"""A comment, which shows that the connection lives."""

BEGINNING = b"retry: 2000\n\n"
"""How many milliseconds a client waits before it comes again."""


def event_json(event: Event) -> str:
    """Return the JSON object of an event: its time, and what is told of it."""
    rest = event.data[1:].lstrip()
    return f'{{"time": "{event.time}"{"" if rest.startswith("}") else ", "}{rest}'


def one_event(event: Event) -> bytes:
    """Return an event as it is sent."""
    text = f"id: {event.id}\nevent: {event.kind}\ndata: {event_json(event)}\n\n"
    return text.encode()


def gap(first: int, last: int) -> bytes:
    """Return the news that events are not kept any more, which a client has not seen."""
    data = json.dumps({"first": first, "last": last})
    return f"event: gap\ndata: {data}\n\n".encode()


def chosen(events: Iterable[tuple[str, bytes]], kinds: frozenset[str]) -> bytes:
    """Return the events of some kinds, or of all."""
    return b"".join(data for kind, data in events if not kinds or kind in kinds)
