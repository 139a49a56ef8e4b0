"""Find what installed distributions declare; what reads that is loaded only where there is any.

`importlib.metadata` brings sixty modules with it, which take a start a twentieth of its time and
would stay in the memory of a server that has no plugin of third parties.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.machinery import PathFinder

_SUFFIXES = (".dist-info", ".egg-info")
_FILE = "entry_points.txt"


def entry_points(group: str) -> "Iterable[metadata.EntryPoint]":
    """Return the entry points of a group, of all distributions that Python finds."""
    return metadata.entry_points(group=group) if _may_exist(group) else ()


def _may_exist(group: str) -> bool:
    """Return whether there may be entry points of a group; False is certain."""
    finders = (one for one in sys.meta_path if hasattr(one, "find_distributions"))
    if any(one is not PathFinder for one in finders):
        return True
    word = group.encode()
    return any(_names(file, word) for entry in sys.path for file in _files(entry or "."))


def _files(entry: str) -> Iterator[str]:
    """Yield the files of entry points below a place on the path of modules; an archive itself."""
    try:
        names = os.listdir(entry)
    except NotADirectoryError:
        yield entry
    except OSError:
        return  # as whoever imports from there finds nothing
    else:
        for name in names:
            if name.lower().endswith(_SUFFIXES) or name.lower() == "egg-info":
                yield os.path.join(entry, name, _FILE)


def _names(file: str, word: bytes) -> bool:
    """Return whether a file may name a group."""
    try:
        with open(file, "rb") as opened:
            return file[-len(_FILE) :] != _FILE or word in opened.read()
    except (FileNotFoundError, NotADirectoryError):
        return False  # a distribution without entry points
    except OSError:
        return True  # whoever reads it knows what to do
