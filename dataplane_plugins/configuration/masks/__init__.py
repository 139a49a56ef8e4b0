"""Say, as data, what versions of the interface lack of what the server has: a file each.

The files are made from the published facts of each version by `python -m tests.harness.masks`. What
they do not name is in every version: a keyword that only HAProxy and a declaration know needs no
entry, and neither does a path that no version has published.
"""

import json
from functools import partial
from pathlib import Path

from dataplane_core.plugin import Mask, Registry, impl

VERSIONS = ("v1", "v2", "v3")
"""The versions of the interface that lack something."""


@impl
def dataplane_register(registry: Registry) -> None:
    """Tell the registry, version by version."""
    for version in VERSIONS:
        registry.mask(version, partial(_read, version))


def _read(version: str) -> Mask:
    """Read a file beside this module: the loader knows how, be they in an archive or not."""
    data = globals()["__loader__"].get_data(str(Path(__file__).with_name(f"{version}.json")))
    return Mask.of(json.loads(data))
