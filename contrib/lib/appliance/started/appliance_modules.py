"""Import the modules of the archive by their offsets in it.

Python's own importer keeps the whole directory of an archive in memory, with eight values for each
of a thousand files, and reads two heads for each module. Here a module is two numbers and one read.
"""

import marshal
import os
import sys
import zipimport
from importlib.machinery import ModuleSpec

_HEAD = 30  # bytes of a file's head in an archive, before its name
_COMPILED_HEAD = 16  # bytes of a compiled file before its code
_STORED = 0


def install(importer: zipimport.zipimporter) -> None:
    """Take the place of Python's importer of one archive."""
    sys.meta_path.insert(0, Finder(importer.archive, importer._files))
    importer._files.clear()
    _forget()


def read(archive: str, name: str) -> bytes:
    """Return the bytes of any file in an archive."""
    try:
        return zipimport.zipimporter(archive).get_data(os.path.join(archive, name))
    finally:
        _forget()


def _forget() -> None:
    """Let go of what Python's importer keeps."""
    zipimport._zip_directory_cache.clear()
    sys.path_importer_cache.clear()


class Finder:
    """Finds and loads the compiled modules of an archive; data is left to Python's importer."""

    def __init__(self, archive, files) -> None:
        self.archive = archive
        self._descriptor = os.open(archive, os.O_RDONLY | os.O_CLOEXEC)
        self._places = {}
        for name, (_, how, size, _, at, *_) in files.items():
            if name.endswith(".pyc") and how == _STORED:
                start = at + _HEAD + len(name.encode())
                self._places[name[:-4].replace("/", ".")] = start << 32 | size

    def find_spec(self, name, path=None, target=None):
        """Return how a module is loaded; None for one that is not in the archive."""
        if f"{name}.__init__" in self._places:
            place = os.path.join(self.archive, *name.split("."))
            spec = ModuleSpec(name, self, origin=f"{place}/__init__.pyc", is_package=True)
            spec.submodule_search_locations.append(place)
        elif name in self._places:
            place = os.path.join(self.archive, *name.split("."))
            spec = ModuleSpec(name, self, origin=f"{place}.pyc")
        else:
            return None
        spec._set_fileattr = True
        return spec

    def create_module(self, spec):
        """Leave that to the system of imports."""

    def exec_module(self, module):
        """Run the code of a module in it."""
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name):
        """Return the code of a module."""
        place = self._places.get(f"{name}.__init__") or self._places[name]
        data = os.pread(self._descriptor, place & 0xFFFFFFFF, place >> 32)
        return marshal.loads(memoryview(data)[_COMPILED_HEAD:])

    def is_package(self, name):
        """Return whether a module is a package."""
        return f"{name}.__init__" in self._places

    def get_source(self, name):
        """Return None: there are no sources in the archive."""

    def get_data(self, path):
        """Return the bytes of a file in the archive."""
        return read(self.archive, os.path.relpath(path, self.archive))

    def get_resource_reader(self, name):
        """Return what reads the files beside the modules of a package."""
        parent = os.path.dirname(os.path.join(self.archive, *name.split(".")))
        return zipimport.zipimporter(parent).get_resource_reader(name)
