"""`dataplane apply`: a text, resources or a folder of both become what a running server has."""

import io
import os
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dataplane_core.commands.common import print_json
from dataplane_core.commands.remote import Client, remote_command, styled

DIFFERS = 1
_MEDIA = {
    "text": "text/plain",
    "json": "application/json",
    "yaml": "application/yaml",
    "tar": "application/x-tar",
}
_ENDS = {
    ".json": "json", ".yaml": "yaml", ".yml": "yaml", ".tar": "tar", ".tgz": "tar", ".gz": "tar",
}  # fmt: skip
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@remote_command(
    "apply",
    click.Argument(["what"], metavar="FILE|FOLDER|-"),
    click.Option(["--only"], help="Sections or rows, as `frontend,backend/app-*,servers`."),
    click.Option(["--except", "but"], help="Sections or rows that are left alone."),
    click.Option(
        ["--prune/--no-prune"], default=None,
        help="Remove sections that are not there; the default for a text.",
    ),
    click.Option(["--dry-run"], is_flag=True, help="Say what would be done; status 1 if anything."),
    click.Option(["--format", "kind"], type=click.Choice([*_MEDIA]), help="What is given."),
    click.Option(["--version"], type=int, help="The version that may be changed, and no other."),
    click.Option(["--reason"], default="", help="What the change is for; the history keeps it."),
    click.Option(["--force-reload"], is_flag=True, help="Reload at once, and wait for it."),
)  # fmt: skip
def apply(
    client: Client, as_json: bool, what: str, only: str | None, but: str | None,
    prune: bool | None, dry_run: bool, kind: str | None, version: int | None, reason: str,
    force_reload: bool,
) -> None:  # fmt: skip
    """Make a desired state what is there.

    It is a haproxy.cfg, resources in JSON or YAML, or a folder with both. The server makes the
    smallest edits; a state that is there already changes nothing.
    """
    data, kind = _read(what, kind)
    if reason:
        header = reason.encode().decode("latin-1")
        client = replace(client, headers={**client.headers, "X-Change-Reason": header})
    asked = {
        "only": only, "except": but, "prune": None if prune is None else str(prune).lower(),
        "dry_run": dry_run, "version": version, "force_reload": force_reload,
    }  # fmt: skip
    answer = client.send("POST", "apply", data, _MEDIA[kind], **asked)
    if as_json:
        print_json(answer)
    else:
        _show(answer)
    if dry_run and answer["changed"]:
        sys.exit(DIFFERS)


def _read(what: str, kind: str | None) -> tuple[bytes, str]:
    """Return what is to be applied, and what kind of state it is."""
    try:
        if what == "-":
            data = sys.stdin.buffer.read()
            return data, kind or _guess(data)
        path = Path(what)
        if path.is_dir():
            return _archive(path), "tar"
        return path.read_bytes(), kind or _ENDS.get(path.suffix.lower(), "text")
    except OSError as error:
        raise click.BadParameter(f"{what} cannot be read: {error.strerror}") from None


def _guess(data: bytes) -> str:
    """Return what kind of state some bytes are: text, unless they cannot be that."""
    if data.startswith(b"\x1f\x8b") or data[257:262] == b"ustar":
        return "tar"
    return "json" if data.lstrip()[:1] in (b"{", b'"') else "text"


def _archive(folder: Path) -> bytes:
    """Return a folder as an archive; hidden files are left out."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in sorted(_names(folder)):
            data = (folder / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def _names(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        for name in files:
            if not name.startswith("."):
                yield (Path(place) / name).relative_to(folder).as_posix()


def _show(answer: dict[str, Any]) -> None:
    for line in answer.get("text", "").splitlines():
        colour = _COLOURS.get(line[:1])
        click.echo(styled(line, fg=colour) if colour else line)
    for one in answer.get("files", ()):
        click.echo(": ".join([one["file"], ", ".join(filter(None, map(one.get, _WORDS)))]))
    for name in answer.get("ignored", ()):
        click.echo(f"ignored: {name}", err=True)
    click.echo(_summary(answer))


_WORDS = ("change", "state")


def _summary(answer: dict[str, Any]) -> str:
    version, state = answer["version"], answer["state"]
    if state == "unchanged":
        return f"version {version} says that already"
    if state == "planned":
        return f"nothing is done; version {version} would change: {_plan(answer)}"
    if state == "queued":
        return f"version {version}: reload {answer['reload_id']}: {answer['reload_reason']}"
    how = {"applied": "HAProxy took it without a reload", "reloaded": "HAProxy was reloaded"}
    return f"version {version}: {how.get(state, state)}"


def _plan(answer: dict[str, Any]) -> str:
    """Return how a change would reach HAProxy, or why it would not."""
    if "refusal" in answer:
        return f"refused: {answer['refusal']}"
    delivery = answer.get("delivery")
    if delivery is None:
        return "HAProxy takes it, with the files"
    if delivery["by"] == "reload":
        return f"reload: {'; '.join(delivery['reasons'])}"
    return f"no reload, commands: {len(delivery['commands'])}"
