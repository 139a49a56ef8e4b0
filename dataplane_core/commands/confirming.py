"""Declare the command `confirm`: let a change stay, or take it back."""

from typing import Any

import click

from dataplane_core.commands.common import print_json
from dataplane_core.commands.remote import Client, remote_command, styled

_COLOURS = {"waits": "yellow", "returning": "yellow", "confirmed": "green", "taken_back": "red"}


@remote_command(
    "confirm",
    click.Argument(["version"], default="waiting"),
    click.Option(["--back"], is_flag=True, help="Take the version back at once instead."),
    click.Option(["--show"], is_flag=True, help="Say what becomes of it, and change nothing."),
)
def confirm(client: Client, as_json: bool, version: str, back: bool, show: bool) -> None:
    """Confirm a change.

    VERSION is that of a change made with `confirm_within`; without it the one that waits. Exit
    status 1 if none waits, or if it is too late; with --show if the version is neither confirmed
    nor waits.
    """
    if back and show:
        raise click.UsageError("give --back or --show, not both")
    method = "DELETE" if back else "GET" if show else "POST"
    one = client.send(method, f"confirmations/{version}")
    if as_json:
        print_json(one)
    else:
        click.echo(_said(one))
    if show and one["state"] not in ("waits", "confirmed"):
        raise SystemExit(1)


def _said(one: dict[str, Any]) -> str:
    version, state = f"version {one['version']}", one["state"]
    by = f" by {one['ended_by']}" if one.get("ended_by") else ""
    reason = f": {one['reason']}" if one.get("reason") else ""
    words = {
        "waits": f"waits until {one['before']}, for {one.get('seconds_left', 0):.0f} s; then "
        f"version {one['former']} is back",
        "returning": f"is being taken back{by}{reason}",
        "confirmed": f"is confirmed{by}: it stays",
        "taken_back": f"was taken back{by} as version {one.get('back')}{reason}",
        "stays": f"stays{reason}",
        "replaced": f"is not in force any more{reason}",
    }
    return f"{styled(version, fg=_COLOURS.get(state), bold=True)} {words[state]}"
