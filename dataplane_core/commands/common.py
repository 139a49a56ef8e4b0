"""What the commands share: the flags of settings, `--json`, and how failures are told.

Parts of the server are imported by the commands that need them: `--help` should not wait for all.
"""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from dataplane_core.errors import DataplaneError
from dataplane_core.settings import Settings, SettingsError, flags
from dataplane_core.settings.load import load_values

_WIDTH = 100
_SHOWN_FLAGS = ("-f", "-c", "-b")
_EPILOG = "All other flags of `dataplane serve` are taken too."


def context_settings() -> dict[str, object]:
    """Return how every command shows its help."""
    return {"help_option_names": ["-h", "--help"], "max_content_width": _WIDTH}


class _Command(click.Command):
    """A command that tells what is wrong with its command line as JSON, where that is asked for."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:  # fmt: skip
        with _failures_told("--json" in args):
            return super().make_context(info_name, args, parent, **extra)


def command(
    name: str, *parameters: click.Parameter
) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function: with `--json`, and failures told in a sentence.

    The function gets the values of `parameters`, and `as_json`.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def told(**values: object) -> None:
            with _failures_told(bool(values["as_json"])):
                function(**values)

        params = [
            *parameters,
            click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
        ]
        hidden = any(getattr(one, "hidden", False) for one in params)
        return _Command(
            name, callback=told, params=params, help=function.__doc__,
            epilog=_EPILOG if hidden else None, context_settings=context_settings(),
        )  # fmt: skip

    return decorate


def settings_flags() -> list[click.Parameter]:
    """Return every flag of the settings; the help shows those that such commands are used with."""
    options = flags.options()
    for option in options:
        assert isinstance(option, click.Option)
        option.hidden = not set(option.opts).intersection(_SHOWN_FLAGS)
    return options


def settings_of(values: dict[str, Any]) -> Settings:
    """Return the settings of a command's flags, the environment and the settings file."""
    return load_values(flags.values(values), os.environ)


def print_json(value: object) -> None:
    """Print a value as JSON for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def fail(message: str, as_json: bool = False, status: int = 1) -> NoReturn:
    """Print a failure, as an object with a `message` or on standard error, and exit."""
    if as_json:
        print_json({"message": message})
    else:
        click.echo(message, err=True)
    sys.exit(status)


@contextmanager
def _failures_told(as_json: bool) -> Iterator[None]:
    from dataplane_core.hooks.containment import PluginError

    try:
        yield
    except (SettingsError, PluginError) as error:
        fail(str(error), as_json)
    except DataplaneError as error:
        fail(error.message, as_json)
    except click.UsageError as error:
        if not as_json:
            raise
        fail(error.format_message(), as_json, error.exit_code)
