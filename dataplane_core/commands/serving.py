"""`dataplane serve`, which is `dataplaneapi` too."""

import os
from functools import partial

import click

from dataplane_core.commands.common import context_settings
from dataplane_core.settings import flags
from dataplane_core.settings.load import load_values


def _serve(**parameters: object) -> None:
    """Serve the API until a signal ends it."""
    from dataplane_core.server.build import build
    from dataplane_core.server.run import serve

    serve(partial(load_values, flags.values(parameters), os.environ), build)


def server_command(name: str, *more: click.Parameter) -> click.Command:
    """Return the command that serves, with every flag of the settings."""
    return click.Command(
        name, callback=_serve, params=[*flags.options(), *more], help=_serve.__doc__,
        context_settings=context_settings(),
    )  # fmt: skip
