"""Say in JSON which names stand in files beside the configuration, or mean what stands there."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from dataplane_core.plugin import FileObjects, FilePlace, FileUse, Reference, View


class FileUses:
    """Makes JSON of names in files, with the paths of a view and of `file_objects`."""

    def __init__(self, view: View, file_objects: Sequence[FileObjects]) -> None:
        self._view = view
        self._file_objects = file_objects

    def __call__(self, use: FileUse, above: Callable[[int], int]) -> dict[str, Any]:
        """Return a use as JSON; `above` counts the lines of the configuration."""
        found: dict[str, Any] = {} if not use.file else {"file": use.file}
        return {
            **found,
            "resource": self.path(use.resource),
            "section": use.section,
            "line": use.line if use.file else above(use.line),
            "property": use.property,
            "kinds": list(use.kinds),
            "name": use.name,
            "targets": self.paths(use.targets),
        }

    def paths(self, places: Iterable[Reference | FilePlace]) -> list[str]:
        """Return the paths of objects, of those that have one."""
        return [path for path in map(self.path, places) if path is not None]

    def path(self, place: Reference | FilePlace | None) -> str | None:
        """Return the path of an object; None for one in a file of a folder that is not managed."""
        if not isinstance(place, FilePlace):
            return None if place is None else self._view.location(place)
        file = Path(place.file)
        for one in self._file_objects:
            if one.folder == file.parent:
                return one.path(file.name, one.part_called(place.part), place.reference)
        return None

    def place(self, path: str) -> FilePlace | None:
        """Return what a path means in a file; None for one of the configuration."""
        found = (one.place(path) for one in self._file_objects)
        return next(filter(None, found), None)
