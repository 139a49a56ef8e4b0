"""Compare stored files: what they held in versions, hold now, or would hold."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from dataplane_core.plugin import (
    BadRequest,
    FileObjects,
    Folder,
    NotFound,
    Services,
    View,
    decode_text,
    encode_text,
    resource_folder,
    split_header,
)
from dataplane_plugins.changes.file_texts import change_of, file_difference
from dataplane_plugins.changes.left_out import LeftOut
from dataplane_plugins.changes.rendering import Rendering

_FOLDERS = {
    "maps": "maps_dir", "ssl_certificates": "ssl_certs_dir", "ssl_crt_lists": "ssl_certs_dir",
    "general": "general_storage_dir", "spoe_files": "spoe_dir",
}  # fmt: skip
"""The settings that name the folders of files, by what paths of the interface call them."""


class FileEnd(NamedTuple):
    """One of two contents of a file: what it is called, and the bytes; None where there is none."""

    named: dict[str, Any]
    data: bytes | None


class StoredFile(NamedTuple):
    """A file in a folder of the storage, which need not be there."""

    folder: Folder
    name: str

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.folder.path / self.name


class FileDiffs:
    """Finds stored files, and says how they differ."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services
        self._config = services.config
        self._rendering = Rendering(view)

    def find(self, given: str) -> StoredFile:
        """Return the file that is meant by its path, or as in `maps/hosts.map`."""
        place, _, name = given.rpartition("/")
        folders = {kind: self._folder(setting) for kind, setting in _FOLDERS.items()}
        fitting = (
            one for kind, one in folders.items()
            if place == kind or os.path.normpath(place) == os.path.normpath(one.path)
        )  # fmt: skip
        folder = next(fitting, None) if place and name and not name.startswith(".") else None
        if folder is None:
            kinds = ", ".join(_FOLDERS)
            raise BadRequest(
                f"file in query must be the path of a stored file, or {kinds} with its name behind "
                f"a slash, instead of {given[:80]!r}"
            )
        return StoredFile(folder, name)

    def _folder(self, setting: str) -> Folder:
        return resource_folder(self._services.settings, self._services.state, setting)

    def now(self, file: StoredFile) -> FileEnd:
        """Return what a file holds."""
        try:
            data = file.folder.read(file.name)
        except NotFound:
            data = None
        return FileEnd({"file": "now"}, data)

    def at(self, file: StoredFile, version: int) -> FileEnd:
        """Return what a file held when a version was made; raises `NotFound` if it is not kept."""
        self._config.archive.get(version)
        history = self._config.file.records.files
        states = {} if history is None else history.states.at(version, late=False)
        state, data = states.get(str(file.path)), None
        if history is not None and state is not None and state.kept == "content":
            data = history.contents.read(state.digest)
        if not states or (data is None and state is not None and state.kept != "gone"):
            raise NotFound(f"what {file.path} held in version {version} is not kept")
        return FileEnd({"version": version}, data)

    def of_transaction(self, file: StoredFile, transaction: str) -> tuple[FileEnd, FileEnd]:
        """Return a file as a transaction on it began, and as it is there."""
        objects = self._objects(file)
        if objects is None:
            raise BadRequest(f"there are no transactions on {file.path}")
        store = objects.store(file.name)
        view = store.snapshot(transaction)
        base = encode_text(split_header(store.raw_text(view.version)[0])[1])
        after = FileEnd({"transaction_id": transaction}, encode_text(view.document.text()))
        return FileEnd({"version": view.version}, base), after

    def compared(self, file: StoredFile, before: FileEnd, after: FileEnd) -> dict[str, Any]:
        """Return how two contents of a file differ: as text, and as objects where those are known.

        Raises `NotFound` where there is neither.
        """
        if before.data is None and after.data is None:
            raise NotFound(f"there is no file {file.path}")
        names = f"{file.name} {_title(before.named)}", f"{file.name} {_title(after.named)}"
        objects, old, new = self._objects(file), before.data, after.data
        changes, left_out = [], LeftOut()
        if objects is not None:
            old, new = _without_header(old), _without_header(new)
            first, last = (objects.document(decode_text(data or b"")) for data in (old, new))
            changes = self._rendering.in_file(objects, file.name, first, last, left_out)
        return {
            "from": before.named, "to": after.named, "file": str(file.path),
            "change": change_of(old, new), "text": file_difference(old, new, names),
            "changes": changes, **left_out.told(),
        }  # fmt: skip

    def _objects(self, file: StoredFile) -> FileObjects | None:
        every = self._services.file_objects
        return next((one for one in every if one.folder == file.folder.path), None)


def _without_header(data: bytes | None) -> bytes | None:
    """Return a text without the lines of the server itself."""
    return None if data is None else encode_text(split_header(decode_text(data))[1])


def _title(named: dict[str, Any]) -> str:
    return " ".join(f"{name.removesuffix('_id')} {value}" for name, value in named.items())
