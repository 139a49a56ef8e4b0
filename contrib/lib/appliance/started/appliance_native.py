"""Load the native modules of one file: each is put into the one writable folder, once.

The system loads a native module from a file alone. It is written under a name that has its digest,
beside its place, and renamed: who finds it there finds it whole, and two processes that start at
the same moment do each other no harm. Where the folder may not be written to, or may hold no
programs, the module is loaded from memory.
"""

import os
import sys
from contextlib import suppress
from importlib.machinery import ExtensionFileLoader, ModuleSpec

from appliance_facts import FACTS
from appliance_modules import read

FOLDER = os.path.abspath(os.environ.get("DATAPLANE_FOLDER") or FACTS["folder"])
ARCHIVE = __loader__.archive
MARK = ".appliance"
"""The folder within `FOLDER` of what the file itself keeps there."""
_DIGITS = 16
_held = []


def install() -> None:
    """Have native modules found, before all other finders are asked."""
    sys.meta_path.insert(0, NativeFinder)


class NativeFinder:
    """Finds the native modules of the archive."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Return how a native module is loaded; None for all others."""
        entry = FACTS["native"].get(name)
        if entry is None:
            return None
        file = _placed(*entry)
        spec = ModuleSpec(name, ExtensionFileLoader(name, file), origin=file)
        spec._set_fileattr = True
        return spec


def _placed(entry, digest, size):
    """Return a path at which the system can load a module."""
    place = os.path.join(FOLDER, MARK)
    name = f"{os.path.basename(entry)}-{digest[:_DIGITS]}"
    if _is_whole(os.path.join(place, name), size) and _may_hold_programs(place):
        return os.path.join(place, name)
    data = read(ARCHIVE, entry)
    try:
        os.makedirs(place, 0o755, exist_ok=True)
        if _may_hold_programs(place):
            _drop_former(place, name)
            return write(os.path.join(place, name), data)
    except OSError:
        pass  # a folder that is not there, full, or of somebody else
    return _in_memory(name, data)


def kept(name, data):
    """Return the path of a small file in the folder which has these bytes."""
    path = os.path.join(FOLDER, MARK, name)
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return path
    except OSError:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    return write(path, data)


def write(path, data):
    """Put a file into its place, whole or not at all; return its path."""
    beside = f"{path}.{os.getpid()}"
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    return path


def _is_whole(path, size):
    try:
        return os.stat(path).st_size == size
    except OSError:
        return False


def _may_hold_programs(place):
    return not os.statvfs(place).f_flag & os.ST_NOEXEC


def _drop_former(place, name):
    """Remove the same module of another build, and what a killed process left of this one."""
    module = name[: -_DIGITS - 1]
    for other in os.listdir(place):
        if other.startswith(f"{module}-") and other != name:
            with suppress(OSError):
                os.unlink(os.path.join(place, other))


def _in_memory(name, data):
    """Return the path of a file that has no place on a disk; it lasts as long as this process."""
    handle = os.memfd_create(name, os.MFD_CLOEXEC)
    _held.append(handle)
    with open(handle, "wb", closefd=False) as file:
        file.write(data)
    return f"/proc/self/fd/{handle}"
