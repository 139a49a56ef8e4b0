"""Declare the command `fleet`: the servers that share one configuration."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import click

from dataplane_core.commands.common import print_json
from dataplane_core.commands.remote import Client, remote_command, styled

_COLOURS = {
    "applied": "green", "taking": "yellow", "held": "yellow", "refused": "red", "apart": "red",
    "waiting": "red", "done": "green", "running": "yellow", "paused": "yellow", "stopped": "red",
    "aborted": "red", "returning": "yellow", "rolled_back": "yellow",
}  # fmt: skip
_TOLD = ("retry", "take", "offer", "exclude", "include", "remove")
_DECIDED = ("pause", "resume", "abort", "return")


@remote_command(
    "fleet",
    click.Argument(
        ["action"], default="show",
        type=click.Choice(["show", "rollout", "wait", "strategy", "mend", *_DECIDED, *_TOLD]),
    ),
    click.Argument(["names"], metavar="[NAME]...", nargs=-1),
)  # fmt: skip
def fleet(client: Client, as_json: bool, action: str, names: tuple[str, ...]) -> None:
    """Show the fleet, and decide about it.

    Without an ACTION, the members and what each has. `rollout` shows how the newest version gets to
    them, `wait` waits for its end, `strategy` with waves has the next ones go in waves: `1 10%
    group:edge`. `pause`, `resume`, `abort` and `return` decide about the roll-out; `retry`, `take`,
    `offer`, `exclude`, `include` and `remove` about the members that are named. `mend` puts
    right what somebody without the key has made of the records of the store. Exit status 1 if
    something is wrong.
    """
    if action in _TOLD and not names:
        raise click.UsageError(f"name the members that are meant: dataplane fleet {action} NAME")
    found, show, is_right = _ask(client, action, names)
    if as_json:
        print_json(found)
    else:
        show(found)
    raise SystemExit(0 if is_right else 1)


def _ask(
    client: Client, action: str, names: tuple[str, ...]
) -> tuple[Any, Callable[[Any], None], bool]:
    """Return the answer of the server, what shows it, and whether all is right."""
    if action == "show":
        found = client.get("fleet")
        return found, _show_fleet, not found["alarms"]
    if action == "strategy":
        if names:
            body = {**client.get("fleet/strategy"), "waves": list(names)}
            return client.send("PUT", "fleet/strategy", body), _show_strategy, True
        return client.get("fleet/strategy"), _show_strategy, True
    if action == "mend":
        done = client.send("POST", "fleet/mend")
        return done, _show_mended, all(one["is_right"] for one in done)
    if action in _TOLD:
        told = [_tell(client, action, name) for name in names]
        return told, _show_nodes, True
    if action in _DECIDED:
        found = client.send("POST", "fleet/rollout", {"action": action})
    elif action == "wait":
        found = client.get("fleet/rollout", wait="all", timeout=100)
    else:
        found = client.get("fleet/rollout")
    return found, _show_rollout, action != "wait" or found["state"] == "done"


def _tell(client: Client, action: str, name: str) -> Any:
    path = f"fleet/nodes/{quote(name, safe='')}"
    if action == "remove":
        return client.send("DELETE", path)
    return client.send("POST", path, {"action": action})


def _show_fleet(found: dict[str, Any]) -> None:
    newest = found.get("newest")
    has = f"version {newest['version']} by {newest['node']}" if newest else "nothing yet"
    leader = f", led by {found['leader']}" if found.get("leader") else ""
    click.echo(f"fleet {found['fleet']}: {has}{leader}")
    for node in found["nodes"]:
        _show_node(node)
    if found.get("rollout") and found["rollout"]["state"] != "done":
        _show_rollout(found["rollout"])
    for alarm in found["alarms"]:
        click.echo(styled(f"look at: {alarm}", fg="red"))


def _show_nodes(nodes: list[Any]) -> None:
    for node in nodes:
        if node:  # one that was removed is not answered
            _show_node(node)


def _show_node(node: dict[str, Any]) -> None:
    state = node.get("state", "unknown") if node["is_alive"] else "away"
    group = f" ({node['group']})" if node.get("group") else ""
    version = f" version {node['version']}" if node.get("version") else ""
    reason = f": {node['reason']}" if node.get("reason") else ""
    shown = styled(state, fg=_COLOURS.get(state, "red"))
    click.echo(f"    {styled(node['name'], bold=True)}{group}{version} {shown}{reason}")


def _show_rollout(found: dict[str, Any]) -> None:
    state = styled(found["state"], fg=_COLOURS.get(found["state"]))
    wave = f", wave {found['wave'] + 1} of {len(found['waves'])}" if found["waves"] else ""
    click.echo(f"roll-out of version {found['version']}: {state}{wave}")
    for one in found["log"]:
        click.echo(f"    {one['time']} {one['text']}")


def _show_mended(done: list[Any]) -> None:
    for one in done:
        shown = styled(one["record"], fg="green" if one["is_right"] else "red")
        click.echo(f"{shown}: {one['text']}")
    if not done:
        click.echo("nothing is to be put right")


def _show_strategy(found: dict[str, Any]) -> None:
    waves = ", then ".join([*found["waves"], "all"])
    click.echo(f"waves: {waves}; on failure: {found['on_failure']}; pause: {found['pause']} s")
