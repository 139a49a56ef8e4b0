"""Entries of sources in the settings, with the same rules as entries of clients."""

import re
import uuid
from collections.abc import Iterator
from difflib import get_close_matches

from dataplane_core.plugin import Code, Codec, Loaded, Prop, SchemaFactory, Settings, SettingsError
from dataplane_plugins.discovery.sources import ENTRY_PROPS, Source, SourceEntry

_SETTINGS = ""
"""The version by which properties have the names that they are declared with."""

ID = Prop("id", pattern=r"^[^\s]+$", help="Id of the entry; made up where none is given.")


def props_of(source: Source) -> tuple[Prop, ...]:
    """Return the properties of a source's entries; its own take precedence over those of all."""
    own = {prop.name for prop in source.props}
    return tuple(prop for prop in (ID, *ENTRY_PROPS) if prop.name not in own) + source.props


def configured(source: Source, settings: Settings) -> list[tuple[str, SourceEntry]]:
    """Return the entries of the settings, each with its id.

    Raises `SettingsError` with every rule that an entry breaks.
    """
    bodies = source.configured(settings)
    if not bodies:
        return []
    props = props_of(source)
    codec = Codec(source.schema or source.name, props, _SETTINGS, SchemaFactory([]), strict=True)
    found: list[tuple[str, SourceEntry]] = []
    problems = []
    for number, given in enumerate(bodies):
        key = f"{source.key or source.name}[{number}]"
        loaded = codec.read(dict(given))
        for path, message in _broken(source, codec, loaded):
            problems.append(settings.problem(f"{key}.{path}", message))
        if not problems:
            echo = loaded.echo
            made_up = uuid.uuid5(uuid.NAMESPACE_URL, source.prefix(given))
            found.append((str(echo.get("id") or made_up), echo))
    if problems:
        raise SettingsError(tuple(problems))
    return found


def _broken(source: Source, codec: Codec, loaded: Loaded) -> Iterator[tuple[str, str]]:
    """Return the key at which each rule is broken in an entry, with a message."""
    for path, rule in loaded.problems:
        key = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path)
        yield key, _unknown(codec, key) if rule.code == Code.UNKNOWN else _of_settings(str(rule))
    if not loaded.problems:
        for one in source.problems(loaded.echo):
            yield one.path, _of_settings(one.message.removeprefix(f"{one.path} "))


def _of_settings(message: str) -> str:
    """Return the message of a rule without `in body`: the settings have no body."""
    return message.replace("in body ", "")


def _unknown(codec: Codec, key: str) -> str:
    near = get_close_matches(key, [prop.name for prop in codec.props], n=1)
    return "there is no such setting" + (f"; did you mean {near[0]}?" if near else "")
