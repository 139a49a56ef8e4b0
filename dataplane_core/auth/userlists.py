"""Read the users of a userlist as HAProxy does (manual, section "Userlists").

A line gives somebody access only where it is certain what HAProxy makes of it. Some lines are
decided by a condition (`.if`), or by a variable of HAProxy's own environment: these are ignored,
with a reason, and so is a later line of the same name, since HAProxy may have taken the first.

| in the file | HAProxy | here |
|---|---|---|
| a second `user a` | takes the first | the second is ignored |
| `user a` in a conditional block | evaluates the condition | it and later `user a` are ignored |
| `user a` with a variable that is not set here | may know it | likewise |
| `user a` with an option that is unknown | refuses the file | the line is ignored |
| a line that is neither `user` nor `group` | refuses the file | the section ends with it |
| such a line that may be a header | may begin another list | nothing from there on counts |
| `userlist` with a name that is not known | likewise | nothing from there on counts |
| a second `userlist l` | adds its lines to the list begun last | the same |
| `userlist l` in a conditional block | evaluates the condition | no list `l` from there on counts |
| another section in such a block | may add its lines to the list | no more lines are added to it |
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from dataplane_core.auth.environment import haproxy_environment
from dataplane_core.auth.passwords import StoredPassword
from dataplane_core.auth.roles import Role
from dataplane_core.dataclass import dataclass
from dataplane_core.haproxy.configuration import read_configuration
from dataplane_core.store.files import FileIdentity, identity_of
from dataplane_core.text import ConditionalBlocks, Document, Line, Section, Words, words
from dataplane_core.text.language import SECTIONS

_OPTIONS = frozenset({"password", "insecure-password", "groups"})
_CONDITION = (
    "stands in a conditional block (.if), and only HAProxy can evaluate its condition; "
    "put it outside of the block, or users of the API into a file that userlist_file names"
)


@dataclass(frozen=True, slots=True)
class Account:
    """One user: the stored password, the groups that the user is in, and what the user may do."""

    name: str
    secret: StoredPassword
    groups: frozenset[str] = frozenset()
    role: Role = Role.ADMIN


class IgnoredLine(NamedTuple):
    """A line (counted from 1) that gives nobody access, and why, without its password."""

    line: int
    reason: str


class UserlistContent(NamedTuple):
    """What a userlist says: the users with a password by name, and the lines that do not count."""

    accounts: Mapping[str, Account]
    ignored: tuple[IgnoredLine, ...]


def users_of(document: Document, userlist: str) -> UserlistContent:
    """Return what the userlist of that name says; variables are those of this process."""
    source = _Source(document)
    entries = _Entries(source)
    with suppress(_CannotFollow):
        for section, at in _sections_of(source, userlist):
            entries.read(section.lines, at)
    return UserlistContent(entries.accounts(), tuple(source.ignored))


class UserlistFile:
    """Source of a userlist in a file of its own, which is read again when the file has changed."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._identity: FileIdentity | None = None
        self._document = Document.parse("", SECTIONS)

    def __call__(self) -> Document:
        """Return the file's document; an empty one when it cannot be read."""
        identity = identity_of(self.path)
        if identity != self._identity:
            try:
                self._document, self._identity = read_configuration(self.path), identity
            except OSError:
                self._document, self._identity = Document.parse("", SECTIONS), None
        return self._document

    def unchanged(self) -> Document | None:
        """Return the document if the file is the one that was read; None where it is to be read."""
        identity = self._identity
        return self._document if identity and identity_of(self.path) == identity else None


class _CannotFollow(Exception):
    """A line was met from which on no userlist can be followed."""


