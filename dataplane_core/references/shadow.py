"""Show HAProxy a folder with one file changed, and a configuration that reads it there.

HAProxy judges a file where the configuration names it, and that must not be the file's own place: a
HAProxy that starts meanwhile would read what nobody has judged. So the folder is shown in another
place, as links to what is in it, with the new file among them or without the file that goes, and
the words of the configuration that lead to the folder lead there.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.references.folders import DirectoryEntry
from dataplane_core.references.survey import Reached, Survey, goes_with
from dataplane_core.store.files import storage_errors, temporary_folder
from dataplane_core.store.head import encode_text

_CUT = lazy_pattern(r"\.\.\.([^\s'\"]+)")


class Shadow:
    """The places in `root` that stand for folders with one file changed.

    `text` is the configuration that reads them. With a `certain` shadow, words without a slash lead
    there too, which may mean something else than a file.
    """

    def __init__(self, survey: Survey, root: Path, certain: "Shadow | None" = None) -> None:
        self._survey = survey
        self._root = root
        self._certain = certain
        self._numbers: dict[str, int] = {}
        self._whole: set[str] = set()
        self._used: set[DirectoryEntry] = set()
        self._texts: dict[DirectoryEntry, str] = {}
        self._texts = self._other_texts()
        self.text = survey.main.file.rewritten(survey.main.values, self._replace, self._lines())

    def show(self, candidate: Path | None) -> None:
        """Have the file be `candidate`, or not be there."""
        for folder, number in self._numbers.items():
            place = self._root / str(number)
            with storage_errors(self._survey.path, "checked"):
                place.mkdir(parents=True, exist_ok=True)
                for name in self._names(folder):
                    self._put(place / name, DirectoryEntry(folder, name), candidate)

    def original(self, message: str) -> str:
        """Return a message with the real folders in place of those that stand for them."""
        for folder, number in sorted(self._numbers.items(), key=lambda pair: -pair[1]):
            place = str(self._root / str(number))
            message = _CUT.sub(partial(_completed, place, folder), message)
            message = message.replace(place, folder)
        return message

    def _other_texts(self) -> dict[DirectoryEntry, str]:
        """Return the files that name the file, with the words by which they are to name it."""
        found: dict[DirectoryEntry, str] = {}
        for _, entry, other in self._survey.others:
            lines = {name.line for name in self._survey.names_in(other)}
            text = other.rewritten(self._survey.main.values, self._replace, lines)
            if text != other.text:
                found[entry] = text
        return found

    def _lines(self) -> set[int]:
        """Return the lines of the configuration that are to have other words."""
        return {name.line for name in self._survey.names if self._reached(name.text) is not None}

    def _replace(self, name: str) -> str | None:
        reached = self._reached(name)
        return None if reached is None else self._place(reached)

    def _reached(self, name: str) -> Reached | None:
        """Return what a name leads to, if that has a place in this shadow; else None."""
        if "/" not in name and self._certain is None:
            return None
        reached = self._survey.reached(name)
        if reached is None and self._texts:
            others = (one for one in self._survey.folders.entries(name) if one in self._texts)
            reached = next(map(Reached, others), None)
        if reached is None or ("/" not in name and self._is_shown(reached.entry.folder)):
            return None
        return reached

    def _is_shown(self, folder: str) -> bool:
        """Tell whether names without a slash are looked for in the shadow of a folder anyway."""
        return self._certain is not None and folder in self._certain._whole

    def _place(self, reached: Reached) -> str:
        entry = reached.entry
        number = self._numbers.setdefault(entry.folder, len(self._numbers))
        if reached.whole:
            self._whole.add(entry.folder)
        self._used.add(entry)
        return os.path.join(self._root, str(number), entry.name).rstrip("/")

    def _names(self, folder: str) -> set[str]:
        """Return the names that the shadow of a folder has."""
        with storage_errors(Path(folder), "read"):
            there = {name for name in os.listdir(folder) if not _is_temporary(name)}
        if folder not in self._whole:
            used = {entry.name for entry in self._used if entry.folder == folder}
            there = {name for name in there if any(goes_with(name, one) for one in used)}
        return there | {entry.name for entry in self._survey.own if entry.folder == folder}

    def _put(self, place: Path, entry: DirectoryEntry, candidate: Path | None) -> None:
        with suppress(FileNotFoundError):
            place.unlink()
        if entry in self._texts:
            place.write_bytes(encode_text(self._texts[entry]))
        elif not self._survey.is_own(entry):
            place.symlink_to(entry.path)
        elif candidate is not None:
            place.symlink_to(candidate)


def _completed(place: str, folder: str, cut: re.Match[str]) -> str:
    """Return a path whose beginning was cut off, as Lua does, with `folder` in place of `place`."""
    ends = (place[at:] for at in range(1, len(place)) if cut[1].startswith(f"{place[at:]}/"))
    end = next(ends, None)
    return cut[0] if end is None else folder + cut[1][len(end) :]


def _is_temporary(name: str) -> bool:
    return name.startswith(".") and name.endswith(".tmp")


@contextmanager
def shadows(survey: Survey) -> Iterator[Iterator[Shadow]]:
    """Yield the ways to show a change to HAProxy, the most certain first; remove them after."""
    with temporary_folder(survey.path) as root:
        yield _each(survey, root)


def _each(survey: Survey, root: Path) -> Iterator[Shadow]:
    certain = Shadow(survey, root / "a")
    if certain.text != survey.main.file.text:
        yield certain
    other = Shadow(survey, root / "b", certain)
    if other.text != certain.text.replace(str(root / "a"), str(root / "b")):
        yield other
