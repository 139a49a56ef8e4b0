"""Find the samples of settings and configurations that come with the server."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from dataplane_core.errors import NotFound

# A clone has the samples in these folders; the build puts them into the package.
_CLONE = (Path(__file__).parents[2] / "config", Path(__file__).parents[2] / "contrib" / "systemd")
_ENDINGS = (".yaml", ".hcl", ".cfg", ".service", ".socket", ".logrotate", ".conf.py")


def sample_names() -> list[str]:
    """Return the names of all samples."""
    return sorted(_samples())


def sample(name: str) -> str:
    """Return the text of a sample; raises `NotFound` with the names of all samples."""
    found = _samples()
    if name not in found:
        raise NotFound(f"there is no sample {name}; there is {', '.join(sorted(found))}")
    return found[name].read_text("utf-8")


def _samples() -> dict[str, Traversable]:
    packed = files("dataplane_core").joinpath("samples")
    folders: list[Traversable] = [packed] if packed.is_dir() else list(_CLONE)
    every = (one for folder in folders if folder.is_dir() for one in folder.iterdir())
    return {one.name: one for one in every if one.name.endswith(_ENDINGS)}
