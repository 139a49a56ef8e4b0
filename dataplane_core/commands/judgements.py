"""Declare the commands that judge a configuration or a machine: check, doctor, status."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dataplane_core.commands.common import command, print_json, settings_flags, settings_of
from dataplane_core.errors import Finding


@command(
    "check",
    click.Argument(["path"], metavar="FILE"),
    *settings_flags(),
)
def check(path: str, as_json: bool, **parameters: Any) -> None:
    """Check a configuration FILE.

    All that HAProxy and the plugins find is printed, a finding a line, with its line and section.
    Exit status 1: the file would be refused.
    """
    from dataplane_core.commands.checking import findings

    _must_be_read(path)
    found, accepted = findings(settings_of(parameters), Path(path))
    if as_json:
        print_json({"file": path, "accepted": accepted, "findings": [asdict(one) for one in found]})
    else:
        for finding in found:
            click.echo(_line(path, finding))
        click.echo(f"{path} is {'accepted' if accepted else 'refused'}")
    raise SystemExit(0 if accepted else 1)


def _must_be_read(path: str) -> None:
    """Refuse, with status 2, a file that cannot be read: status 1 stands for a refused file."""
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise click.BadParameter(
            f"{path} cannot be read: {error.strerror}", param_hint="FILE"
        ) from None


def _line(path: str, finding: Finding) -> str:
    place = path if finding.line is None else f"{path}:{finding.line}"
    section = f"section {finding.section}: " if finding.section else ""
    return f"{place}: {finding.severity}: {section}{finding.message}"


@command("doctor", *settings_flags())
def doctor(as_json: bool, **parameters: Any) -> None:
    """Print what the server would miss here.

    Each right, file or socket that is missing, and what to do about it. Exit status 1 if there is
    any.
    """
    from dataplane_core.commands.doctor import diagnose

    found = list(diagnose(settings_of(parameters)))
    if as_json:
        print_json({"missing": [asdict(one) for one in found]})
    else:
        for missing in found:
            click.echo(f"{missing.what}\n    {missing.remedy}")
        click.echo(f"{len(found)} missing" if found else "nothing is missing")
    raise SystemExit(1 if found else 0)


@command("status", *settings_flags())
def status(as_json: bool, **parameters: Any) -> None:
    """Print what runs.

    The server, HAProxy, its sockets, reloads, maps, certificates, discovery: a line a fact. `!` is
    in front of what is wrong now, `~` of what somebody should look at. Exit status 1 if anything is
    wrong now. Nothing is written or changed.
    """
    from dataplane_core.commands.overview import looked_at

    facts = looked_at(settings_of(parameters))
    wrong = any(fact.bad for fact in facts)
    if as_json:
        print_json({"ok": not wrong, "facts": [asdict(fact) for fact in facts]})
    else:
        for fact in facts:
            mark = "!" if fact.bad else "~" if fact.doubtful else " "
            click.echo(f"{mark} {fact.topic:14}{fact.text}")
    raise SystemExit(wrong)
