"""Find what names a file: lines of the configuration, and lines of the files that it names."""

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from dataplane_core.dataclass import dataclass
from dataplane_core.references.folders import DirectoryEntry, Folders
from dataplane_core.references.pieces import UNKNOWN, VariableValues
from dataplane_core.references.texts import Name, TextFile, read_text
from dataplane_core.store.files import real_path


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that leads to a file.

    `line` is a line of haproxy.cfg, from 1. Where the name itself is in another file that stands
    there, `through` is that file, and `inner` the line in it.
    """

    line: int
    through: str = ""
    inner: int = 0


@dataclass(frozen=True, slots=True)
class Reached:
    """The entry by which HAProxy comes to a file; `whole`: with all else in its folder."""

    entry: DirectoryEntry
    whole: bool = False


class Configuration:
    """A text of haproxy.cfg with the names in it, kept for as long as the text is the newest."""

    def __init__(self, config_file: Path, text: str) -> None:
        self.file = TextFile(str(config_file), text)
        self.values: VariableValues = self.file.values(
            {name: [it] for name, it in os.environ.items()}
        )
        self.paths = self.file.paths(self.values)


class Survey:
    """The names in a configuration that may lead to one file."""

    def __init__(self, main: Configuration, path: Path) -> None:
        self.main = main
        self.path = path
        self.real = real_path(path)
        text = main.file.text
        self.folders = Folders(Path(main.file.path), from_config="default-path" in text)
        self.folders.learn({name.text for name in main.paths})
        bare = self.folders.subfolders()
        bare &= {name.text for name in main.file.near(bare, main.values)}
        self.folders.learn(bare)
        self.own = self.folders.names_of(path)
        self._wanted = {entry.name for entry in self.own} | set(self._companions())
        found = main.file.near(bare | self._wanted, main.values)
        bare |= self._wanted
        plain = (name for name in found if name.text in bare)
        self.names = sorted({*main.paths, *plain}, key=lambda name: name.line)
        self._reached: dict[str, Reached | None] = {}

    def mentions(self) -> Iterator[Mention]:
        """Yield the places that name the file itself."""
        return self._places(self._leads_to)

    def users(self) -> Iterator[Mention]:
        """Yield the places that have HAProxy look at the file, be it only with others beside it."""
        return self._places(lambda name: self.reached(name) is not None)

    @property
    def is_used(self) -> bool:
        """Whether HAProxy looks at the file."""
        return next(self.users(), None) is not None

    def _places(self, leads: Callable[[str], bool]) -> Iterator[Mention]:
        yield from (Mention(name.line) for name in self.names if leads(name.text))
        for line, _, other in self.others:
            for name in self.names_in(other):
                if leads(name.text):
                    yield Mention(line, other.path, name.line)

    @cached_property
    def others(self) -> list[tuple[int, DirectoryEntry, TextFile]]:
        """The files that the configuration names, and that may name this one, with their lines."""
        found: list[tuple[int, DirectoryEntry, TextFile]] = []
        seen = set(self.own)
        for name in self.main.paths:
            for entry in self.folders.entries(name.text):
                if entry in seen:
                    continue
                seen.add(entry)
                other = read_text(entry.path)
                if other is not None and next(self.names_in(other), None) is not None:
                    found.append((name.line, entry, other))
        return found

    def names_in(self, other: TextFile) -> Iterator[Name]:
        """Return the names in another file that may be those of this file."""
        folders = {os.path.basename(entry.folder) for entry in self.own} - {""}
        found = other.near(self._wanted | folders, self.main.values)
        return (name for name in found if "/" in name.text or name.text in self._wanted)

    def reached(self, name: str) -> Reached | None:
        """Return how HAProxy comes to the file from a name; None if it does not.

        Names lead to the file itself, to one beside which HAProxy looks for it (`site.pem` for
        `site.pem.key`), to its folder, or to all files there of a form (`?.lua`).
        """
        if name not in self._reached:
            found = map(self._reached_at, self.folders.entries(name))
            self._reached[name] = next(filter(None, found), None)
        return self._reached[name]

    def is_own(self, entry: DirectoryEntry) -> bool:
        """Tell whether an entry is the file, or a link to it."""
        if entry in self.own:
            return True
        return os.path.islink(entry.path) and real_path(entry.path) == self.real

    def _reached_at(self, entry: DirectoryEntry) -> Reached | None:
        if self.is_own(entry):
            return Reached(entry)
        for own in self.own:
            if entry.folder == own.folder:
                if "?" in entry.name or "*" in entry.name:
                    return Reached(entry, whole=True)
                if goes_with(entry.name, own.name):
                    return Reached(entry)
            if self.folders.real(entry.path) == own.folder:
                return Reached(DirectoryEntry(own.folder, ""), whole=True)
        return None

    def _leads_to(self, name: str) -> bool:
        if UNKNOWN in name:  # its folder cannot be known
            return os.path.basename(name) in {entry.name for entry in self.own}
        return any(map(self.is_own, self.folders.entries(name)))

    def _companions(self) -> Iterator[str]:
        for own in self.own:
            if os.path.isdir(own.folder):
                yield from (one for one in os.listdir(own.folder) if goes_with(one, own.name))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def goes_with(one: str, other: str) -> bool:
    """Tell whether HAProxy may look for a file because the configuration names another.

    HAProxy puts something behind the name (`site.pem.key`), or in the place of its extension
    (`ssl-load-extra-del-ext`).
    """
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(f"{shorter}.") or _stem(one) == _stem(other)
