"""Make a section say, line by line, what another one says, with the fewest edits.

What a line says are its words as HAProxy reads them: a line that says the same stays as it is, with
its spacing and its comments. Directives (`.if`) are lines like others. In the end both sections
have the same words in the same order; the comments are those of the first one, and those of the
second one that are about lines that come.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence, Set
from functools import cached_property

from dataplane_core.dataclass import dataclass
from dataplane_core.text.comments import first_keyword, heads_a_group, own_comments_start
from dataplane_core.text.lines import Line, split_lines
from dataplane_core.text.matching import opcodes
from dataplane_core.text.section import Section
from dataplane_core.text.section_edit import SectionEdit
from dataplane_core.text.tokens import has_variable, may_be_quoted, unquote

Said = tuple[Hashable, ...]
"""The words of a line, such that equal ones are the same words to HAProxy."""


@dataclass(frozen=True, slots=True)
class FirstWords:
    """First words of lines that tell which line is which.

    Behind those that are `named` stands a name: the line with that name is the same one, changed.
    Lines with those that are `listed` are rules, each of its own: one is not another, changed,
    unless the second words are the same, too.
    """

    named: Set[str] = frozenset()
    listed: Set[str] = frozenset()


NO_FIRST_WORDS = FirstWords()


def said_by(line: Line) -> Said:
    """Return the words of a line as HAProxy reads them; none for a blank line and a comment.

    >>> said_by(Line('mode "http" # why')) == said_by(Line("  mode   http"))
    True
    """
    tokens = line.tokens
    if line.broken:
        return (None, line.raw.strip())
    if not tokens or not may_be_quoted(line.raw):
        return tokens
    return tuple((one, None) if has_variable(one) else unquote(one) for one in tokens)


def all_said(lines: Sequence[Line]) -> list[tuple[int, Said]]:
    """Return the words of the lines that have some, each with the place of the line."""
    return [(at, words) for at, line in enumerate(lines) if (words := said_by(line))]


def saying(section: Section, other: Section, first_words: FirstWords = NO_FIRST_WORDS) -> Section:
    """Return `section` saying what `other` says; its header gets the same words, too.

    >>> section = Section.parse("backend b\\n  mode   http\\n  server a  :1 # one\\n")
    >>> other = Section.parse("backend b\\n mode 'http'\\n server a :2\\n server b :3\\n")
    >>> print(saying(section, other, FirstWords({"server"})).text, end="")
    backend b
      mode   http
      server a :2 # one
      server b :3
    """
    if said_by(section.header) != said_by(other.header):
        section = section.with_header(rewritten(section.header, other.header))
    in_place = _changed_in_place(section, other, first_words)
    if in_place is not None:
        return in_place
    old, new = all_said(section.lines), all_said(other.lines)
    if [words for _, words in old] == [words for _, words in new]:
        return section
    return _Change(section, other, first_words, old, new).made()


def _changed_in_place(
    section: Section, other: Section, first_words: FirstWords
) -> Section | None:
    """Return `section` saying what `other` does, where named lines alone differ, each in its place.

    None stands for any other difference. States that a program makes one after the other mostly
    differ so; then only lines that differ are cut into words.
    """
    lines, raws = section.lines, split_lines(other.text[len(other.top) :])
    if len(lines) != len(raws):
        return None
    changed = {}
    for at, (line, raw) in enumerate(zip(lines, raws, strict=True)):
        if line.raw == raw:
            continue
        new = Line(raw)
        was, is_now = said_by(line), said_by(new)
        if was != is_now:
            if not was or was[:2] != is_now[:2] or was[0] not in first_words.named:
                return None
            changed[at] = rewritten(line, new)
    return section.replace_each(changed)


def rewritten(line: Line, other: Line) -> Line:
    """Return a line that says what another does, with its own indent, and comment if it can."""
    if other.broken or line.broken:
        end = line.raw[len(line.raw.rstrip("\r\n")) :]
        return Line(line.indent + other.raw.strip() + end)
    new = line.rewritten(other.tokens)
    return new.with_comment(other.comment) if other.comment else new


class _Change:
    """The change of a section into one that says what another says.

    Lines that have words are numbered, in each of the two sections from 0.
    """

    def __init__(
        self,
        section: Section,
        other: Section,
        first_words: FirstWords,
        old: Sequence[tuple[int, Said]],
        new: Sequence[tuple[int, Said]],
    ) -> None:
        self._section = section
        self._other = other
        # Held here: lines of a section that is larger than the budget are cut whenever it is asked.
        self._lines, self._their_lines = section.lines, other.lines
        self._first_words = first_words
        self._places = [at for at, _ in old]
        self._others = [at for at, _ in new]
        self._old = [words for _, words in old]
        self._new = [words for _, words in new]
        self._edit = SectionEdit(section)
        self._is_below_heading = False

    def made(self) -> Section:
        """Return the changed section."""
        if list(map(self._identity, self._old)) == list(map(self._identity, self._new)):
            for number in range(len(self._old)):
                self._rewrite(number, number)
            return self._edit.done()
        pairs = dict(self._pairs())
        staying = set(pairs.values())
        going: dict[Hashable, list[int]] = {}
        for number, words in enumerate(self._old):
            if number not in staying:
                self._edit.remove(self._places[number])
                going.setdefault(self._identity(words), []).append(number)
        above, nexts = -1, self._nexts(pairs)
        for number, words in enumerate(self._new):
            same = pairs.get(number)
            if same is None:
                self._bring(number, going.get(self._identity(words)), above, nexts[number])
            else:
                above = same
                self._rewrite(same, number)
        return self._edit.done()

    def _bring(self, number: int, same: list[int] | None, above: int, below: int) -> None:
        """Have a line between two that stay: a line that goes elsewhere, or a new one."""
        to = self._place_between(above, below, number)
        if same:
            moved = same.pop(0)
            self._rewrite(moved, number)
            self._edit.move(self._places[moved], to)
        else:
            self._edit.insert_lines(to, self._new_lines(self._others[number]))

    def _rewrite(self, old: int, new: int) -> None:
        if self._old[old] != self._new[new]:
            at = self._places[old]
            line, other = self._lines[at], self._their_lines[self._others[new]]
            self._edit.rewrite(at, rewritten(line, other))

    def _identity(self, words: Said) -> Hashable:
        """Return what a line is known by: its name where it has one, else all its words."""
        return words[:2] if words[0] in self._first_words.named else words

    def _pairs(self) -> Iterator[tuple[int, int]]:
        """Yield the numbers of lines that are the same one, the new one's first."""
        old, new = (list(map(self._identity, said)) for said in (self._old, self._new))
        for tag, i1, i2, j1, j2 in opcodes(old, new):
            if tag == "equal":
                yield from zip(range(j1, j2), range(i1, i2), strict=True)
            elif tag == "replace":
                yield from self._changed(i1, i2, j1, j2)

    def _changed(self, i1: int, i2: int, j1: int, j2: int) -> Iterator[tuple[int, int]]:
        """Yield the pairs of lines, of those that differ, of which one is the other, changed.

        Both start with the same word, if that begins one line alone, and no rule; else with the
        same two.
        """

        def start(words: Said) -> Hashable:
            return words[:2] if words[0] in self._several else words[:1]

        old, new = (list(map(start, said)) for said in (self._old[i1:i2], self._new[j1:j2]))
        for tag, a1, a2, b1, b2 in opcodes(old, new):
            if tag == "equal":
                yield from zip(range(j1 + b1, j1 + b2), range(i1 + a1, i1 + a2), strict=True)

    @cached_property
    def _several(self) -> Set[Hashable]:
        """The first words of lines of which a section may have several."""
        counts = (Counter(words[0] for words in said) for said in (self._old, self._new))
        found = {word for count in counts for word in count if count[word] > 1}
        return found | self._first_words.named | self._first_words.listed

    def _nexts(self, pairs: dict[int, int]) -> list[int]:
        """Return, for each new line, the old line that stays and is the next one below it."""
        found, below = [], len(self._old)
        for number in range(len(self._new) - 1, -1, -1):
            below = pairs.get(number, below)
            found.append(below)
        return found[::-1]

    def _place_between(self, above: int, below: int, number: int) -> int:
        """Return the place for a new line between two old ones that stay, given by their numbers.

        It is that of the lines between the two, which go, else behind the first one.
        """
        if not self._places:
            return self._section.end()
        if below > above + 1:
            return self._places[below - 1] + 1
        if above >= 0:
            return self._places[above] + 1
        keyword = first_keyword(self._their_lines[self._others[number]])
        self._is_below_heading |= keyword == self._headed  # and so are those behind it
        return self._places[0] if self._is_below_heading else self._top

    @cached_property
    def _headed(self) -> str | None:
        """The keyword of the first lines, if comments above them are a heading of several."""
        lines, at = self._lines, self._places[0]
        keyword = first_keyword(lines[at])
        headed = heads_a_group(keyword, lines[at + 1 :], self._section.language)
        return keyword if headed else None

    @cached_property
    def _top(self) -> int:
        """The place in front of the first line and the comments that are about it."""
        return own_comments_start(self._lines, self._places[0], self._section.language)

    @cached_property
    def _indent(self) -> str:
        return self._section.indent()

    def _new_lines(self, at: int) -> tuple[Line, ...]:
        """Return a line of the other section as one of this, with the comments about it alone."""
        lines, end = self._their_lines, self._section.line_end()
        start, indent = own_comments_start(lines, at, self._other.language), self._indent
        return tuple(Line(indent + line.raw.strip() + end) for line in lines[start : at + 1])
