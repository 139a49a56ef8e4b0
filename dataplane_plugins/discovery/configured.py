"""The entries of sources that stand in the settings, held to the same rules as those of clients."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from uuid import NAMESPACE_URL, uuid5

from dataplane_core.plugin import Code, Codec, Loaded, Prop, SchemaFactory, Settings, SettingsError
from dataplane_plugins.discovery.sources import ENTRY_PROPS, Source, SourceEntry

_SETTINGS = ""
"""No version of the interface: the settings have the names that are declared."""

ID = Prop("id", pattern=r"^[^\s]+$", help="Id of the entry; made up where none is given.")


def props_of(source: Source) -> tuple[Prop, ...]:
    """The properties of a source's entries: its own ones win over those that all have."""
    own = {prop.name for prop in source.props}
    return tuple(prop for prop in (ID, *ENTRY_PROPS) if prop.name not in own) + source.props


def configured(source: Source, settings: Settings) -> list[tuple[str, SourceEntry]]:
    """The entries of the settings, each with its id; SettingsError names all that is wrong."""
    props = props_of(source)
    codec = Codec(source.schema or source.name, props, _SETTINGS, SchemaFactory([]), strict=True)
    found: list[tuple[str, SourceEntry]] = []
    problems = []
    for number, given in enumerate(source.configured(settings)):
        key = f"{source.key or source.name}[{number}]"
        loaded = codec.read(dict(given))
        for path, message in _broken(source, codec, loaded):
            problems.append(settings.problem(f"{key}.{path}", message))
        if not problems:
            echo = loaded.echo
            found.append((str(echo.get("id") or uuid5(NAMESPACE_URL, source.prefix(given))), echo))
    if problems:
        raise SettingsError(tuple(problems))
    return found


def _broken(source: Source, codec: Codec, loaded: Loaded) -> Iterator[tuple[str, str]]:
    """The key of each broken rule inside an entry, and what is wrong there."""
    for path, rule in loaded.problems:
        key = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path)
        yield key, _unknown(codec, key) if rule.code == Code.UNKNOWN else _of_settings(str(rule))
    if not loaded.problems:
        for one in source.problems(loaded.echo):
            yield one.path, _of_settings(one.message.removeprefix(f"{one.path} "))


def _of_settings(message: str) -> str:
    """A rule's sentence without the body of a request, which is not spoken of here."""
    return message.replace("in body ", "")


def _unknown(codec: Codec, key: str) -> str:
    near = get_close_matches(key, [prop.name for prop in codec.props], n=1)
    return "there is no such setting" + (f"; did you mean {near[0]}?" if near else "")
