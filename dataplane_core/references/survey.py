"""What names a file: every line of the configuration, and of the files that it names."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dataplane_core.references.folders import Entry, Folders
from dataplane_core.references.pieces import UNKNOWN, Values
from dataplane_core.references.texts import TextFile, read_text


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that leads to a file.

    `line` is one of haproxy.cfg, from 1. `through` is the file that stands there where the name
    itself is in that file, at `inner`.
    """

    line: int
    through: str = ""
    inner: int = 0


class Survey:
    """The names in one text of haproxy.cfg that may lead to one file."""

    def __init__(self, config_file: Path, text: str, path: Path) -> None:
        self.main = TextFile(str(config_file), text)
        self.path = path
        self.folders = Folders(config_file, from_config="default-path" in text)
        environ = {name: [value] for name, value in os.environ.items()}
        self.values: Values = self.main.values(environ)
        wanted = {*self.folders.subfolders(), path.name}
        self.folders.learn({name.text for name in self.main.names(self.values, wanted)})
        self.own = self.folders.names_of(path)
        self._wanted = wanted | {entry.name for entry in self.own} | set(self._companions())

    def mentions(self) -> Iterator[Mention]:
        """The places that name the file itself."""
        return self._places(self._leads_to)

    def users(self) -> Iterator[Mention]:
        """The places that have HAProxy look at the file, be it only with others beside it."""
        return self._places(lambda name: self.reached(name) is not None)

    def _places(self, leads: Callable[[str], bool]) -> Iterator[Mention]:
        for name in self.main.names(self.values, self._wanted):
            if leads(name.text):
                yield Mention(name.line)
        for line, _, other in self.others:
            for name in other.names(self.values, self._wanted):
                if leads(name.text):
                    yield Mention(line, other.path, name.line)

    @cached_property
    def others(self) -> list[tuple[int, Entry, TextFile]]:
        """The files that the configuration names, and that may name this one, with their lines."""
        found: list[tuple[int, Entry, TextFile]] = []
        seen = set(self.own)
        for name in self.main.names(self.values):
            for entry in self.folders.entries(name.text):
                if entry in seen:
                    continue
                seen.add(entry)
                other = read_text(entry.path)
                if other is not None and self._may_name(other):
                    found.append((name.line, entry, other))
        return found

    def reached(self, name: str) -> tuple[Entry, bool] | None:
        """The entry by which HAProxy comes to the file from a name; None if it does not.

        True beside it: the whole folder of the entry counts. Names lead to the file itself, to one
        beside which HAProxy looks for it (`site.pem` for `site.pem.key`), to its folder, or to all
        files there of a form (`?.lua`).
        """
        for entry in self.folders.entries(name):
            if self.is_own(entry):
                return entry, False
            for own in self.own:
                if entry.folder == own.folder and goes_with(entry.name, own.name):
                    return entry, False
                if entry.folder == own.folder and ("?" in entry.name or "*" in entry.name):
                    return entry, True
                if own.folder == os.path.realpath(entry.path):
                    return Entry(own.folder, ""), True
        return None

    def _leads_to(self, name: str) -> bool:
        if UNKNOWN in name:  # its folder cannot be known
            return os.path.basename(name) in {entry.name for entry in self.own}
        return any(map(self.is_own, self.folders.entries(name)))

    def is_own(self, entry: Entry) -> bool:
        """Whether an entry is the file, or a link to it."""
        return entry in self.own or self._is_link(entry)

    def _is_link(self, entry: Entry) -> bool:
        path = entry.path
        return os.path.islink(path) and os.path.realpath(path) == os.path.realpath(self.path)

    def _companions(self) -> Iterator[str]:
        for own in self.own:
            if os.path.isdir(own.folder):
                yield from (one for one in os.listdir(own.folder) if goes_with(one, own.name))

    def _may_name(self, other: TextFile) -> bool:
        return any(_stem(entry.name) in other.text for entry in self.own)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def goes_with(one: str, other: str) -> bool:
    """Whether HAProxy may look for a file because it was told of another.

    It puts something behind the name (`site.pem.key`), or in the place of its extension
    (`ssl-load-extra-del-ext`).
    """
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(f"{shorter}.") or _stem(one) == _stem(other)
