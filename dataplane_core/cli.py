"""The commands: `dataplane` with its subcommands, and `dataplaneapi`, the server alone."""

import click

from dataplane_core import __version__
from dataplane_core.commands.common import context_settings
from dataplane_core.commands.first_run import init, passwd, sample
from dataplane_core.commands.judgements import check, doctor, status
from dataplane_core.commands.listings import keywords, plugins, routes, settings, spec
from dataplane_core.commands.serving import server_command


def _version_option(name: str) -> click.Parameter:
    def show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            click.echo(f"{name} {__version__}")
            context.exit()

    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show,
        help="Show the version and exit.",
    )  # fmt: skip


@click.group(params=[_version_option("dataplane")], context_settings=context_settings())
def main() -> None:
    """A REST control plane for HAProxy."""  # noqa: D401 (the text of --help)


_COMMANDS = (
    init, passwd, sample, check, doctor, keywords, plugins, routes, settings, spec, status,
)  # fmt: skip
for _command in _COMMANDS:
    main.add_command(_command)
main.add_command(server_command("serve"))
serve_main = server_command("dataplaneapi", _version_option("dataplaneapi"))
