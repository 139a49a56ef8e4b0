"""Read the server's command line: one click option for every key that has a flag."""

from collections.abc import Iterable, Mapping, Sequence

import click

from dataplane_core.settings.kinds import BOOLEAN
from dataplane_core.settings.table import FILE, SettingKey, keys

_WIDEST = 40  # characters of the values that an option shows beside its name
UsageError = click.UsageError


def options() -> list[click.Parameter]:
    """Return `-f` and the options of the table, for a command whose callback takes them all."""
    file = click.Option(
        ["-f", FILE], metavar="FILE", help="Settings file, .yaml, .yml or .hcl "
        "[default: /etc/haproxy/dataplaneapi.yaml, else what `dataplane init` wrote]",
    )  # fmt: skip
    return [file, *(_option(key) for key in keys() if key.facts.flag and not key.repeated)]


def _parameter(key: SettingKey) -> str:
    return key.path.replace(".", "__")


def _option(key: SettingKey) -> click.Option:
    names = [name for name in (key.facts.short, key.facts.flag) if name]
    help = key.facts.help if not key.facts.unused else f"{key.facts.help} No effect here."
    metavar = key.facts.kind.name.removeprefix("list of ").upper()
    if "|" in metavar:
        metavar = f"[{metavar.lower()}]"
    if len(metavar) > _WIDEST:
        *choices, last = metavar.strip("[]").split(" | ")
        metavar, help = "WORD", f"{help} One of {', '.join(choices)} and {last}."
    if key.shown_default:
        help += f" [default: {key.shown_default}]"
    if key.facts.kind is BOOLEAN:
        return click.Option([*names, _parameter(key)], is_flag=True, default=None, help=help)
    many = key.facts.kind.many
    return click.Option([*names, _parameter(key)], metavar=metavar, multiple=many, help=help)


def values(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return the options that were given, as paths of keys with texts."""
    found = {}
    paths = {_parameter(key): key.path for key in keys()} | {FILE: FILE}
    for parameter, value in parameters.items():
        path = paths.get(parameter)
        if path is None or value is None or value == ():
            continue
        if isinstance(value, bool):
            found[path] = "true" if value else "false"
        elif isinstance(value, Iterable) and not isinstance(value, str):
            found[path] = ",".join(str(item) for item in value)
        else:
            found[path] = str(value)
    return found


def parse(argv: Sequence[str]) -> dict[str, str]:
    """Return the options of a command line, as `values` does.

    Raises `UsageError` with an unknown flag and the flag that is nearest to it.
    """
    command = click.Command("dataplane", params=options(), add_help_option=False)
    context = command.make_context("dataplane", list(argv))
    return values(context.params)
