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
_DECIDED = ("start", "pause", "resume", "abort", "return")
_SHOWN = ("scur", "stot", "bin", "bout", "hrsp_5xx", "weight")
_TRAFFIC = ("drain", "ready")
_STATES = ("ready", "drain", "maint")
_RUNNING = (*_TRAFFIC, "set", "map")
_LOOKED_INTO = ("diff", "log")


@remote_command(
    "fleet",
    click.Argument(
        ["action"], default="show",
        type=click.Choice([
            "show", "rollout", "wait", "strategy", "statistics", "mend", *_DECIDED, *_TOLD,
            *_RUNNING, *_LOOKED_INTO,
        ]),
    ),
    click.Argument(["names"], metavar="[NAME]...", nargs=-1),
)  # fmt: skip
def fleet(client: Client, as_json: bool, action: str, names: tuple[str, ...]) -> None:
    """Show the fleet, and decide about it.

    Without an ACTION, the members and what each has. `rollout` shows how the newest version gets to
    them, `wait` waits for its end, `strategy` with waves has the next ones go in waves: `1 10%
    group:edge`. `start`, `pause`, `resume`, `abort` and `return` decide about the roll-out;
    `retry`, `take`, `offer`, `exclude`, `include` and `remove` about the members that are named.
    `mend` puts right what somebody without the key has made of the records of the store.

    `drain` has members take no new connections, `ready` has them take some again. `set
    BACKEND/SERVER STATE|WEIGHT [NAME]...` changes a server, `map FILE KEY [VALUE]` an entry of a
    map on all members. `diff NAME` shows what a member has otherwise than the fleet, `log NAME`
    what has happened there, `statistics` what HAProxy has counted on all together. Exit status 1 if
    something is wrong.
    """
    if action in (*_TOLD, *_TRAFFIC, *_LOOKED_INTO) and not names:
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
    if action in (*_LOOKED_INTO, "statistics"):
        return _look(client, action, names)
    if action in _RUNNING:
        answers = client.send("POST", "fleet/runtime", _change(action, names))
        return answers, _show_answers, not any("error" in one for one in answers)
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


def _look(
    client: Client, action: str, names: tuple[str, ...]
) -> tuple[Any, Callable[[Any], None], bool]:
    """Ask for what members have otherwise, what has happened there, or what they have counted."""
    if action == "statistics":
        return client.get("fleet/statistics"), _show_statistics, True
    found = {name: client.get(f"fleet/nodes/{quote(name, safe='')}/{action}") for name in names}
    if action == "log":
        return found, _show_logs, True
    differences = [*found.values()]
    same = not any(one["diff"] or one["files"] for one in differences)
    return differences, _show_differences, same


def _change(action: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what the members are to do while they run."""
    if action in _TRAFFIC:
        return {"nodes": [*names], "traffic": action}
    if action == "map":
        if len(names) not in (2, 3):
            raise click.UsageError("give the file, the key, and its value: map hosts.map KEY VALUE")
        file, key, *value = names
        return {"map": file, "key": key, **({"value": value[0]} if value else {})}
    backend, _, server = names[0].partition("/") if names else ("", "", "")
    wanted = names[1] if len(names) > 1 else ""
    if not server or not (wanted in _STATES or (wanted.isascii() and wanted.isdigit())):
        raise click.UsageError("give the server and its state or weight: set web/web1 drain")
    what = {"state": wanted} if wanted in _STATES else {"weight": int(wanted)}
    return {"backend": backend, "server": server, **what, "nodes": [*names[2:]]}


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


def _show_answers(answers: list[dict[str, Any]]) -> None:
    for one in answers:
        said = styled(one["error"], fg="red") if "error" in one else styled("done", fg="green")
        click.echo(f"    {styled(one['name'], bold=True)} {said}")


def _show_differences(differences: list[dict[str, Any]]) -> None:
    for one in differences:
        if one["diff"]:
            click.echo(one["diff"].rstrip("\n"))
        for file in one["files"]:
            click.echo(f"{one['name']}: {file} differs")
        if not one["diff"] and not one["files"]:
            click.echo(f"{one['name']} has what the fleet has")


def _show_logs(logs: dict[str, list[dict[str, Any]]]) -> None:
    for name, events in logs.items():
        for one in events:
            known = ("time", "kind", "node", "state", "status")
            state = one.get("state") or one.get("status", "")
            more = " ".join(f"{key}={value}" for key, value in one.items() if key not in known)
            click.echo(f"{one['time']} {name} {one['kind']} {state} {more}".rstrip())


def _show_statistics(found: dict[str, Any]) -> None:
    for one in found["stats"]:
        name = "/".join(filter(None, (one.get("backend_name"), one["name"])))
        stats = one["stats"]
        shown = (f"{key}={stats[key]}" for key in ("status", *_SHOWN) if key in stats)
        click.echo(f"{one['type']:9} {name}: {' '.join(shown)}")
    _show_answers([one for one in found["nodes"] if "error" in one])


def _show_strategy(found: dict[str, Any]) -> None:
    waves = ", then ".join([*found["waves"], "all"])
    click.echo(f"waves: {waves}; on failure: {found['on_failure']}; pause: {found['pause']} s")
