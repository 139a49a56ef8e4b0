"""The commands: `dataplane` with its subcommands, and `dataplaneapi`, the server alone."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dataplane_core import __version__
from dataplane_core.errors import DataplaneError, Finding
from dataplane_core.settings import Settings, SettingsError, flags
from dataplane_core.settings.load import load_values

if TYPE_CHECKING:
    from dataplane_core.api.application import Application

# Parts of the server are imported by the commands that need them: `--help` should not wait for all.


def _serve(**parameters: object) -> None:
    """Serve the API until a signal ends it."""
    from dataplane_core.server.build import build
    from dataplane_core.server.run import serve

    serve(partial(load_values, flags.values(parameters), os.environ), build)


def _server(name: str | None, *more: click.Parameter) -> click.Command:
    """The command that serves, with every flag of the settings."""
    return click.Command(
        name, callback=_serve, params=[*flags.options(), *more], help=_serve.__doc__,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )  # fmt: skip


def _version_option() -> click.Parameter:
    def show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            click.echo(f"dataplane {__version__}")
            context.exit()

    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show,
        help="Show the version and exit.",
    )  # fmt: skip


@click.group(params=[_version_option()])
def main() -> None:
    """A REST control plane for HAProxy."""


main.add_command(_server("serve"))
serve_main = _server("dataplaneapi", _version_option())


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags `-f`, `-c` and `-b` of the server."""
    for option in (
        click.option("-f", "file", metavar="FILE", help="Settings file."),
        click.option("-c", "--config-file", "haproxy__config_file", help="Configuration."),
        click.option("-b", "--haproxy-bin", "haproxy__haproxy_bin", help="HAProxy's program."),
    ):
        command = option(command)
    return command


@main.command()
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@_with_settings
def check(path: str, **parameters: object) -> None:
    """Print all that HAProxy and the plugins find in a configuration FILE.

    Each finding stands on a line of its own, with its line and section. Exit status 1: the file
    would be refused.
    """
    from dataplane_core.checking import findings

    with _told():
        found, accepted = findings(_settings(parameters), Path(path))
    for finding in found:
        click.echo(_line(path, finding))
    click.echo(f"{path} is {'accepted' if accepted else 'refused'}")
    raise SystemExit(0 if accepted else 1)


def _line(path: str, finding: Finding) -> str:
    place = path if finding.line is None else f"{path}:{finding.line}"
    section = f"section {finding.section}: " if finding.section else ""
    return f"{place}: {finding.severity}: {section}{finding.message}"


@main.command()
@_with_settings
def routes(**parameters: object) -> None:
    """Print every path of the API with its methods and operations."""
    with _application(parameters) as application:
        for site in application.sites:
            for route in sorted(site.routes, key=lambda one: one.template):
                for method, operation in route.operations.items():
                    path = site.version.prefix + route.template
                    click.echo(f"{method:7}{path}  {operation.id}")


@main.command()
@click.option("--version", "version", default="v2", show_default=True, help="Of the API.")
@click.option("--openapi3", is_flag=True, help="OpenAPI 3 in place of Swagger 2.0.")
@_with_settings
def spec(version: str, openapi3: bool, **parameters: object) -> None:
    """Print the specification that the server serves, as JSON."""
    with _application(parameters) as application:
        sites = {site.version.name: site for site in application.sites}
        if version not in sites:
            _fail(f"there is no version {version} of the API; there is {', '.join(sites)}")
        click.echo(sites[version].document("3.0.3" if openapi3 else "2.0"))


@main.command()
@click.option("--class", "kind", help="acl, cfg, cli, cnv, flt, smp or svc; default: all.")
@_with_settings
def keywords(kind: str | None, **parameters: object) -> None:
    """Print what this build of HAProxy knows, and where the API has it.

    A line a keyword: class, section, keyword, usage, collections; then, on standard error, how many
    of the configuration keywords the API has.
    """
    from dataplane_core.coverage import Coverage
    from dataplane_core.haproxy import binaries
    from dataplane_core.haproxy.keywords import keywords as listed
    from dataplane_core.hooks.manager import manager_of, register_collections

    with _told():
        settings = _settings(parameters)
        found = listed(binaries.program(settings))
        manager = manager_of(settings)
        coverage = Coverage(register_collections(manager))
    if kind is not None and kind not in found:
        raise click.BadParameter(f"{kind} is none of {', '.join(found)}", param_hint="--class")
    covered = coverage.of(found["cfg"])
    places = {id(one.keyword): ",".join(one.collections) or "-" for one in covered}
    for name, entries in found.items():
        for entry in entries if kind in (None, name) else ():
            words = " ".join((*entry.words, entry.name))
            line = (name, entry.section, words, entry.usage, places.get(id(entry), ""))
            click.echo("\t".join(line).rstrip())
    have = sum(bool(one.collections) for one in covered)
    click.echo(f"{have} of {len(covered)} configuration keywords", err=True)


def _doctor(**parameters: object) -> None:
    """Print each right, file or socket that the server would miss, and what to do about it."""
    from dataplane_core.doctor import diagnose

    with _told():
        found = list(diagnose(load_values(flags.values(parameters), os.environ)))
    for missing in found:
        click.echo(f"{missing.what}\n    {missing.remedy}")
    click.echo(f"{len(found)} missing" if found else "nothing is missing")
    raise SystemExit(1 if found else 0)


main.add_command(
    click.Command("doctor", callback=_doctor, params=flags.options(), help=_doctor.__doc__)
)


def _status(**parameters: object) -> None:
    """Print what runs: the server, HAProxy, its sockets, reloads, maps, certificates, discovery.

    A line a fact, with `!` in front of those that somebody should look at; exit status 1 if there
    are any.
    """
    from dataplane_core.overview import overview
    from dataplane_core.server.process import become
    from dataplane_core.services import make_services

    with _told():
        settings = load_values(flags.values(parameters), os.environ)
        become(settings)
        facts = list(overview(make_services(settings)))
    for fact in facts:
        click.echo(f"{'!' if fact.bad else ' '} {fact.topic:14}{fact.text}")
    raise SystemExit(any(fact.bad for fact in facts))


main.add_command(
    click.Command("status", callback=_status, params=flags.options(), help=_status.__doc__)
)


@main.command()
def settings() -> None:
    """Print every setting, as Markdown."""
    from dataplane_core.settings.manual import manual

    click.echo(manual(), nl=False)


def _settings(parameters: dict[str, Any]) -> Settings:
    return load_values(flags.values(parameters), os.environ)


@contextmanager
def _told() -> Iterator[None]:
    """Turn failures into their sentence on standard error and exit status 1."""
    from dataplane_core.hooks.containment import PluginError

    try:
        yield
    except (SettingsError, PluginError) as error:
        _fail(str(error))
    except DataplaneError as error:
        _fail(error.message)


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(1)


@contextmanager
def _application(parameters: dict[str, Any]) -> "Iterator[Application]":
    """Make the application with a state of its own that is thrown away."""
    from dataplane_core.server.build import application

    with _told(), TemporaryDirectory(prefix="dataplane-") as folder:
        yield application(_settings(parameters).replace(**{"dataplane.state_dir": folder}))
