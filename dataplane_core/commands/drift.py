"""Declare the command `drift`: in what the running HAProxy is not what its files say."""

import json
from typing import Any

import click

from dataplane_core.commands.common import print_json
from dataplane_core.commands.remote import Client, remote_command, styled


@remote_command(
    "drift",
    click.Argument(["subjects"], metavar="[SUBJECT]...", nargs=-1),
    click.Option(
        ["--towards"], type=click.Choice(["file", "process"]),
        help="Mend: `file` changes the process, `process` changes the files.",
    ),
)  # fmt: skip
def drift(
    client: Client, as_json: bool, subjects: tuple[str, ...], towards: str | None
) -> None:
    """Show drift, or mend it.

    Drift is what the running HAProxy has otherwise than its files say. A difference has two lines:
    what it is, and what mends it either way. SUBJECTs, such as `be/web1`, choose the differences.
    Exit status 1 if there are any, or if some cannot be mended.
    """
    if towards is None:
        found = client.get("drift")["deviations"]
        found = [one for one in found if not subjects or one["subject"] in subjects]
        if as_json:
            print_json({"drifted": bool(found), "deviations": found})
        else:
            _show(found)
        raise SystemExit(1 if found else 0)
    body = {"towards": towards, "only": list(subjects)} if subjects else {"towards": towards}
    mended = client.send("POST", "drift", body)
    if as_json:
        print_json(mended)
    else:
        for text in mended["done"]:
            click.echo(text)
        for one in mended["left"]:
            click.echo(styled(f"left: {one['subject']}: {one['reason']}", fg="red"))
        if not mended["done"] and not mended["left"]:
            click.echo("nothing differs")
    raise SystemExit(1 if mended["left"] else 0)


def _show(found: list[dict[str, Any]]) -> None:
    for one in found:
        what = f"{one['kind']} {one['subject']} {one['property']}".rstrip()
        sides = f"{_value(one['file'])} in the file, {_value(one['process'])} in the process"
        click.echo(f"{styled(what, bold=True)}: {sides}")
        for side in ("file", "process"):
            click.echo(f"    towards the {side}: {_remedy(one[f'towards_{side}'])}")
    if not found:
        click.echo("nothing differs")


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _remedy(remedy: dict[str, Any]) -> str:
    [(kind, what)] = remedy.items()
    if kind == "commands":
        return "; ".join(what)
    return {"reload": f"reload: {what}", "impossible": f"none: {what}"}.get(kind, str(what))
