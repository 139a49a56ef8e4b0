"""`dataplane audit verify`: look at the file of who changed what."""

from pathlib import Path

import click

from dataplane_core.commands.common import command, print_json


@command(
    "audit",
    click.Argument(["action"], type=click.Choice(["verify"])),
    click.Argument(["files"], nargs=-1),
)
def audit(action: str, files: tuple[str, ...], as_json: bool) -> None:
    """Verify audit FILES.

    The first line is named that was changed, or before which lines are missing. Several files are
    those of one chain that was rotated, the oldest first. Exit status 1: a line does not hold. That
    nothing is missing at the end shows the number of lines in `dataplane status`.
    """
    from dataplane_core.store import hash_chain

    if not files:
        raise click.UsageError("name the files of the setting audit_file")
    found = hash_chain.verify((name, _lines(name)) for name in files)
    first, last = found.first, found.last
    if as_json:
        ends = {"first": first and first.seq, "last": last and last.seq, "hash": last and last.hash}
        print_json({"lines": found.links, **ends, "fault": found.fault or None})
    elif found.fault:
        click.echo(found.fault, err=True)
    elif first is None or last is None:
        click.echo("there are no lines")
    else:
        click.echo(f"{found.links} lines hold: {first.seq} to {last.seq}, {last.hash}")
        if first.seq > 1:
            click.echo(f"the first follows on line {first.seq - 1}, {first.previous}")
    raise SystemExit(1 if found.fault else 0)


def _lines(path: str) -> list[bytes]:
    """Return the lines of a file; status 2 where it cannot be read: 1 is for lines that break."""
    try:
        return Path(path).read_bytes().splitlines(keepends=True)
    except OSError as error:
        said = f"{path} cannot be read: {error.strerror}"
        raise click.BadParameter(said, param_hint="FILE") from None
