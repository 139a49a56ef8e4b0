"""Write docs/settings.md from the table of settings: `dataplane settings > docs/settings.md`."""

from collections.abc import Iterator
from itertools import groupby

from dataplane_core.settings.table import SettingKey, keys

_HEAD = """\
# Settings

Written from the table of settings by `dataplane settings > docs/settings.md`; change the table.

A value is looked for in this order: flags of the command line, environment, the settings file,
the default. The file is the one of `-f FILE`, else of the environment's `DATAPLANE_SETTINGS`, else
the first that is there of `/etc/haproxy/dataplaneapi.yaml`, `/etc/haproxy/dataplaneapi.hcl` and
`/etc/dataplane/dataplane.yaml`, which `dataplane init` writes. It is YAML (`.yaml`, `.yml`) or HCL
(`.hcl`); the keys are the same in both, a dash in a key is read as an underscore.
[dataplane.yaml](../config/dataplane.yaml) and [dataplane.hcl](../config/dataplane.hcl) are samples.

Durations take a unit (`250ms`, `10s`, `1m30s`) or are seconds; sizes are bytes or take a unit
(`512KiB`, `32MiB`). Commands are words, quoted as in a shell; no shell runs them. Flags that take a
list may be given several times. A key whose name has `[]` stands in a list of blocks: a YAML list,
or in HCL repeated blocks (`user "name" { … }`) or a list of objects. A misspelt key or a bad value
stops the start, with file, line and key.

An installed plugin may have a block of its own, `plugin_settings.NAME`: its keys have the flags
`--NAME.KEY` and the variables `DATAPLANE_NAME__KEY`, and stand in this table where it is written
with the plugin installed.
"""

_UNUSED = """\
## Accepted without effect

Files and command lines that set these start the server as they are; each gives one warning.

| key | why |
|---|---|
"""


def manual() -> str:
    """Return the whole page, Markdown."""
    parts = [_HEAD]
    for block, members in groupby(keys(), lambda key: key.path.rpartition(".")[0]):
        title = f"`{block}`" if block else "At the top of the file"
        parts.append(f"\n## {title}\n\n" + "".join(_table(members)))
    rows = (f"| `{key.path}` | {key.facts.unused} |\n" for key in keys() if key.facts.unused)
    parts.append("\n" + _UNUSED + "".join(rows))
    return "".join(parts)


def _table(members: Iterator[SettingKey]) -> Iterator[str]:
    yield "| key | kind | default | flag | environment | |\n|---|---|---|---|---|---|\n"
    for key in members:
        flags = "" if key.repeated else ", ".join(filter(None, (key.facts.short, key.facts.flag)))
        cells = (
            _code(key.path.rpartition(".")[2]),
            key.facts.kind.name.replace(" | ", ", "),
            _code(key.shown_default),
            _code(flags),
            _code(key.facts.environment),
            key.facts.help + (" No effect." if key.facts.unused else ""),
        )
        yield f"| {' | '.join(cells)} |\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
