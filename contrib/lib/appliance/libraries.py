"""The distributions that the server needs: installed for the build, or those of this Python."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from locked import PIP, SERVING, normal, pins

_GROUPS = ("dataplane.plugins", "dataplane.settings")
SERVER = "dataplane"
"""The server's own distribution, of which the files are taken from the tree."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_NOT_NEEDED = re.compile(
    r"(^|/)(__pycache__|tests?|testing/tests)/|\.(py[cio]|pxd|pyx|[ch]|cpp|hpp|typed)$|\.data/"
    r"|(^|/)(RECORD|INSTALLER|REQUESTED|direct_url\.json|WHEEL)$|(^|/)licenses/|\.pth$"
)
"""Files of distributions that nobody loads, or that tell where they were installed."""


_INSTALL = (*PIP, "install", "--quiet", "--no-compile", "--root-user-action=ignore", "--target")


def install_locked(folder: Path) -> None:
    """Have pip install the locked libraries, by their hashes, into a folder of the build's own."""
    words = ["--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(SERVING)]
    subprocess.run([*_INSTALL, str(folder), *words], check=True)


def install(requirements: Iterable[str], folder: Path, constraints: Path | None) -> None:
    """Have pip install distributions, of the locked versions where nobody says others."""
    if constraints is None:
        folder.mkdir(parents=True)
        constraints = folder.with_name("constraints.txt")
        constraints.write_text("".join(f"{name}=={one}\n" for name, one in pins().items()))
    command = [*_INSTALL, str(folder), "--constraint", str(constraints)]
    subprocess.run([*command, *requirements], check=True)


def found(names: Iterable[str], folder: Path | None) -> dict[str, Distribution]:
    """Return distributions and all that they need, by their normal names.

    They are looked for in a folder, or where this Python has its own.
    """
    places = {"path": [str(folder)]} if folder else {}
    there: dict[str, Distribution] = {}
    for one in distributions(**places):
        there.setdefault(normal(one.metadata["Name"]), one)
    wanted: dict[str, Distribution] = {}
    queue = [name_of(name) for name in names]
    while queue:
        name = queue.pop()
        if name in wanted or name == SERVER:
            continue
        if name not in there:
            raise LookupError(f"the distribution {name} is not installed")
        wanted[name] = there[name]
        queue += _needed(there[name])
    return dict(sorted(wanted.items()))


def files(distribution: Distribution) -> Iterator[tuple[str, Path]]:
    """Yield the files of a distribution that are needed: path among imports, and where.

    What tells of a distribution is needed where it declares plugins.
    """
    tells = declares_plugins(distribution)
    for file in distribution.files or ():
        path = file.as_posix()
        is_told = ".dist-info/" not in path or tells
        if is_told and not path.startswith("..") and not _NOT_NEEDED.search(path):
            yield path, Path(str(distribution.locate_file(file)))


def name_of(requirement: str) -> str:
    """Return the name in a requirement, as distributions are compared by it."""
    match = _NAME.match(requirement.strip())
    return normal(match[0] if match else requirement)


def _needed(distribution: Distribution) -> Iterator[str]:
    """Yield the names of what a distribution needs here, without its extras."""
    try:
        from packaging.requirements import Requirement
    except ImportError:  # pip brings its own
        from pip._vendor.packaging.requirements import Requirement
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield normal(requirement.name)


def with_plugins(folder: Path) -> list[str]:
    """Return the names of the distributions in a folder that bring plugins or settings of them."""
    every = distributions(path=[str(folder)])
    return [normal(one.metadata["Name"]) for one in every if declares_plugins(one)]


def declares_plugins(distribution: Distribution) -> bool:
    """Return whether a distribution has entry points for the server."""
    return any(point.group in _GROUPS for point in distribution.entry_points)
