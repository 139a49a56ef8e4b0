"""Find out which right on a file this process misses, and which command would give it.

The kernel judges: faccessat(2) knows modes, owners, groups, access control lists and read-only file
systems alike, and capabilities that a unit gives. But it only says yes or no; which folder on the
way is to blame is found here.
"""

import os
import shlex
from collections.abc import Iterator

from dataplane_core.dataclass import dataclass

_IN_FORCE = os.access in os.supports_effective_ids
READ, WRITE, USE = os.R_OK, os.W_OK | os.X_OK, os.R_OK | os.W_OK
"""Read a file; make files in a folder; use a socket."""

_LETTERS = {READ: "r", WRITE: "rwx", USE: "rw"}


@dataclass(frozen=True, slots=True)
class MissingPrerequisite:
    """One thing that the server needs and does not have: a sentence, and the remedy."""

    what: str
    remedy: str


def way_to(path: str) -> Iterator[MissingPrerequisite]:
    """Yield the first folder above `path` that is there and may not be passed, if any."""
    folders = [os.path.abspath(path)]
    while folders[-1] != "/":
        folders.append(os.path.dirname(folders[-1]))
    for folder in reversed(folders[1:]):
        if not os.path.isdir(folder):
            return
        if not os.access(folder, os.X_OK, effective_ids=_IN_FORCE):
            what = f"{path} cannot be reached: uid {os.geteuid()} may not pass the folder {folder}"
            yield MissingPrerequisite(what, grant(folder, "x"))
            return


def access_to(path: str, wanted: int, verb: str) -> Iterator[MissingPrerequisite]:
    """Yield what keeps this process from `path`, which is there; `verb`: "written" or alike."""
    closed = list(way_to(path))
    yield from closed
    if closed or os.access(path, wanted, effective_ids=_IN_FORCE):
        return
    if wanted & os.W_OK and os.statvfs(path).f_flag & os.ST_RDONLY:
        what = f"{path} cannot be {verb}: its file system is mounted read-only"
        yield MissingPrerequisite(what, "Mount it for writing, or use another place.")
    else:
        yield MissingPrerequisite(f"{path} cannot be {verb}", grant(path, _LETTERS[wanted]))


def folder_for_files(path: str) -> Iterator[MissingPrerequisite]:
    """Yield what keeps this process from making files in the folder `path`, or that folder."""
    if os.path.isdir(path):
        yield from access_to(path, WRITE, "written")
        return
    there = os.path.abspath(path)
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there):
        yield MissingPrerequisite(f"{there} is no folder", "Remove it, or use another place.")
        return
    for one in access_to(there, WRITE, "written"):
        yield MissingPrerequisite(f"{path} cannot be made: {one.what}", one.remedy)


def grant(path: str, rights: str) -> str:
    """Return a command that gives this user the rights, some of `rwx`, on a path."""
    return f"setfacl -m u:{os.geteuid()}:{rights} {shlex.quote(path)} (as root)."
