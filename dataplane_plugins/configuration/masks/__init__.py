"""Say, as data, what versions of the interface lack of what the server has: `v1.json`, `v2.json`.

The files are made from the published facts of each version by `python -m tests.harness.masks`. What
they do not name is in every version: a keyword that only HAProxy and a declaration know needs no
entry, and neither does a path that no version has published.
"""

import json
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable

from dataplane_core.plugin import Mask, Registry, impl


@impl
def dataplane_register(registry: Registry) -> None:
    """Tell the registry, version by version."""
    for file in files(__name__).iterdir():
        if file.name.endswith(".json"):
            registry.mask(file.name.removesuffix(".json"), partial(_read, file))


def _read(file: Traversable) -> Mask:
    return Mask.of(json.loads(file.read_text("utf-8")))
