"""Find the line of a configuration that a message of HAProxy is about, by the names in the message.

What HAProxy finds once the file is read it says by names alone: `Proxy 'f': unable to find required
default_backend: 'zz'.`, `backend 'b', server 's': …`, `missing timeouts for frontend 'f'.`,
`Removing incomplete section 'peers p' …`. The section is looked for under that name, the line by
the words that the message and the line have in common. Nothing is guessed: a name that several
sections have, or none, gives no place, and without such a line the place is the section's header.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate

from dataplane_core.dataclass import dataclass
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text import Document, Section, unquote
from dataplane_core.text.language import CALLED_BACKEND, CALLED_FRONTEND, DEFAULTS
from dataplane_core.text.section import SCOPE_KIND

_MEANT = {
    "proxy": CALLED_FRONTEND | CALLED_BACKEND | {DEFAULTS},
    "frontend": CALLED_FRONTEND,
    "backend": CALLED_BACKEND,
    "server": CALLED_BACKEND,
}

# Messages quote what users wrote: no expression may try every way to cut a long word.
_QUOTED = lazy_pattern(r"(?<!\w)'([^'\n]+)'(?!\w)")
_CALLED = lazy_pattern(r"(?<![\w-])([\w-]++)(?: section)?:? '([^'\n]+)'(?!\w)")
# A word like `use_backend` or `track-sc0` is a keyword, also where a message does not quote it.
_COMPOUND = lazy_pattern(r"(?<![\w-])[^\W_]++[-_][\w-]*+")
_WORD = lazy_pattern(r"[\w-]++")

_Index = dict[str, list[tuple[int, str]]]


@lru_cache(maxsize=16)
def _subjects(kinds: frozenset[str]) -> re.Pattern[str]:
    """Compile the ways to name a section: `backend 'b'`, `peers section 'p'`, `Proxy f :`."""
    words = "|".join(map(re.escape, sorted((kinds | _MEANT.keys()) - {SCOPE_KIND})))
    return re.compile(
        rf"(?<![\w'-])({words})(?: section)? '([^'\s]+)'(?!\w)|"
        rf"(?<!\w)'({words}) ([^'\s]+)'|\A(?:config: )?(proxy) ([^'\s]+) ?:",
        re.IGNORECASE,
    )


@dataclass(frozen=True, slots=True)
class _Clue:
    """What a message says beside its subject's name.

    `said` are all its words, `names` those in quotes that a line may have, `keywords` those that
    may stand in front of them there, `called` the names with what the message says that they are.
    """

    said: frozenset[str]
    names: frozenset[str]
    keywords: frozenset[str]
    called: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, prose: str, server: str) -> "_Clue":
        called = {*_CALLED.findall(prose), *([("server", server)] if server else [])}
        quoted = set(_QUOTED.findall(prose))
        # What is said about a server is about its line, whatever else it names.
        names = {name for what, name in called if what == "server"} or quoted
        return cls(
            frozenset(_WORD.findall(prose)),
            frozenset(name for name in names if not name.isdigit()),  # could be of anything
            frozenset(quoted.union(_COMPOUND.findall(prose))),
            frozenset(called),
        )

    def is_about(self, before: str, name: str) -> bool:
        """Tell whether the message is about `name` where `before` stands in front of it."""
        if before in self.keywords and before != name:
            return True
        return any(name == one and _same(what, before) for what, one in self.called)


def _same(what: str, keyword: str) -> bool:
    """Tell whether a message means a keyword of a line: by `fcgi-app` it means `use-fcgi-app`."""
    if what == keyword:
        return True
    if what == "server":  # its name in another line is not what is meant
        return False
    shorter, longer = sorted((what, keyword), key=len)
    return longer.startswith(f"{shorter}-") or longer.endswith(f"-{shorter}")


class MessageLocator:
    """The places in one document that are meant by `messages`, and by numbers of lines.

    Lines are counted from 1 in the document's text. A section is read at most once, and only when
    a message may be about one of its lines.
    """

    def __init__(self, document: Document, messages: Iterable[str]) -> None:
        self.document = document
        self._pattern = _subjects(document.language.kinds)
        texts = [section.text for section in document.sections]
        # The lines up to the end of the preamble, and up to that of every section.
        counts = (text.count("\n") + (not text.endswith("\n")) for text in texts)
        self._ends = list(accumulate(counts, initial=document.preamble.count("\n")))
        self._indices: dict[int, _Index] = {}
        self._wanted = frozenset(
            word
            for message in messages
            for name in _QUOTED.findall(_first(message))
            for word in (name, name.partition("/")[2])
        )

    def at(self, line: int) -> tuple[Section, int] | None:
        """Return the section that stands at a line, and the line's number in the section.

        Line 0 is the one below the header.
        """
        end = bisect_left(self._ends, line)
        if not 0 < end < len(self._ends):
            return None
        section = self.document.sections[end - 1]
        return section, line - self._ends[end - 1] - len(section.lead) - 2

    def named(self, message: str) -> int | None:
        """Return the line that a message means by the names in it; None where that is unsure."""
        message = _first(message)
        found = list(self._pattern.finditer(message))
        if not found:
            return None
        if len(found) > 1 and message[: found[0].start()].strip(": ") not in ("", "config"):
            return None  # the first name is not that of what the rest is about
        kind, name = (part for part in found[0].groups() if part is not None)
        kind, server = kind.lower(), ""
        if kind == "server":
            name, _, server = name.partition("/")
        index = self.document.index
        meant = _MEANT.get(kind, {kind})
        sections = [at for one in meant for at in index.get((one, name), ())]
        if not sections:
            return None
        clue = _Clue.of(message[: found[0].start()] + message[found[0].end() :], server)
        return self._line(sections, clue)

    def _line(self, sections: list[int], clue: _Clue) -> int | None:
        """Return the line that is meant in sections of one name: the only one that has it."""
        if len(sections) == 1:
            [at] = sections
            line = self._about(at, clue)
            return self._number(at, -1 if line is None else line)
        # It could be inherited, then it is in none of them.
        every = enumerate(self.document.sections)
        shared = [at for at, section in every if section.kind == DEFAULTS]
        rivals = {at: self._about(at, clue) for at in (*sections, *shared)}
        having = [(at, line) for at, line in rivals.items() if line is not None]
        return self._number(*having[0]) if len(having) == 1 and having[0][0] in sections else None

    def _number(self, at: int, line: int) -> int:
        return self._ends[at] + len(self.document.sections[at].lead) + 2 + line

    def _about(self, at: int, clue: _Clue) -> int | None:
        """Return the line of a section that has a keyword and a name of the message."""
        if not clue.names:
            return None
        if at not in self._indices:
            self._indices[at] = _index(self.document.sections[at], self._wanted)
        index = self._indices[at]
        text = self.document.sections[at].lines
        lines = (
            (-len(clue.said.intersection(text[line].tokens)), line)
            for name in clue.names
            for line, before in index.get(name, ())
            if clue.is_about(before, name)
        )
        return min(lines, default=(0, None))[1]


def _first(message: str) -> str:
    """Return the line that says what is wrong; the lines below it explain."""
    return message.partition("\n")[0]


def _index(section: Section, wanted: frozenset[str]) -> _Index:
    """Return, for each of the words, the lines that have it and the word in front of it."""
    found: _Index = {}
    for number, line in enumerate(section.lines):
        words = line.tokens
        if any(mark in line.raw for mark in "\"'\\"):
            words = tuple(map(unquote, words))
        if not wanted.isdisjoint(words):
            for before, word in zip(words, words[1:], strict=False):
                if word in wanted:
                    found.setdefault(word, []).append((number, before))
    return found
