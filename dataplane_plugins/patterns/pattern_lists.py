"""Maps and ACL lists of the running process, which HAProxy keeps alike.

Management guide, section 9.3: `show map`, `get map`, `add map`, `set map`, `del map`, `clear map`,
`prepare map`, `commit map`, and the same for `acl`. Lines of a list begin with the address of an
entry; a key ends at the first blank.
"""

import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Literal

from dataplane_core.plugin import (
    CONTROL_CHARACTERS,
    BadRequest,
    Conflict,
    DataplaneError,
    NotFound,
    RuntimeClient,
    RuntimeFailed,
    Services,
    dataclass,
    first_words,
    lazy_pattern,
    real_path,
    refused,
    rehearsing,
    runtime_argument,
)
from dataplane_plugins.patterns.one_at_a_time import changed_alone

PatternKind = Literal["map", "acl"]
PatternEntry = tuple[str, str, str]
"""An entry: its mark (an address in HAProxy's memory), its key, its value ("" in a list)."""

_REFERENCE = lazy_pattern(r"(\d+) \((.*?)\) (.*)")
_LABEL = lazy_pattern(r"(?:acl|map) '([^']*)'")
_COUNTS = lazy_pattern(r"curr_ver=(\d+) next_ver=(\d+) entry_cnt=(\d+)")
_VERSION = lazy_pattern(r"New version created: (\d+)")
# Of this type alone the pattern that matches a key is the key itself.
_EXACT = lazy_pattern(
    r"type=str, case=sensitive, (?:found|match)="
    r'(?:no|yes, idx=\w+, (?:key|pattern)="(?P<key>.*?)"(?:, value="(?P<value>.*)", type="\w+")?)'
)
_ERRORS = {
    "Unknown map": NotFound,
    "Unknown ACL": NotFound,
    "not found": NotFound,
}
_COMMIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class PatternList:
    """A map or list: HAProxy's number, its file ("" for patterns in a line), what is said of it."""

    id: str
    file: str
    description: str

    @property
    def label(self) -> str:
        """The file, or what is asked where there is none: `src`."""
        match = _LABEL.match(self.description)
        return self.file or (match[1] if match else "")

    @property
    def word(self) -> str:
        """The map or list as an argument: its file, the same in every process, else its number."""
        return runtime_argument(self.file) if self.is_named else f"#{self.id}"

    @property
    def is_named(self) -> bool:
        """Whether a command can name the file: `#` and `@` in front mean a number and a version."""
        exact = f"loaded from file '{self.file}' used" in self.description
        return exact and self.file[0] not in "#@" and not CONTROL_CHARACTERS.search(self.file)

    @property
    def has_file(self) -> bool:
        """Whether there is a file behind it: a `virt@` one is filled by commands alone."""
        return bool(self.file) and not self.file.startswith("virt@")

    @property
    def is_optional(self) -> bool:
        """Whether the file need not exist (`opt@`)."""
        return "loaded from file 'opt@" in self.description

    @property
    def counts(self) -> tuple[str, ...]:
        """The present version, the next one, and how many entries there are."""
        match = _COUNTS.search(self.description)
        return match.groups() if match else ()


def parse_pattern_lists(answer: str) -> list[PatternList]:
    """Return the maps or lists in an answer to `show map` or `show acl`."""
    if not answer.startswith("# id "):
        raise RuntimeFailed("HAProxy's list of maps or ACLs cannot be read")
    matches = (_REFERENCE.fullmatch(line) for line in answer.splitlines()[1:])
    return [PatternList(*match.groups()) for match in matches if match]


def named_pattern_list(
    found: Iterable[PatternList],
    name: str,
    spellings: Iterable[str],
    prefers: Callable[[PatternList], bool] = lambda one: False,
) -> PatternList:
    """Return the map or list that a name means.

    That is a file's path or name, in one of the `spellings` of the name, or a number. Of several
    files of one name the one that is preferred is meant. Raises `NotFound`, and `Conflict` where
    several are left.
    """
    everything = list(found)
    for fitting in _fitting(everything, spellings, prefers):
        if len(fitting) > 1:
            paths = " and ".join(one.file for one in fitting)
            raise Conflict(f"{name} can be {paths}; name it by its path")
        if fitting:
            return fitting[0]
    by_number = [one for one in everything if one.id == name]
    if not by_number:
        raise NotFound(f"the running HAProxy has no map or list {name}")
    return by_number[0]


def _fitting(
    found: list[PatternList], spellings: Iterable[str], prefers: Callable[[PatternList], bool]
) -> Iterator[list[PatternList]]:
    """Yield the maps or lists that a name may mean, from the most exact meaning on."""
    for name in spellings:
        yield [one for one in found if one.file == name]
        if name.startswith("/"):
            real = real_path(name)
            yield [one for one in found if one.file and real_path(one.file) == real]
        named = [one for one in found if os.path.basename(one.file) == name]
        yield [one for one in named if prefers(one)]
        yield named


def parse_patterns(text: str) -> Iterator[tuple[str]]:
    """Yield the patterns of a list's file, a line each, without comments and leading blanks."""
    for line in re.split(r"[\r\n]", text):
        pattern = line.lstrip(" \t")
        if pattern and not line.startswith("#"):
            yield (pattern,)


