"""The commands: `dataplane` with its subcommands, and `dataplaneapi`, the server alone."""

import importlib

from dataplane_core.server.postponed_modules import HARDLY_NEEDED, postpone

postpone(HARDLY_NEEDED)  # before the libraries are imported that import them

import click  # noqa: E402

from dataplane_core import __version__  # noqa: E402
from dataplane_core.commands.common import context_settings  # noqa: E402
from dataplane_core.commands.serving import server_command  # noqa: E402

_COMMANDS = {
    "applying": ("apply",),
    "changes": ("diff", "plan"),
    "confirming": ("confirm",),
    "drift": ("drift",),
    "first_run": ("init", "passwd", "sample"),
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


main.add_command(server_command("serve"))


def __getattr__(name: str) -> click.Command:
    """Make `serve_main` for `dataplaneapi`; `dataplane serve` has its flags already."""
    if name != "serve_main":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    command = server_command("dataplaneapi", _version_option("dataplaneapi"))
    globals()[name] = command
    return command
