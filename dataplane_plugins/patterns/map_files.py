"""Files of maps: which are managed, and how what runs is put into one.

A line of a map's file is a key, blanks and a value; blanks around them, empty lines and lines that
begin with `#` say nothing (configuration manual, "map").
"""

import os
import re
import stat
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from dataplane_core.plugin import (
    CONTROL_CHARACTERS,
    Code,
    FileChange,
    Invalid,
    NotFound,
    State,
    VersionMismatch,
    dataclass,
    lazy_pattern,
    read_file,
    rehearsing,
    write_atomically,
)
from dataplane_plugins.patterns.map_uploads import SUFFIX
from dataplane_plugins.patterns.pattern_lists import PatternList, named_pattern_list

_LINE = lazy_pattern(r"([ \t]*)([^ \t\r\n#][^ \t\r\n]*)([ \t]*)(.*?)([ \t\r]*\n?)", re.DOTALL)
_ATTEMPTS = 3
_EACH = lazy_pattern(r"[^\n]*\n|[^\n]+")

MapValues = dict[str, list[str]]
"""Keys in their order, each with its values in theirs."""


def check_map_entry(key: str, value: str) -> None:
    """Refuse what a map's file, or a command, could not say exactly (`Invalid`)."""
    if not key or not value:
        raise Invalid(f"{'value' if key else 'key'} in body is required", code=Code.REQUIRED)
    if CONTROL_CHARACTERS.search(key) or CONTROL_CHARACTERS.search(value):
        raise Invalid("key and value in body must not hold control characters", code=Code.PATTERN)
    if " " in key or key.startswith("#"):
        raise Invalid("key in body must not hold blanks or begin with #", code=Code.PATTERN)
    if value != value.strip(" "):
        raise Invalid("value in body must not begin or end with a blank", code=Code.PATTERN)


def map_spellings(name: str) -> tuple[str, str]:
    """Return how a map's file may be spelled that a client names."""
    return name, f"{name}{SUFFIX}"


def values_by_key(pairs: Iterable[tuple[str, str]]) -> MapValues:
    """Return the values of each key, both in their order."""
    found: MapValues = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def parse_map_file(text: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of a file's text."""
    for line in _EACH.findall(text):
        match = _LINE.fullmatch(line)
        if match is not None:
            yield match[2], match[4]


def rewrite_map_file(text: str, wanted: MapValues, changed: Container[str] | None = None) -> str:
    """Return the text of a file with the entries `wanted`; comments, order and spacing stay.

    Lines of keys that are not in `changed` stay as they are; None means that all count.
    """
    left = {
        key: list(values) for key, values in wanted.items() if changed is None or key in changed
    }
    lines: list[str] = []
    for line in _EACH.findall(text):
        match = _LINE.fullmatch(line)
        if match is None or (changed is not None and match[2] not in changed):
            lines.append(line)
            continue
        values = left.get(match[2])
        if not values:
            continue
        value = values.pop(0)
        indent, key, gap, old, end = match.groups()
        lines.append(line if value == old else f"{indent}{key}{gap or ' '}{value}{end}")
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    lines += [f"{key} {value}\n" for key, values in left.items() for value in values]
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class MapFiles:
    """The folder of managed maps."""

    folder: Path
    state: State

    def manages(self, one: PatternList) -> bool:
        """Return whether the path of a map's file lies in the folder."""
        return os.path.normpath(one.file).startswith(f"{os.path.normpath(self.folder)}/")

    def choose(self, found: Iterable[PatternList], name: str) -> PatternList:
        """Return the map with a path, a managed file's name, another file's name, or a number.

        A name may lack its `.map`. Raises `NotFound`, and `Conflict` where several files have it.
        """
        return named_pattern_list(found, name, map_spellings(name), self.manages)

    def path(self, one: PatternList) -> Path | None:
        """Return the file of a managed map; None for another map, and where no such file is.

        A link that leads out of the folder is not followed, a device or FIFO is left alone.
        """
        path = Path(one.file)
        try:
            inside = path.resolve().is_relative_to(self.folder.resolve())
            regular = stat.S_ISREG(path.stat().st_mode)
        except OSError:
            return None
        return path if regular and inside and self.manages(one) else None

    def write(self, path: Path, wanted: MapValues, changed: Container[str] | None = None) -> bool:
        """Bring what runs to a file; whether that changed it. Raises `StorageFailed`.

        What is rehearsed is only noted. Raises `VersionMismatch` where a person changes the file
        again and again meanwhile, of whose lines none is to be lost.
        """
        for _ in range(_ATTEMPTS):
            with suppress(VersionMismatch):
                return self._write(path, wanted, changed)
        return self._write(path, wanted, changed)

    def _write(self, path: Path, wanted: MapValues, changed: Container[str] | None) -> bool:
        before, found = read_file(path)
        text = before.decode("utf-8", "surrogateescape")
        fresh = rewrite_map_file(text, wanted, changed)
        if fresh == text:
            return False
        after = fresh.encode("utf-8", "surrogateescape")
        if (noted := rehearsing()) is not None:
            noted.files.append(FileChange(path, before, after))
            return True
        status = write_atomically(self._real(path), after, real=True, over=found)
        self.state.set_value(f"map file {path}", str(status.st_mtime_ns))
        return True

    def _real(self, path: Path) -> Path:
        """Return where a file of the folder is; raises `NotFound` where it has left the folder."""
        real = path.resolve()
        if not real.is_relative_to(self.folder.resolve()):
            raise NotFound(f"missing object: {path} leads out of {self.folder}")
        return real

    def wrote_last(self, path: Path) -> bool:
        """Return whether nobody else has written a file since `write` did."""
        return self.state.value(f"map file {path}") == str(path.stat().st_mtime_ns)
