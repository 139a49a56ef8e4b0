"""Commands about names: `dataplane refs` and `dataplane rename`, of a running server."""

import json
from typing import Any

import click

from dataplane_core.commands.remote import Client, remote_command, styled

_TOP = "/v3/services/haproxy/configuration/"
_FOUND = 1
_MOST = 1000


def _path(resource: str) -> str:
    """Return the path of a resource; what does not start with a slash is below the configuration.

    >>> _path("backends/shop")
    '/v3/services/haproxy/configuration/backends/shop'
    """
    return resource if resource.startswith("/") else _TOP + resource


@remote_command(
    "refs",
    click.Argument(["resource"], required=False),
    click.Option(["--file"], default="", help="Path of a file, in place of a resource."),
    click.Option(
        ["--dangling"],
        is_flag=True,
        help="Show names of what is not there; the exit status is 1 if there are any.",
    ),
    click.Option(
        ["--unused"],
        is_flag=True,
        help="Show what nothing refers to; the exit status is 1 if there is any.",
    ),
)
def refs(
    client: Client, as_json: bool, resource: str | None, file: str, dangling: bool, unused: bool
) -> None:
    """Show who refers to what.

    RESOURCE is a path in /v3, or its end: `backends/shop`.
    """
    asked = (resource is not None) + bool(file) + dangling + unused
    if asked != 1:
        raise click.UsageError("say one of RESOURCE, --file, --dangling and --unused")
    if dangling or unused:
        _show_found(client, as_json, "dangling" if dangling else "unused")
        return
    given = {"file": file} if file else {"resource": _path(str(resource))}
    answer = client.get("references", **given)
    if as_json:
        _print(answer)
        return
    for title, uses in (("referenced by", "referenced_by"), ("refers to", "refers_to")):
        for use in answer[uses]:
            click.echo(f"{styled(title, bold=True)}  {_line(use, of=uses == 'referenced_by')}")


def _show_found(client: Client, as_json: bool, what: str) -> None:
    answer = client.get(f"references/{what}", limit=_MOST)
    if as_json:
        _print(answer)
    else:
        for one in answer["items"]:
            place = _place(one)
            kind = one["kind"] if what == "unused" else " or ".join(one["kinds"])
            click.echo(f"{place}: {kind} {one['name']}")
        if answer["total"] > len(answer["items"]):
            click.echo(f"and {answer['total'] - len(answer['items'])} more")
    if answer["total"]:
        raise SystemExit(_FOUND)


def _place(use: dict[str, Any]) -> str:
    of = f" of {use['file']}" if use.get("file") else ""
    return f"line {use['line']}{of}, {use['section']}"


def _line(use: dict[str, Any], *, of: bool) -> str:
    place = _place(use)
    if of:
        return f"{place}: {(use['resource'] or '').removeprefix(_TOP)} {use['property']}".rstrip()
    found = ", ".join(one.removeprefix(_TOP) for one in use["targets"])
    found = found or ", ".join(f"{one['file']}:{one['line']}" for one in use.get("scripts", ()))
    name = f"{' or '.join(use['kinds'])} {use['name']}"
    return f"{place}: {found or styled(f'{name} (not found here)', fg='yellow')}"


@remote_command(
    "rename",
    click.Argument(["resource"]),
    click.Argument(["name"]),
    click.Option(["--file", "is_file"], is_flag=True, help="RESOURCE is the name of a file."),
    click.Option(["--lua", "is_lua"], is_flag=True, help="RESOURCE is a name of a Lua script."),
    click.Option(["--version"], type=int, help="The version that may be changed [default: now]."),
    click.Option(["--transaction"], default=None, help="Transaction that the change belongs to."),
)
def rename(
    client: Client,
    as_json: bool,
    resource: str,
    name: str,
    is_file: bool,
    is_lua: bool,
    version: int | None,
    transaction: str | None,
) -> None:
    """Give a resource another name.

    All lines that refer to it say the new name, too. RESOURCE is a path in /v3, or its end:
    `backends/shop`.
    """
    if version is None and transaction is None:
        version = int(client.get(_TOP + "version"))
    if is_file and is_lua:
        raise click.UsageError("say one of --file and --lua")
    what = "file" if is_file else "lua" if is_lua else "resource"
    body = {what: _path(resource) if what == "resource" else resource, "name": name}
    answer = client.send("POST", "rename", body, version=version, transaction_id=transaction)
    if as_json:
        _print(answer)
        return
    click.echo(f"{answer['resource'].removeprefix(_TOP)}: {len(answer['changed'])} uses changed")
    for one in answer.get("scripts", ()):
        click.echo(f"line {one['line']} of {one['file']} still says {resource}")


def _print(answer: Any) -> None:
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
