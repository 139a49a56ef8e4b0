"""Load the settings from all places: flags come before environment, file and defaults."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dataplane_core.settings.nodes import BlockNode as Block
from dataplane_core.settings.nodes import SyntaxProblem
from dataplane_core.settings.problems import SettingsError, SettingsProblem
from dataplane_core.settings.reader import SettingsReader, describe
from dataplane_core.settings.rules import broken_rules, doubts
from dataplane_core.settings.table import FILE, SettingKey, keys
from dataplane_core.settings.tree import Settings

FILE_VARIABLE = "DATAPLANE_SETTINGS"
"""The environment variable that names the settings file where no flag `-f` does."""
INIT_FILE = "/etc/dataplane/dataplane.yaml"
"""The settings file that `dataplane init` writes where no flag `-f` names another."""
DEFAULT_FILES = ("/etc/haproxy/dataplaneapi.yaml", "/etc/haproxy/dataplaneapi.hcl", INIT_FILE)

def load(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Return the settings of a command line (without the program's name) and an environment.

    Raises `SettingsError` with every problem found, and `flags.UsageError` for a bad command line.
    """
    from dataplane_core.settings import flags  # not needed by a server without flags

    return load_values(flags.parse(argv), environ)


def load_values(given: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
    """Return the settings of flags that are split already; `given` has texts by path of the key.

    `file` is the path of the settings file there. Raises `SettingsError` with every problem found.
    """
    named = given.get(FILE) or environ.get(FILE_VARIABLE)
    file = named or next(filter(os.path.exists, DEFAULT_FILES), "")
    reader = SettingsReader(file)
    settings = reader.read(_nodes(file)) if file else Settings()
    places = {path: f"{file}:{line}" for path, line in reader.lines.items()}
    problems = reader.problems
    for key in keys():
        for place, text in _texts(key, given, environ):
            try:
                settings = settings.replace(**{key.path: key.facts.kind.parse(text)})
                places[key.path] = place
            except ValueError as error:
                problems.append(
                    SettingsProblem(place, key.path, describe(text, key.facts, str(error)))
                )
    settings = replace(settings, file=file, places=places)
    if not problems:
        problems = list(broken_rules(settings))
    if problems:
        raise SettingsError(tuple(problems))
    return replace(settings, warnings=_warnings(settings))


def _read_yaml(text: str) -> Block:
    """Read a file in YAML; a start waits for its library only where the file needs it."""
    from dataplane_core.settings.yaml_file import read_yaml

    return read_yaml(text)


def _read_hcl(text: str) -> Block:
    """Read a file in HCL, whose libraries files in YAML shall not wait for."""
    from dataplane_core.settings.hcl_file import read_hcl

    return read_hcl(text)


_READERS = {".yaml": _read_yaml, ".yml": _read_yaml, ".hcl": _read_hcl}


def _texts(
    key: SettingKey, given: Mapping[str, str], environ: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return place and text of what sets a key beside the file; the last one counts."""
    found = []
    if key.facts.environment and environ.get(key.facts.environment):
        found.append((f"environment {key.facts.environment}", environ[key.facts.environment]))
    if key.path in given:
        found.append((f"flag {key.facts.flag}", given[key.path]))
    return found


def _nodes(file: str) -> Block:
    try:
        read = _READERS[Path(file).suffix.lower()]
    except KeyError:
        fault = "is not a settings file: its name must end in .yaml, .yml or .hcl"
        raise SettingsError((SettingsProblem(file, "", fault),)) from None
    try:
        return read(Path(file).read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            (SettingsProblem(file, "", f"cannot be read: {error.strerror}"),)
        ) from None
    except UnicodeDecodeError:
        raise SettingsError((SettingsProblem(file, "", "is not UTF-8 text"),)) from None
    except RecursionError:
        raise SettingsError((SettingsProblem(file, "", "is nested too deeply"),)) from None
    except SyntaxProblem as problem:
        place = f"{file}:{problem.line}"
        raise SettingsError((SettingsProblem(place, problem.key, problem.message),)) from None


def _warnings(settings: Settings) -> tuple[str, ...]:
    """Return one sentence for each key that was set and has no effect, or hardly the one meant."""
    found = []
    for key in keys():
        given = key.path in settings.places and _value(settings, key.path) != key.default
        if key.facts.unused and given:
            place = settings.place(key.path)
            found.append(f"{place}: {key.path} has no effect: {key.facts.unused}")
    if settings.mode == "cluster":
        place = settings.place("mode")
        found.append(f"{place}: mode cluster has no effect: there is no cluster mode here")
    return (*found, *map(str, doubts(settings)))


def _value(settings: Settings, path: str) -> object:
    value: object = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value
