"""`dataplane diff` and `dataplane plan`: what differs, and what a change would do."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from dataplane_core.commands.common import print_json
from dataplane_core.commands.remote import REFUSED, Client, remote_command, styled

_DIFFERS = 1
_COLOURS = {"created": "green", "deleted": "red", "changed": "yellow", "moved": "cyan"}
_SIGNS = {"created": "+", "deleted": "-", "changed": "~", "moved": ">"}
_PLAIN = "text/plain"


@remote_command(
    "diff",
    click.Argument(["from_version"], metavar="[FROM]", required=False, type=int),
    click.Argument(["to_version"], metavar="[TO]", required=False, type=int),
    click.Option(["--transaction"], metavar="ID", help="Compare a transaction with its base."),
    click.Option(["--text"], metavar="FILE", help="Compare a file with FROM; - reads the input."),
    click.Option(["--file"], metavar="NAME", help="Compare a stored file: its path, or as in "
                 "maps/hosts.map; with --text, FILE is what it would hold."),
    click.Option(["--objects"], is_flag=True, help="Print what differs as objects, not as text."),
    click.Option(["--with-secrets"], is_flag=True, help="Print secrets in lines, for `patch`."),
)
def diff(
    client: Client, as_json: bool, from_version: int | None, to_version: int | None,
    transaction: str | None, text: str | None, file: str | None, objects: bool,
    with_secrets: bool,
) -> None:  # fmt: skip
    """Print how two versions differ.

    With a file in storage, how that file differs in them.

    FROM and TO are numbers of versions, the newest one where they are left out. The status is 0
    where nothing differs, and 1 where something does.
    """
    asked: dict[str, Any] = {"from": from_version, "file": file}
    asked["with_secrets"] = "true" if with_secrets else None
    if text is not None:
        if to_version is not None or transaction:
            raise click.UsageError("--text is compared with FROM alone")
        answer = client.send("POST", "diff", _read(text), _PLAIN, **asked)
    else:
        answer = client.get("diff", **asked, to=to_version, transaction_id=transaction)
    if as_json:
        print_json(answer)
    elif objects:
        _echo(_object_lines(answer["changes"]))
    elif answer["text"] is None:
        click.echo(f"{answer['file']} is {answer['change']}; it is no text that can be shown")
    else:
        _echo(_diff_lines(answer["text"]))
    differs = answer.get("change", "unchanged") != "unchanged" or answer["text"]
    sys.exit(_DIFFERS if differs else 0)


@remote_command(
    "plan",
    click.Option(["--transaction"], metavar="ID", help="Plan the commit of a transaction."),
    click.Option(["--text"], metavar="FILE", help="Plan a whole haproxy.cfg; - reads the input."),
    click.Option(["--operations"], metavar="FILE", help="Plan requests: a JSON list of objects "
                 "with method, path and body. With --transaction, as they would follow on it."),
)  # fmt: skip
def plan(
    client: Client, as_json: bool, transaction: str | None, text: str | None, operations: str | None
) -> None:
    """Say what a change would do.

    Nothing is done. Printed is what would differ, what HAProxy says of it, and the commands that
    would bring it to the running HAProxy, or why a reload is needed. The status is 1 where it would
    be refused.
    """
    if text is not None and transaction is None and operations is None:
        answer = client.send("POST", "plan", _read(text), _PLAIN)
    elif text is None and (transaction or operations):
        body = {"transaction": transaction} if transaction else {}
        listed = {"operations": _operations(operations)} if operations else {}
        answer = client.send("POST", "plan", {**body, **listed})
    else:
        raise click.UsageError("give --transaction, --text or --operations")
    if as_json:
        print_json(answer)
    else:
        _echo(_plan_lines(answer))
    sys.exit(REFUSED if answer["verdict"] == "refused" else 0)


def _read(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from None


def _operations(path: str) -> Any:
    try:
        return json.loads(_read(path))
    except ValueError:
        raise click.UsageError(f"{path} is no JSON") from None


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _diff_lines(text: str) -> Iterator[str]:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        yield styled(line, fg=colours.get(line[:1]), bold=line.startswith(("---", "+++")))


def _object_lines(changes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what differs, a line for each object and each of its properties that changed."""
    for one in changes:
        what = one["change"]
        name = one.get("name", one.get("index", ""))
        where = one["section"] if name == "" else f"{one['section']}: {one['kind']} {name}"
        yield styled(f"{_SIGNS[what]} {where}", fg=_COLOURS[what])
        for path, values in one["properties"].items() if what in ("changed", "moved") else ():
            yield f"    {path}: {_word(values['before'])} -> {_word(values['after'])}"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plan_lines(answer: Mapping[str, Any]) -> Iterator[str]:
    yield from _object_lines(answer["changes"])
    for one in answer["findings"]:
        place = "" if one.get("line") is None else f"line {one['line']}: "
        number = one.get("operation")
        cause = "" if number is None else f" (operation {number})"
        colour = "red" if one["severity"] == "alert" else "yellow"
        yield styled(f"{one['severity']}: {place}{one['message']}{cause}", fg=colour)
    for one in answer.get("dangling", ()):
        meant = f"{' or '.join(one['kinds'])} {one['name']}"
        of = f" of {one['file']}" if one.get("file") else ""
        yield styled(f"dangling: line {one['line']}{of}: there is no {meant}", fg="yellow")
    for one in answer.get("files", ()):
        yield styled(f"{_SIGNS[one['change']]} {one['file']}", fg=_COLOURS[one["change"]])
    yield from answer.get("effects", ())
    delivery: Mapping[str, Any] = answer.get("delivery", {})
    if answer["verdict"] == "refused":
        yield styled(f"Refused: {answer['refusal']}", fg="red", bold=True)
    elif answer["verdict"] == "unchanged":
        yield "Nothing would change."
    elif delivery["by"] == "reload":
        yield styled(f"HAProxy would be reloaded: {'; '.join(delivery['reasons'])}", bold=True)
    elif delivery["by"] == "commands":
        yield styled("HAProxy would be told, without a reload:", bold=True)
        yield from (f"    {command}" for command in delivery["commands"])
    else:
        yield styled("HAProxy would need nothing.", bold=True)
    yield from (f"Perhaps: {note}" for note in delivery.get("notes", ()))
