"""How limits of the running frontends differ from the configuration (`show stat`)."""

import csv
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from dataplane_core.plugin import (
    DEFAULTS,
    Conflict,
    Document,
    NeedsReload,
    Prop,
    PropertyChange,
    Reference,
    Registry,
    Section,
    SectionCollection,
    inherited_sections,
    runtime_commands,
)
from dataplane_plugins.changes.drift.deviation import Commands, Deviation, Edit, Reload, Remedy


def frontend_columns(answer: str) -> dict[str, Mapping[str, str]]:
    """Return the columns of each frontend in an answer to `show stat`, by its name."""
    rows = csv.DictReader(answer.removeprefix("# ").splitlines())
    return {row["pxname"]: row for row in rows if row.get("svname") == "FRONTEND"}


def frontend_drift(
    registry: Registry, document: Document, columns: Mapping[str, Mapping[str, str]]
) -> Iterator[Deviation]:
    """Yield the properties with a column (`Prop.running`) in which frontends differ.

    A property that neither the frontend sets nor a `defaults` section that it inherits from is not
    compared.
    """
    for one in registry.collections.values():
        props = one.props if isinstance(one, SectionCollection) else ()
        watched = [prop for prop in props if prop.running]
        if not watched or not isinstance(one, SectionCollection):
            continue
        for section in document.of_kind(one.kind):
            row = columns.get(section.name)
            if row is None:
                continue
            values = one.model.read(section)
            for prop in watched:
                wanted, text = values.get(prop.name), row.get(prop.running, "")
                if wanted is None:
                    wanted = _inherited(registry, document, section, prop)
                    values = {**values, prop.name: wanted}
                if isinstance(wanted, int) and text.isdecimal() and int(text) != wanted:
                    yield _deviation(one, section, prop, values, int(text))


def _inherited(registry: Registry, document: Document, section: Section, prop: Prop) -> Any:
    """Return what a property is by the nearest `defaults` section that sets it; None without."""
    owners = [
        one for one in registry.collections.values()
        if isinstance(one, SectionCollection) and one.kind == DEFAULTS
    ]  # fmt: skip
    for defaults in inherited_sections(document, section) if owners else ():
        found = owners[0].model.read(defaults).get(prop.name)
        if found is not None:
            return found
    return None


def _deviation(
    one: SectionCollection, section: Section, prop: Prop, values: Mapping[str, Any], found: int
) -> Deviation:
    wanted = values[prop.name]
    change = PropertyChange(one.name, "", section.name, prop, found, wanted, values)
    try:
        to_file: Remedy = Commands(tuple(runtime_commands([change])))
    except NeedsReload as reason:
        to_file = Reload(str(reason))
    return Deviation(
        one.kind, section.name, prop.name, wanted, found, to_file,
        Edit(f"sets {prop.name} of {one.kind} {section.name} to {found}",
             partial(_with, one, section.name, prop, found)),
        Reference(one.name, one.kind, section.name),
    )  # fmt: skip


def _with(
    one: SectionCollection, name: str, prop: Prop, value: int, document: Document
) -> Document:
    section = document.find(one.kind, name)
    if section is None:
        raise Conflict(f"{one.kind} {name} has just been removed from the configuration")
    values = {**one.model.read(section), prop.name: value}
    return document.replace(section, one.model.put(section, values))
