"""The floors of the core, as the layers contract of import-linter in pyproject.toml has them."""

import tomllib
from typing import Any

from tests.harness.recorded import TOP

Floors = list[list[str]]
"""The modules of each floor, from the top to the bottom."""


def contracts() -> list[dict[str, Any]]:
    tools = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["tool"]
    found: list[dict[str, Any]] = tools["importlinter"]["contracts"]
    return found


def floors(container: str = "dataplane_core") -> Floors:
    """The floors in a package; a module in brackets may be missing."""
    contract = next(
        one for one in contracts() if one["type"] == "layers" and one["containers"] == [container]
    )
    return [[name.strip(" ()") for name in layer.replace(":", "|").split("|")] for layer in contract["layers"]]


def heights() -> dict[str, int]:
    """How many floors of the core are below each of its modules."""
    return {name: height for height, names in enumerate(reversed(floors())) for name in names}
