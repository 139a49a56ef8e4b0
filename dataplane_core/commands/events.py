"""`dataplane events`: follow what happens on a running server."""

import json
import time
from collections.abc import Iterator
from typing import Any

import click

from dataplane_core.commands.remote import Client, Unreachable, remote_command, styled

_AGAIN = 2.0  # seconds before a stream that ended is asked for again
_COLOURS = {"refused": "red", "rolled_back": "red", "gap": "red", "certificate": "yellow",
            "server_state": "yellow", "drift": "yellow"}  # fmt: skip

Event = dict[str, Any]


@remote_command(
    "events",
    click.Option(["--kinds"], default="", help="The kinds to show, with commas between."),
    click.Option(["--after"], type=click.IntRange(0), help="The last event that is known."),
    click.Option(["--follow/--no-follow"], default=True, help="Wait for more events."),
)
def events(client: Client, kinds: str, after: int | None, follow: bool, as_json: bool) -> None:
    """Follow what happens.

    Versions, reloads, servers, certificates, drift: one event a line, with `--json` as an object.
    Without `--after`, news alone are shown; with `--no-follow`, all that is kept. A stream that
    ends is asked for again.
    """
    begun = False
    while True:
        try:
            for event in _events(client, kinds, after, follow):
                begun = True
                after = event["id"] or after
                click.echo(json.dumps(event) if as_json else _shown(event))
        except Unreachable:
            if not (begun and follow):
                raise
        if not follow:
            return
        begun = True
        time.sleep(_AGAIN)


def _events(client: Client, kinds: str, after: int | None, follow: bool) -> Iterator[Event]:
    """Yield the events of one stream."""
    query = {"kinds": kinds or None, "follow": None if follow else "false"}
    if after is not None:
        query["after"] = str(after)
    fields: dict[str, str] = {}
    for line in client.lines("events", {"Accept": "text/event-stream"}, **query):
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif "event" in fields:
            number = int(fields["id"]) if "id" in fields else None
            yield {"id": number, "event": fields["event"], **json.loads(fields["data"])}
            fields = {}


def _shown(event: Event) -> str:
    kind = event["event"]
    status = event.get("status")
    colour = "red" if status == "failed" else _COLOURS.get(kind)
    rest = " ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in event.items()
        if name not in ("id", "event", "time") and value not in (None, "")
    )
    number = "-" if event["id"] is None else event["id"]
    return f"{event.get('time', '-')} {number} {styled(kind, fg=colour)} {rest}"
