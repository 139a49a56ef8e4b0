"""Declare the commands about past versions: history, show, rollback."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import click

from dataplane_core.commands.common import print_json
from dataplane_core.commands.remote import Client, remote_command, styled

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@remote_command(
    "history",
    click.Option(["--limit", "-n"], type=int, default=20, show_default=True, help="Versions."),
    click.Option(["--before"], type=int, help="Versions below this one."),
    click.Option(["--since"], help="Versions made at this time or later."),
    click.Option(["--until"], help="Versions made before this time."),
    click.Option(["--who"], help="Versions made by this user."),
    click.Option(["--origin"], help="Versions made in this way: request, hand_edit, rollback …"),
    click.Option(["--resource"], help="Versions that touched this path: backends/be1/servers/s1."),
)
def history(client: Client, as_json: bool, **query: Any) -> None:
    """List past versions."""
    found = client.get("history", **query)
    if as_json:
        print_json(found)
        return
    for one in found:
        for line in _lines(one):
            click.echo(line)


@remote_command(
    "show",
    click.Argument(["version"], default="newest"),
    click.Option(["--text"], is_flag=True, help="The whole text."),
    click.Option(["--blame"], is_flag=True, help="Each line with the version that wrote it."),
    click.Option(["--files"], is_flag=True, help="The files beside it."),
    click.Option(["--section"], help="With --blame: of this section, as `backend be1`."),
    click.Option(["--resource"], help="With --blame: of this path."),
    click.Option(["--with-secrets"], is_flag=True, help="Print secrets in lines."),
)
def show(
    client: Client, as_json: bool, version: str, text: bool, blame: bool, files: bool,
    section: str | None, resource: str | None, with_secrets: bool,
) -> None:  # fmt: skip
    """Show a past version."""
    path = f"history/{version}"
    raw = {"with_secrets": "true" if with_secrets else None}
    if text:
        found = client.get(f"{path}/text")
        if as_json:
            print_json(found)
        else:
            click.echo(found, nl=False)
        return
    if blame:
        query = {"section": section, "resource": resource, **raw}
        _print(client.get(f"{path}/blame", **query), _blamed, as_json)
    elif files:
        _print(client.get(f"{path}/files"), _file, as_json)
    else:
        one = client.get(path, **raw)
        if as_json:
            print_json(one)
            return
        for line in (*_lines(one), *_details(one)):
            click.echo(line)


@remote_command(
    "rollback",
    click.Argument(["version"]),
    click.Option(["--dry-run"], is_flag=True, help="Say what it would do, and do nothing."),
    click.Option(["--reason"], default="", help="What is recorded as the reason."),
    click.Option(
        ["--files"], type=click.Choice(["found", "left", "keep"]), default="found",
        show_default=True,
        help="Files as the version found them, as it left them, or as they are now.",
    ),
    click.Option(["--force-reload"], is_flag=True, help="Reload at once, and wait for it."),
    click.Option(["--newest"], type=int, help="The version that has to be the newest one now."),
)  # fmt: skip
def rollback(
    client: Client, as_json: bool, version: str, dry_run: bool, reason: str, **query: Any
) -> None:
    """Put a past version back."""
    if reason:
        client = replace(client, headers={**client.headers, "X-Change-Reason": reason})
    found = client.send("POST", f"history/{version}/rollback", dry_run=dry_run, **query)
    if as_json:
        print_json(found)
        return
    if dry_run:
        for line in _diff(found["diff"]):
            click.echo(line)
        for path in found["files"]:
            click.echo(f"{path} would come back")
        return
    reload = f", reload {found['reload_id']}" if "reload_id" in found else f", {found['state']}"
    click.echo(f"version {found['text_of']} is back as version {found['version']}{reload}")
    for path in found["files"]:
        click.echo(f"{path} is back")


def _print(found: list[dict[str, Any]], line: Any, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(line(one))


def _lines(one: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that tell of a version in a list."""
    who = one.get("author", {}).get("name", "")
    number = styled(f"{one['version']:>6}", fg="yellow")
    moment = one["time"][:19].replace("T", " ")
    yield f"{number}  {moment}  {one['origin']:11}  {one['state']:11}  {who}".rstrip()
    if one.get("reason"):
        yield f"{'':8}{one['reason']}"
    touched = one.get("resources", ())
    for resource in touched[:3]:
        name = (resource["resource"] or resource["section"]).split("/configuration/")[-1]
        yield f"{'':8}{resource['change']} {name}"
    if len(touched) > 3:
        yield f"{'':8}and {len(touched) - 3} more"


def _details(one: Mapping[str, Any]) -> Iterator[str]:
    """Yield what else is known of a version, and its lines."""
    author = one.get("author", {})
    words = {"from": author.get("address"), "with": author.get("client")}
    for name, word in words.items():
        if word:
            yield f"{'':8}{name} {word}"
    if "reload" in one:
        yield f"{'':8}reload {one['reload']['id']}: {one['reload']['reason']}"
    for command in one.get("commands", ()):
        yield f"{'':8}> {command}"
    for warning in one.get("warnings", ()):
        yield f"{'':8}HAProxy: {warning}"
    if one.get("failure"):
        yield f"{'':8}{one['failure']}"
    if one.get("undone_by"):
        yield f"{'':8}undone by version {one['undone_by']}"
    if one.get("diff"):
        yield ""
        yield from _diff(one["diff"])


def _diff(text: str) -> Iterator[str]:
    for line in text.rstrip("\n").split("\n") if text else ():
        colour = _COLOURS.get(line[:1]) if line[:3] not in ("+++", "---") else None
        yield styled(line, fg=colour) if colour else line


def _blamed(one: Mapping[str, Any]) -> str:
    number = f"{one['version']}{'-' if one.get('or_earlier') else ''}"
    who = one.get("who") or one.get("origin", "")
    return f"{styled(f'{number:>6}', fg='yellow')}  {who[:16]:16}  {one['line']:>6}  {one['text']}"


def _file(one: Mapping[str, Any]) -> str:
    kept = "kept" if one["kept"] else "digest only"
    return f"{one['path']}  {one['size']} bytes  {kept}  {one['now']}"
