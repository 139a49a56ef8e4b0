"""Tell whether any file has changed that a configuration names."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dataplane_core.references.folders import Folders
from dataplane_core.references.survey import Configuration

_MOST = 5000


class NamedFiles:
    """The files and folders that a text names, in any way; what else HAProxy reads beside them too.

    Names are looked for in the text once; `state` looks at the files.
    """

    def __init__(self, config_file: Path, text: str) -> None:
        names = {name.text for name in Configuration(config_file, text).paths}
        folders = Folders(config_file, from_config="default-path" in text)
        folders.learn(names)
        entries = {entry.path for name in names for entry in folders.entries(name)}
        self._paths = sorted(path for path in entries if os.path.lexists(path))[:_MOST]

    def state(self) -> tuple[tuple[str, int, int], ...]:
        """Return what changes whenever a file, or one in a named folder, is written or replaced."""
        return tuple(self._states())

    def _states(self) -> Iterator[tuple[str, int, int]]:
        for path in self._paths:
            with suppress(OSError):
                found = os.stat(path)
                yield path, found.st_mtime_ns, found.st_size
                if path != "/" and os.path.isdir(path):
                    with os.scandir(path) as entries:
                        for entry in entries:
                            one = entry.stat()
                            yield entry.path, one.st_mtime_ns, one.st_size