def parse_entries(dump: bytes) -> list[PatternEntry]:
    """Return the entries of a map or list; bytes that are not UTF-8 stand as surrogates."""
    text = dump.decode("utf-8", "surrogateescape")
    rows = (line.split(" ", 2) for line in text.split("\n") if line)
    return [(row[0], row[1], row[2]) if len(row) > 2 else _short(row) for row in rows]


def _short(row: Sequence[str]) -> PatternEntry:
    if not row[0].startswith("0x"):
        raise refused(" ".join(row), _ERRORS)
    return (row[0], row[1] if len(row) > 1 else "", "")


class RuntimePatterns:
    """All maps, or all lists, of every process."""

    def __init__(self, services: Services, kind: PatternKind) -> None:
        self.runtime = services.runtime
        self.state = services.state
        self.kind = kind

    def all(self) -> list[PatternList]:
        """Return every map, or every list."""
        return parse_pattern_lists(self.runtime.execute(f"show {self.kind}")[0])

    def named(
        self, spellings: Sequence[str], choose: Callable[[list[PatternList]], PatternList]
    ) -> PatternList:
        """Return the map or list that `choose` finds; HAProxy is asked once in a process.

        Only a reload changes what files there are, and commands say the file. What is not named by
        its file, in one of `spellings`, is looked up each time: a number or a link may mean another
        file soon. The counts of what is returned are old.
        """
        memory = self.runtime.memory()
        key = (self.kind, *spellings)
        one: PatternList | None = memory.get(key)
        if one is None:
            one = choose(self.all())
            if one.is_named and not {one.file, os.path.basename(one.file)}.isdisjoint(spellings):
                memory[key] = one
        return one

    def dump(self, one: PatternList) -> bytes:
        """Return the entries as HAProxy writes them: a line each, without the last newline."""
        client = self.runtime.processes()[0]
        found = client.dump(f"show {self.kind} {one.word}", self.runtime.deadline)
        if found and not found.startswith(b"0x"):
            raise refused(found.decode("utf-8", "replace"), _ERRORS)
        return found

    def find(self, one: PatternList, key: str) -> PatternEntry | None:
        """Return the first entry with exactly this key; its mark is "" where HAProxy gives none."""
        answers = self.runtime.execute(f"get {self.kind} {one.word} {runtime_argument(key)}")
        match = _EXACT.fullmatch(answers[0].strip())
        if match is not None and match["key"] is None:
            return None
        if match is not None and match["key"] == key:
            return "", key, match["value"] or ""
        return self._search(one, key)

    def _search(self, one: PatternList, key: str) -> PatternEntry | None:
        found = parse_entries(self.dump(one))
        if self.kind == "acl":
            return next((row for row in found if _joined(row) == key), None)
        return next((row for row in found if row[1] == key), None)

    def send(self, command: str, one: PatternList, *arguments: str) -> None:
        """Send one command on an entry to every process; raises what HAProxy's words mean."""
        words = " ".join(arguments)
        answers = self.runtime.execute(f"{command} {self.kind} {one.word} {words}".rstrip(" "))
        if said := first_words(answers):
            raise refused(said, _ERRORS)

    def word(self, one: PatternList, key: str) -> str:
        """Return a key as an argument: by its entry's mark if it begins with `#`, as marks do.

        Raises `NotFound` for a key that is not there, where HAProxy will not be asked to change it.
        """
        if not key.startswith("#"):
            if rehearsing() is not None and self.find(one, key) is None:
                raise NotFound(f"there is no key {key}")
            return runtime_argument(key)
        found = self._search(one, key)
        if found is None:
            raise NotFound(f"there is no key {key}")
        return f"#{found[0]}"

    def replace(self, one: PatternList, rows: Iterable[Sequence[str]]) -> None:
        """Put other entries in place of all, at once for the traffic.

        `one` is from `all`, just asked. `rows` are the words of each entry: a key and a value, or
        one pattern. When HAProxy refuses one of them, everything is as it was.
        """
        words = [" ".join(map(runtime_argument, row)) for row in rows]
        for client in self.runtime.processes():
            self._replace(client, one, words)

    def _replace(self, client: RuntimeClient, one: PatternList, rows: Sequence[str]) -> None:
        seconds = self.runtime.deadline
        answer = client.command(f"prepare {self.kind} #{one.id}", seconds)
        match = _VERSION.search(answer)
        if match is None:
            raise refused(answer.strip(), _ERRORS)
        version = f"{self.kind} @{match[1]} #{one.id}"
        try:
            said = client.batch((f"add {version} {row}" for row in rows),
                                self.runtime.line_limit, seconds)  # fmt: skip
            if said:
                raise BadRequest(f"HAProxy says: {said}")
            client.finish(f"commit {version}", _COMMIT_SECONDS)
        except DataplaneError:
            with suppress(DataplaneError):
                client.command(f"clear {version}", seconds)
            raise

    def changing(self, one: PatternList) -> AbstractContextManager[None]:
        """Keep other changes of this map or list away, in whatever worker they are.

        Raises `RuntimeUnreachable` when another takes long: an upload, or HAProxy hangs.
        """
        name = f"{self.kind}-{zlib.crc32(one.word.encode('utf-8', 'surrogateescape')):08x}"
        return changed_alone(self.state, name, one.label)


def _joined(row: PatternEntry) -> str:
    """Return a pattern of a list whole: it may hold blanks, and no value follows."""
    return f"{row[1]} {row[2]}" if row[2] else row[1]