class _Source:
    """A document as HAProxy reads it, with the lines that were ignored so far."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.ignored: list[IgnoredLine] = []
        self._text = document.text()
        self._blocks = ConditionalBlocks(self._text)
        self._environ = haproxy_environment(document, self._blocks)
        self._counted = (0, 1)  # an offset, and the line that it is on

    def words(self, line: Line) -> Words:
        """Return the words of a line, with variables expanded."""
        return words(line.raw, self._environ)

    def is_conditional(self, at: int) -> bool:
        """Tell whether the line at an offset stands in a conditional block."""
        return self._blocks.hold(at)

    def ignore(self, at: int, reason: str) -> None:
        """Note that the line at an offset does not count; offsets only grow."""
        counted, line = self._counted
        self._counted = at, line + self._text.count("\n", counted, at)
        self.ignored.append(IgnoredLine(self._counted[1], reason))


def _sections_of(source: _Source, userlist: str) -> Iterator[tuple[Section, int]]:
    """Yield the sections whose lines HAProxy adds to a list, with the offset of the first line.

    Raises `_CannotFollow`.
    """
    headers = _Headers(source, userlist)
    at = len(source.document.preamble)
    for section in source.document.sections:
        header = at + sum(len(line.raw) for line in section.lead)
        if section.kind == "userlist":
            if headers.list_begun_by(section.header, header) == userlist:
                yield section, header + len(section.header.raw)
        elif source.is_conditional(header):
            headers.current = None  # without this header, the lines below are the list's
        at += len(section.text)


class _Headers:
    """Follows the headers of userlists, and to which list the lines below each are added.

    HAProxy warns of a second list of the same name, and adds its lines to the list that was begun
    last, whatever the name of that one. `current` is that list; None where a condition decides.
    """

    def __init__(self, source: _Source, wanted: str) -> None:
        self.current: str | None = None
        self._source = source
        self._wanted = wanted
        self._begun: set[str] = set()
        self._uncertain: set[str] = set()

    def list_begun_by(self, header: Line, at: int) -> str | None:
        """Return the list that lines below a header are added to; None where that is uncertain."""
        read = self._source.words(header)
        if len(read.values) < 2:
            reason = read.problem or "a userlist needs a name"
            self._source.ignore(at, f"{reason}; no userlist from here on counts")
            raise _CannotFollow
        name = read.values[1]
        if self._source.is_conditional(at) or name in self._uncertain:
            self._uncertain.add(name)
            self.current = None
        elif name not in self._begun:
            self._begun.add(name)
            self.current = name
        self._explain(name, at)
        return self.current

    def _explain(self, name: str, at: int) -> None:
        """Note why the lines below a header are not the wanted list's, or are in spite of it."""
        if name == self._wanted and self.current is None:
            reason = f"userlist {name}, or one of the name in front of it, {_CONDITION}"
            self._source.ignore(at, reason)
        elif name != self.current and self._wanted in (name, self.current):
            into = self.current or "another, which a condition decides"
            reason = f"there is a userlist {name} above; HAProxy adds these users to {into}"
            self._source.ignore(at, reason)


class _Entries:
    """The users and groups of one list, line by line."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._secrets: dict[str, StoredPassword] = {}
        self._groups: dict[str, set[str]] = {}
        self._seen: set[tuple[str, str]] = set()

    def accounts(self) -> dict[str, Account]:
        """Return the users that have a password."""
        return {
            name: Account(name, secret, frozenset(self._groups.get(name, ())))
            for name, secret in self._secrets.items()
        }

    def read(self, lines: Sequence[Line], at: int) -> None:
        """Read the lines of a section, the first of them at an offset; raises `_CannotFollow`."""
        for line in lines:
            if not (line.is_blank or line.is_comment):
                read = self._source.words(line)
                keyword = read.values[0] if read.values else ""
                if keyword in ("user", "group") and len(read.values) > 1:
                    self._take(read, at)
                elif not keyword.startswith("."):
                    self._give_up(read, keyword, at)
                    return
            at += len(line.raw)

    def _give_up(self, read: Words, keyword: str, at: int) -> None:
        """Ignore a line that is neither a user nor a group, and what follows it in the section.

        HAProxy refuses such a file, unless the line begins a section that is not seen as one here,
        or is a user or a group whose words are not known.
        """
        reason = read.problem or "a user or a group is expected here"
        self._source.ignore(at, f"{reason}; nothing behind it in the userlist counts")
        if read.problem or keyword == "userlist":
            raise _CannotFollow

    def _take(self, read: Words, at: int) -> None:
        """Add the user or the group of a line, or note why the line is ignored."""
        entry = (read.values[0], read.values[1])
        who = f"{entry[0]} {entry[1]}"
        reason = ""
        if entry in self._seen:
            reason = f"there is a {who} above, and the first counts"
        elif self._source.is_conditional(at):
            reason = f"{who} {_CONDITION}"
        elif read.problem or (reason := self._add(*entry, read.values[2:])):
            reason = f"{who} does not count: {read.problem or reason}"
        self._seen.add(entry)
        if reason:
            self._source.ignore(at, reason)

    def _add(self, keyword: str, name: str, options: tuple[str, ...]) -> str:
        """Add a user or a group; return why HAProxy refuses the options, else ""."""
        if keyword == "user":
            return self._add_user(name, options)
        arguments = dict(zip(options[::2], options[1::2], strict=False))
        for user in _listed(arguments.get("users", "")):
            self._groups.setdefault(user, set()).add(name)
        return ""

    def _add_user(self, name: str, options: tuple[str, ...]) -> str:
        if "" in options[::2]:  # HAProxy looks no further than an empty word in a keyword's place
            options = options[: 2 * options[::2].index("")]
        keywords, arguments = options[::2], options[1::2]
        if not _OPTIONS.issuperset(keywords):
            return "a word stands there that HAProxy does not know"
        if len(arguments) < len(keywords) and keywords[-1] != "groups":
            return "the password is missing"
        pairs = list(zip(keywords, arguments, strict=False))
        self._groups.setdefault(name, set()).update(_listed(dict(pairs).get("groups", "")))
        passwords = [word for keyword, word in pairs if keyword != "groups"]
        if passwords:
            # Of several passwords the last counts; with one in the clear, none is a hash.
            self._secrets[name] = StoredPassword(passwords[-1], "insecure-password" in keywords)
        return ""


def _listed(names: str) -> Iterator[str]:
    return filter(None, names.split(","))
