"""Make commands that share the flags of settings, `--json`, and failures in one sentence.

Parts of the server are imported by the functions that need them: `--help` shall not wait for all.
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
    """Return the settings of click that every command has."""
    return {"help_option_names": ["-h", "--help"], "max_content_width": _WIDTH}


class _Command(click.Command):
    """A command that answers a wrong command line in JSON, where `--json` asks for it."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:  # fmt: skip
        with _failures_printed("--json" in args):
            return super().make_context(info_name, args, parent, **extra)


def command(
    name: str, *parameters: click.Parameter
) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function, with `--json` and failures in one sentence.

    The function gets the values of `parameters`, and `as_json`. Its docstring is the help.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def guarded(**values: object) -> None:
            with _failures_printed(bool(values["as_json"])):
                function(**values)

        params = [
            *parameters,
            click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
        ]
        hidden = any(getattr(one, "hidden", False) for one in params)
        return _Command(
            name, callback=guarded, params=params, help=function.__doc__,
            epilog=_EPILOG if hidden else None, context_settings=context_settings(),
        )  # fmt: skip

    return decorate


def settings_flags() -> list[click.Parameter]:
    """Return every flag of the settings; the help shows only those that name files and programs."""
    options = flags.options()
    for option in options:
        assert isinstance(option, click.Option)
        option.hidden = not set(option.opts).intersection(_SHOWN_FLAGS)
    return options


def settings_of(values: dict[str, Any]) -> Settings:
    """Return the settings of a command's flags, the environment and the settings file."""
    return load_values(flags.values(values), os.environ)


def print_json(value: object) -> None:
    """Print a value as JSON, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def fail(message: str, as_json: bool = False, status: int = 1) -> NoReturn:
    """Exit with `status` and a failure: on standard error, or as a JSON object with `message`."""
    if as_json:
        print_json({"message": message})
    else:
        click.echo(message, err=True)
    sys.exit(status)


@contextmanager
def _failures_printed(as_json: bool) -> Iterator[None]:
    """End the command with one sentence for every failure that a person can mend."""
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
