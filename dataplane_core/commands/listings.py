"""Declare the commands that list: routes, spec, keywords, plugins, settings."""

from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from dataplane_core.commands.common import (
    command,
    fail,
    print_json,
    settings_flags,
    settings_of,
)
from dataplane_core.commands.serving import thrown_away
from dataplane_core.resources.origins import OWN_INTERFACE
from dataplane_core.settings import SettingsError

if TYPE_CHECKING:
    from dataplane_core.commands.coverage import CoveredKeyword


@command("routes", *settings_flags())
def routes(as_json: bool, **parameters: Any) -> None:
    """List the paths of the API.

    A line an operation: method, path and the operation's name in the specification.
    """
    with thrown_away(settings_of(parameters)) as made:
        found = [
            {"method": method, "path": site.version.prefix + route.template, "operation": one.id}
            for site in made.interfaces
            for route in sorted(site.routes, key=lambda route: route.template)
            for method, one in route.operations.items()
        ]
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(f"{one['method']:7}{one['path']}  {one['operation']}")


@command(
    "spec",
    click.Option(["--version"], help="Version of the API [default: the first that is served]."),
    click.Option(["--openapi3"], is_flag=True, help="OpenAPI 3 in place of Swagger 2.0."),
    *settings_flags(),
)
def spec(version: str | None, openapi3: bool, as_json: bool, **parameters: Any) -> None:
    """Print the specification that is served.

    It is JSON, with or without `--json`. The version `dataplane` is the server's own interface,
    whose document is OpenAPI 3.1.
    """
    with thrown_away(settings_of(parameters)) as made:
        sites = {site.version.name: site for site in made.interfaces}
        version = version or made.served[0].version.name
        if version not in sites:
            known = ", ".join(sorted(sites))
            fail(f"version {version} of the API is not served; served: {known}", as_json)
        form = "3.0.3" if openapi3 else "2.0"
        click.echo(sites[version].document("3.1.0" if version == OWN_INTERFACE else form))


@command(
    "keywords",
    click.Option(
        ["--class", "kind"], help="acl, cfg, cli, cnv, flt, smp, svc or api; default: all."
    ),
    *settings_flags(),
)
def keywords(kind: str | None, as_json: bool, **parameters: Any) -> None:
    """List the keywords of this HAProxy.

    A line a keyword: class, section, keyword, usage, collections of the API that have it; then, on
    standard error, how many of the configuration keywords the API has. The class `api` are those
    that the API has and this HAProxy does not know.
    """
    from dataplane_core.commands.coverage import Coverage, api_alone
    from dataplane_core.haproxy import binaries
    from dataplane_core.haproxy.build_keywords import keywords as listed
    from dataplane_core.wiring import declared

    settings = settings_of(parameters)
    found, registry = listed(binaries.program(settings)), declared(settings)[1]
    if kind not in (None, "api", *found):
        known = ", ".join((*found, "api"))
        raise click.BadParameter(f"{kind} is none of {known}", param_hint="--class")
    covered, alone = Coverage(registry).of(found["cfg"]), list["CoveredKeyword"]()
    if kind in (None, "api"):
        alone = api_alone(registry, found["cfg"], binaries.program(settings))
    found["api"] = [one.keyword for one in alone]
    places = {id(one.keyword): list(one.collections) for one in (*covered, *alone)}
    rows: list[dict[str, Any]] = [
        {"class": name, "section": one.section, "keyword": " ".join((*one.words, one.name)),
         "usage": one.usage, "collections": places.get(id(one))}
        for name, entries in found.items() if kind in (None, name) for one in entries
    ]  # fmt: skip
    have = sum(bool(one.collections) for one in covered)
    if as_json:
        print_json({"keywords": rows, "covered": have, "configuration_keywords": len(covered)})
        return
    for row in rows:
        where = row.pop("collections")
        shown = "" if where is None else ",".join(where) or "-"
        click.echo("\t".join((*row.values(), shown)).rstrip())
    click.echo(f"{have} of {len(covered)} configuration keywords", err=True)


@command("plugins", *settings_flags())
def plugins(as_json: bool, **parameters: Any) -> None:
    """List the plugins.

    A line a plugin: its name, where it comes from, the version of the plugins' surface that it was
    written for, whether it is loaded, how many collections and paths it adds, and the hooks that it
    implements. Of one that is left out because of a fault the line says which.
    """
    from dataplane_core.api.listed_plugins import listed_plugins

    settings = settings_of(parameters).replace(**{"dataplane.plugins_strict": False})
    with ExitStack() as stack:
        try:
            made = stack.enter_context(thrown_away(settings))
        except SettingsError:  # maybe one that is required cannot be used: so none is
            settings = settings.without_blocks().replace(**{"dataplane.plugins.required": ()})
            made = stack.enter_context(thrown_away(settings))
        services = made.services
        found = listed_plugins(services.plugins, services.registry, made.interfaces[0].added)
    if as_json:
        print_json([{**asdict(one), "blocked": one.state == "blocked"} for one in found])
        return
    width = max(len(one.origin) for one in found) + 2
    for one in found:
        adds = [_count(len(one.collections), "collection"), _count(len(one.routes), "path")]
        adds += one.hooks
        line = f"{one.name:42}{one.origin:{width}}{one.contract or '-':6}{one.state:12}"
        click.echo(f"{line}{one.fault or ', '.join(filter(None, adds))}".rstrip())


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}" if number else ""


@command("settings")
def settings(as_json: bool) -> None:
    """Print every setting, as Markdown."""
    from dataplane_core.settings.manual import manual
    from dataplane_core.settings.table import keys

    if not as_json:
        click.echo(manual(), nl=False)
        return
    print_json([
        {"key": key.path, "kind": key.facts.kind.name, "default": key.shown_default,
         "flags": [name for name in (key.facts.short, key.facts.flag) if name],
         "environment": key.facts.environment, "help": key.facts.help}
        for key in keys()
    ])  # fmt: skip
