"""The commands, as click has them: `dataplane` with its subcommands, and `dataplaneapi`."""

import importlib

import click

from dataplane_core import __version__
from dataplane_core.commands.common import context_settings
from dataplane_core.commands.serving import serve
from dataplane_core.settings import flags

_COMMANDS = {
    "applying": ("apply",),
    "changes": ("diff", "plan"),
    "confirming": ("confirm",),
    "drift": ("drift",),
    "first_run": ("init", "passwd", "sample", "token"),
    "fleet": ("fleet",),
    "fleet_key": ("fleet_key",),
    "history": ("history", "rollback", "show"),
    "judgements": ("check", "doctor", "status"),
    "references": ("refs", "rename"),
    "simulate": ("simulate",),
    "listings": ("keywords", "plugins", "routes", "settings", "spec"),
    "audit": ("audit",),
    "events": ("events",),
}
"""The commands beside `serve`, by the module of `dataplane_core.commands` that declares them."""


class _Commands(click.Group):
    """A group whose commands are loaded when they are asked for: `serve` needs no other one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands:
            self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        for module, names in _COMMANDS.items():
            declared = importlib.import_module(f"dataplane_core.commands.{module}")
            for name in names:
                self.add_command(getattr(declared, name))


def _server_command(name: str, *more: click.Parameter) -> click.Command:
    """Return the command that serves, with every flag of the settings."""

    def run(**parameters: object) -> None:
        serve(flags.values(parameters))

    return click.Command(
        name, callback=run, params=[*flags.options(), *more],
        help="Serve the API until a signal ends it.", context_settings=context_settings(),
    )  # fmt: skip


def _version_option(name: str) -> click.Parameter:
    def show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            click.echo(f"{name} {__version__}")
            context.exit()

    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show,
        help="Show the version and exit.",
    )  # fmt: skip


@click.group(
    cls=_Commands, params=[_version_option("dataplane")], context_settings=context_settings()
)
def main() -> None:
    """A REST control plane for HAProxy."""  # noqa: D401 (the text of --help)


main.add_command(_server_command("serve"))


def __getattr__(name: str) -> click.Command:
    """Make `serve_main` for `dataplaneapi`; `dataplane serve` has its flags already."""
    if name != "serve_main":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    command = _server_command("dataplaneapi", _version_option("dataplaneapi"))
    globals()[name] = command
    return command
