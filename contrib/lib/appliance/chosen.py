"""Which plugins stand in a file, and which modules of the server these need."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

TOP = Path(__file__).parents[3]
OWN = "dataplane_plugins"
PACKAGES = ("dataplane_core", OWN)

SMALLEST = (
    *("configuration.global_", "configuration.defaults"),
    *("configuration.frontends", "configuration.backends"),
    *("configuration.binds", "configuration.servers"),
    *("configuration.acls", "configuration.backend_switching_rules"),
    *("configuration.raw", "configuration.version", "configuration.masks"),
    *("service.transactions", "service.reloads", "service.health"),
)
"""What a balancer is configured with, how a change is made, and whether HAProxy lives."""
SETS = ("smallest", "full")


class UnknownPluginError(ValueError):
    """A name of a plugin that is not there."""


def own_plugins() -> dict[str, str]:
    """Return the modules of the server's plugins by their names, as the server finds them."""
    names: dict[str, object] = {"__name__": OWN}
    exec((TOP / OWN / "__init__.py").read_text("utf-8"), names)
    found = names["PLUGINS"]
    assert isinstance(found, dict)
    return found


def chosen(set_name: str, more: Iterable[str]) -> list[str]:
    """Return the names of the server's plugins in a set and of some more, in the server's order."""
    every = own_plugins()
    wanted = {*every} if set_name == "full" else {*SMALLEST}
    wanted |= {*more}
    if unknown := wanted - {*every}:
        said = f"there is no plugin {', '.join(sorted(unknown))}; `dataplane plugins` lists them"
        raise UnknownPluginError(said)
    return [name for name in every if name in wanted]


def modules(names: Iterable[str]) -> dict[str, Path]:
    """Return the files of the core, of these plugins and of what they import, by their paths.

    Imports within functions count: they are those of a plugin that is at work.
    """
    every = own_plugins()
    files = {f"{OWN}/__init__.py"}
    files |= {path.relative_to(TOP).as_posix() for path in (TOP / PACKAGES[0]).rglob("*.py")}
    queue = [every[name] for name in names]
    while queue:
        for file in _files(queue.pop()):
            if file not in files:
                files.add(file)
                queue += _imported(TOP / file)
    return {file: TOP / file for file in sorted(files)}


def own_package(names: Iterable[str]) -> str:
    """Return the source of the package of plugins, of which only these are there."""
    every = own_plugins()
    tree = ast.parse((TOP / OWN / "__init__.py").read_text("utf-8"))
    paths = [every[name].removeprefix(f"{OWN}.") for name in names]
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_MODULES":
            node.value = ast.Tuple([ast.Constant(path) for path in paths], ast.Load())
    return ast.unparse(tree)


def _files(module: str) -> Iterator[str]:
    """Yield the file of a module, and those of the packages around it."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        place = "/".join(parts[:depth])
        for file in (f"{place}.py", f"{place}/__init__.py"):
            if (TOP / file).is_file():
                yield file


def _imported(file: Path) -> Iterator[str]:
    """Yield what a file imports of the plugins' package; names in it may be modules."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.startswith(OWN))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OWN):
            yield str(node.module)
            yield from (f"{node.module}.{one.name}" for one in node.names)
