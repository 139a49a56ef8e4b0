"""Tell whether there is a file with a name, wherever a relative name may start from."""

import os
from collections.abc import Callable
from pathlib import Path

from dataplane_core.references.folders import Folders
from dataplane_core.references.survey import Configuration


def finder_of_files(config_file: Path, text: str) -> Callable[[str], bool]:
    """Return what tells whether one of the files is there that a name in a text may mean."""
    main = Configuration(config_file, text)
    folders = Folders(config_file, from_config="default-path" in text)
    folders.learn({name.text for name in main.paths})
    known: dict[str, bool] = {}

    def is_there(name: str) -> bool:
        if name not in known:
            known[name] = any(os.path.exists(entry.path) for entry in folders.entries(name))
        return known[name]

    return is_there
