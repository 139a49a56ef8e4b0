"""Users of a `userlist` section, as HAProxy reads them (manual, section "Userlists").

What HAProxy makes of a line cannot always be known here: a condition decides, or a variable of its
own environment. Such a line gives nobody access, and neither does a later one of the same name,
since HAProxy may have taken the first.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dataplane_core.auth.environment import haproxy_environment
from dataplane_core.auth.passwords import StoredPassword
from dataplane_core.text import ConditionalBlocks, Document, Line, Section, words
from dataplane_core.text.language import SECTIONS

_OPTIONS = frozenset({"password", "insecure-password", "groups"})
_CONDITION = (
    "stands in a conditional block (.if), and only HAProxy can evaluate its condition; "
    "put it outside of the block, or users of the API into a file that userlist_file names"
)


@dataclass(frozen=True, slots=True)
class Account:
    """One user with what proves it, and the groups it is in."""

    name: str
    secret: StoredPassword
    groups: frozenset[str] = frozenset()


class IgnoredLine(NamedTuple):
    """A line (counted from 1) that gives nobody access, and why, without its password."""

    line: int
    reason: str


class UserlistContent(NamedTuple):
    """What a userlist says: the users with a password, and the lines that do not count."""

    accounts: Mapping[str, Account]
    doubts: tuple[IgnoredLine, ...]


def users_of(document: Document, userlist: str) -> UserlistContent:
    """Return what the userlist of that name says; variables are those of this process."""
    reader = _Reader(document, userlist)
    reader.read()
    accounts = {
        name: Account(name, secret, frozenset(reader.groups.get(name, ())))
        for name, secret in reader.secrets.items()
    }
    return UserlistContent(accounts, tuple(reader.doubts))


class _Reader:
    """Goes through the userlists of a document in HAProxy's order.

    HAProxy warns of a second list of the same name, and adds its lines to the list that it has
    begun last, whatever the name of that one.
    """

    def __init__(self, document: Document, name: str) -> None:
        self.secrets: dict[str, StoredPassword] = {}
        self.groups: dict[str, set[str]] = {}
        self.doubts: list[IgnoredLine] = []
        self._document = document
        self._name = name
        self._text = document.text()
        self._counted = (0, 1)  # an offset, and the line that it is on
        self._blocks = ConditionalBlocks(self._text)
        self._environ = haproxy_environment(document, self._blocks)
        self._begun: set[str] = set()
        self._uncertain: set[str] = set()
        self._last: str | None = None  # the list begun last; None where a condition decides
        self._lost = False  # a line's meaning is unknown, and with it that of all that follow
        self._taken: set[tuple[str, str]] = set()

    def read(self) -> None:
        """Read every userlist section."""
        at = len(self._document.preamble)
        for section in self._document.sections:
            if self._lost:
                return
            header = at + sum(len(line.raw) for line in section.lead)
            if section.kind == "userlist":
                self._read_section(section, header)
            elif self._blocks.hold(header):
                self._last = None  # without this header, what stands below it belongs to that list
            at += len(section.text)

    def _read_section(self, section: Section, at: int) -> None:
        if self._target(section.header, at) != self._name:
            return
        at += len(section.header.raw)
        for line in section.lines:
            if not (line.is_blank or line.is_comment) and not self._read_line(line, at):
                return
            at += len(line.raw)

    def _target(self, header: Line, at: int) -> str | None:
        """The list that HAProxy adds the lines below this header to; None if it is uncertain."""
        read = words(header.raw, self._environ)
        if len(read.values) < 2:
            self._lost = True
            reason = read.problem or "a userlist needs a name"
            self._doubt(at, f"{reason}; no userlist from here on counts")
            return None
        name = read.values[1]
        if self._blocks.hold(at) or name in self._uncertain:
            self._uncertain.add(name)
            self._last = None
        elif name not in self._begun:
            self._begun.add(name)
            self._last = name
        if name == self._name and self._last is None:
            self._doubt(at, f"userlist {name}, or one of the name in front of it, {_CONDITION}")
        elif name != self._last and self._name in (name, self._last):
            into = self._last or "another, which a condition decides"
            self._doubt(at, f"there is a userlist {name} above; HAProxy adds these users to {into}")
        return self._last

    def _read_line(self, line: Line, at: int) -> bool:
        """Take a line in; False where the section cannot be followed further."""
        read = words(line.raw, self._environ)
        keyword = read.values[0] if read.values else ""
        if keyword.startswith("."):
            return True
        if keyword not in ("user", "group") or len(read.values) < 2:
            # HAProxy refuses it, if it is not a section that is unknown here, or a user unknown.
            self._lost = bool(read.problem) or keyword == "userlist"
            reason = read.problem or "a user or a group is expected here"
            self._doubt(at, f"{reason}; nothing behind it in the userlist counts")
            return False
        entry = (keyword, read.values[1])
        who = f"{keyword} {read.values[1]}"
        if entry in self._taken:
            self._doubt(at, f"there is a {who} above, and the first counts")
        elif self._blocks.hold(at):
            self._doubt(at, f"{who} {_CONDITION}")
        elif read.problem:
            self._doubt(at, f"{who} does not count: {read.problem}")
        elif keyword == "group":
            self._add_group(read.values)
        else:
            self._add_user(read.values, at)
        self._taken.add(entry)
        return True

    def _add_group(self, values: tuple[str, ...]) -> None:
        arguments = dict(zip(values[2::2], values[3::2], strict=False))
        for name in filter(None, arguments.get("users", "").split(",")):
            self.groups.setdefault(name, set()).add(values[1])

    def _add_user(self, values: tuple[str, ...], at: int) -> None:
        name, options = values[1], values[2:]
        if "" in options[::2]:  # HAProxy looks no further than an empty word in a keyword's place
            options = options[: 2 * options[::2].index("")]
        keywords, arguments = options[::2], options[1::2]
        if not _OPTIONS.issuperset(keywords):
            what = "a word stands there that HAProxy does not know"
            return self._doubt(at, f"user {name} does not count: {what}")
        if len(arguments) < len(keywords) and keywords[-1] != "groups":
            return self._doubt(at, f"user {name} does not count: the password is missing")
        given = dict(zip(keywords, arguments, strict=False))
        self.groups.setdefault(name, set()).update(filter(None, given.pop("groups", "").split(",")))
        passwords = [
            word for key, word in zip(keywords, arguments, strict=False) if key != "groups"
        ]
        if passwords:
            # Of several passwords the last counts; with one in the clear, none is a hash.
            self.secrets[name] = StoredPassword(passwords[-1], "insecure-password" in given)
        return None

    def _doubt(self, at: int, reason: str) -> None:
        counted, line = self._counted
        self._counted = at, line + self._text.count("\n", counted, at)
        self.doubts.append(IgnoredLine(self._counted[1], reason))


class UserlistFile:
    """Source of a userlist in a file of its own, read again when the file has changed."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._identity: tuple[int, int, int] | None = None
        self._document = Document.parse("", SECTIONS)

    def __call__(self) -> Document:
        """Return the file's document; an empty one when it cannot be read."""
        try:
            status = os.stat(self.path)
            identity = (status.st_ino, status.st_mtime_ns, status.st_size)
            if identity != self._identity:
                text = self.path.read_bytes().decode("utf-8", "surrogateescape")
                self._document, self._identity = Document.parse(text, SECTIONS), identity
        except OSError:
            self._document, self._identity = Document.parse("", SECTIONS), None
        return self._document
