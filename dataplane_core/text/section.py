"""Hold one section of a configuration file: its header, the comments above that, and its lines."""

import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any
from weakref import ref

from dataplane_core.text.language import DEFAULTS, SECTIONS, Language
from dataplane_core.text.lines import Line, ended, is_whole
from dataplane_core.text.outline import Outline
from dataplane_core.text.places import Places
from dataplane_core.text.splice import CarriedReading, Splice, carried_over, lines_after
from dataplane_core.text.tokens import unquote

SCOPE_KIND = "["
"""The kind of sections that start with `[name]`, in SPOE files; their name is that whole word."""
_Carried = tuple[list[tuple[Any, CarriedReading]], Sequence[Splice]]
_CUT_ALONE = 6
"""Lines that are cut take one of so many parts of the memory that they take when they are read."""


class Section(Places):
    """An immutable section; every edit returns a new one. Its text is cut into lines when asked.

    `kind` is the first word of the header and `name` the second, "" without one. `lead` are the
    comment lines directly above the header, `lines` all lines below it, with the blank lines and
    comments behind the last statement. `language` is that of the document that holds the section.
    `cache` keeps what models and tables of rows have read here, by the declaration that reads; what
    is a `CarriedReading` is carried over to the sections that edits make, once that is asked for.

    >>> section = Section.parse("backend shop from base\\n  mode http\\n")
    >>> section.kind, section.name, section.parent, len(section.lines)
    ('backend', 'shop', 'base', 1)
    """

    __slots__ = ("__weakref__", "_cache", "_edit", "_lead", "_lines", "_outline", "_text", "header",
                 "kind", "language", "name")  # fmt: skip

    def __init__(
        self,
        header: Line,
        lead: tuple[Line, ...] = (),
        lines: tuple[Line, ...] | None = None,
        text: str | None = None,
        language: Language = SECTIONS,
    ) -> None:
        self.header = header
        self.language = language
        # HAProxy looks at the first word alone: a header may have an open quote behind it.
        words = header.tokens or tuple(header.raw.split())
        self.kind = sys.intern(words[0]) if words else ""  # one text for all sections of a kind
        if self.kind.startswith(SCOPE_KIND):
            words = (self.kind[0], *words)
            self.kind = SCOPE_KIND
        self.name = unquote(words[1]) if len(words) > 1 and self._origin(words) != 1 else ""
        self._lead = lead
        self._lines = lines
        self._text = text
        self._outline: Outline | None = None
        self._cache: dict[Any, Any] | _Carried | None = None
        self._edit: tuple[ref[Section], Sequence[Splice]] | None = None

    @classmethod
    def parse(cls, text: str, language: Language = SECTIONS) -> "Section":
        """Return the section that is written in `text`, from its lead or its header on."""
        at, lead = 0, []
        while text[at:].lstrip(" \t").startswith("#"):
            end = text.index("\n", at) + 1
            lead.append(Line(text[at:end]))
            at = end
        end = text.find("\n", at) + 1 or len(text)
        return cls(Line(text[at:end]), tuple(lead), None, text, language)

    @classmethod
    def new(
        cls, kind: str, name: str = "", parent: str | None = None, end: str = "\n"
    ) -> "Section":
        """Return a section without lines; its header has `from parent`, and the line end `end`."""
        words = [kind, *([name] if name else []), *(["from", parent] if parent else [])]
        return cls(Line(" ".join(words) + end), (), ())

    @property
    def cache(self) -> dict[Any, Any]:
        """What was read of the section, or of the one that an edit has made it of."""
        known = self._cache
        if known is None:
            known = self._cache = {}
        elif type(known) is tuple:  # the edit itself need not wait for what nobody may ask for
            known = self._cache = carried_over(*known)
        assert isinstance(known, dict)
        return known

    @property
    def lead(self) -> tuple[Line, ...]:
        """The comment lines directly above the header."""
        return self._lead

    @property
    def top(self) -> str:
        """The text in front of the lines: the header, with the comments directly above it."""
        return "".join([line.raw for line in (*self._lead, self.header)])

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines below the header."""
        lines = self._lines
        if lines is None:
            lines = self._lines = self._uncut.lines()
            self._note(len(self.text) // _CUT_ALONE)
        return lines

    @property
    def _uncut(self) -> Outline:
        outline = self._outline
        if outline is None:
            outline = self._outline = Outline(self.text, len(self.top))
        return outline

    @property
    def is_cut(self) -> bool:
        """Whether the lines are there, so that nothing has to be made to look at them."""
        return self._lines is not None

    def line(self, at: int, raw: str | None = None) -> Line:
        """Return the line at a place; `raw` is its text, where that is known already."""
        lines = self._lines
        return self._uncut.line(at, raw) if lines is None else lines[at]

    def lines_with(self, first_words: Set[str]) -> Iterable[tuple[int, Line]]:
        """Return lines with their places, in order; at least those that start with such a word.

        They are taken to be read.
        """
        lines = self._lines if self._outline is None else None
        if lines is not None:
            self._note(len(self.text))
            return enumerate(lines)
        found = self._uncut.lines_with(first_words)
        self._note(sum([len(line.raw) for _, line in found]))
        return found

    def _note(self, characters: int) -> None:
        """Count that so many characters of the text were read."""
        self.language.budget.sections.note(self, characters, len(self.text))

    def forget(self) -> None:
        """Drop the lines, and all that was read of them; the text stays, of which they are made."""
        self._text = self.text
        self._lines = self._outline = self._cache = None

    @property
    def text(self) -> str:
        """The section as it stands in the file."""
        lines = self._lines  # first: a thread that forgets them sets the text before
        text = self._text
        if text is None:
            text = self._text = self.top + "".join([line.raw for line in lines or ()])
        return text

    @property
    def parent(self) -> str | None:
        """The name of the `defaults` section behind the header's `from`; None without one."""
        words = self.header.tokens
        at = self._origin(words)
        return unquote(words[at + 1]) if at + 1 < len(words) else None

    def _origin(self, words: Sequence[str]) -> int:
        """Return the place of `from` among the header's words; without one, their number.

        `from` stands behind a name, which only `defaults` may lack.
        """
        first = 1 if self.kind == DEFAULTS else 2
        return next((at for at in (first, 2) if words[at : at + 1] == ("from",)), len(words))

    def with_parent(self, parent: str | None) -> "Section":
        """Return the section with `from parent` on its header; with None, without a `from`."""
        if parent == self.parent:
            return self
        words = list(self.header.tokens)
        at = self._origin(self.header.tokens)
        words[at : at + 2] = ["from", parent] if parent else []
        return self.with_header(self.header.rewritten(words))

    def with_header(self, header: Line) -> "Section":
        """Return the section with another header, of the same kind and name."""
        return self if header is self.header else self._edited(header, self.lines, ())

    def with_top(self, top: str) -> "Section":
        """Return the section with another text in front of its lines."""
        parsed = Section.parse(top, self.language)
        return Section(parsed.header, parsed.lead, self.lines, language=self.language)

    def with_lines(self, lines: Sequence[Line]) -> "Section":
        """Return the section with other lines below its header; all but the last are ended."""
        body, end = tuple(lines), self.line_end()
        header = ended(self.header, end) if body else self.header
        if not all(map(is_whole, body[:-1])):
            body = (*(ended(line, end) for line in body[:-1]), body[-1])
        section = self._with(header, body)
        if any("\n" in line.raw[:-1] for line in body):
            return Section.parse(section.text, self.language)
        return section

    def spliced(self, splices: Sequence[Splice]) -> "Section":
        """Return the section with other lines in some places; all but the last are ended.

        It costs the lines that come, and the copy of a tuple: what is known of the others is
        carried over.
        """
        if not splices:
            return self
        lines = lines_after(self.lines, splices)
        is_ended = (self.lines[-1] if self.lines else self.header).raw.endswith("\n")
        if not is_ended or not all(is_whole(line) for one in splices for line in one.added):
            return self.with_lines(lines)
        return self._edited(self.header, lines, splices)

    def splices_from(self, other: "Section") -> Sequence[Splice] | None:
        """Return the edit of its lines that has made this section of `other`.

        Return None where it was not made of that section in one edit.
        """
        return self._edit[1] if self._edit is not None and self._edit[0]() is other else None

    def _edited(
        self, header: Line, lines: tuple[Line, ...], splices: Sequence[Splice]
    ) -> "Section":
        section = self._with(header, lines)
        section._edit = ref(self), splices
        known = list(self.cache.items())
        section._cache = [one for one in known if isinstance(one[1], CarriedReading)], splices
        return section

    def _with(self, header: Line, lines: tuple[Line, ...]) -> "Section":
        return Section(header, self._lead, lines, language=self.language)

    def spoken(self, language: Language) -> "Section":
        """Return the section as one of a document with the language `language`."""
        if language is self.language:
            return self
        return Section(self.header, self._lead, self._lines, self._text, language)

    def insert(self, at: int, *lines: Line) -> "Section":
        """Return the section with `lines` in front of its line `at`."""
        return self.spliced([Splice(at, 0, lines)])

    def replace(self, at: int, line: Line) -> "Section":
        """Return the section with another line in the place `at`."""
        return self.spliced([Splice(at, 1, (line,))])

    def replace_each(self, lines: Mapping[int, Line]) -> "Section":
        """Return the section with other lines in some places."""
        own = self.lines if lines else ()
        others = ((at, line) for at, line in lines.items() if line is not own[at])
        return self.spliced([Splice(at, 1, (line,)) for at, line in sorted(others)])

    def indent(self) -> str:
        """Return the indentation of the section's first statement; two blanks without one."""
        for line in self.lines:
            if line.tokens and not line.tokens[0].startswith("."):
                return line.indent
        return "  "

    def line_end(self) -> str:
        """Return the line end of the section's header."""
        return "\r\n" if self.header.raw.endswith("\r\n") else "\n"

    def ends_blank(self) -> bool:
        """Return whether the section's last line is blank and ended."""
        return bool(self.lines) and self.lines[-1].is_blank and self.lines[-1].raw.endswith("\n")

    def with_blank_end(self) -> "Section":
        """Return the section with a blank line at its end, which is added where it is missing."""
        if self.ends_blank():
            return self
        return self.insert(len(self.lines), Line(self.line_end()))

    def without_blank_end(self) -> "Section":
        """Return the section without the blank line at its end, if there is one."""
        return self.spliced([Splice(len(self.lines) - 1, 1, ())]) if self.ends_blank() else self

    def trimmed(self) -> "Section":
        """Return the section without the blank lines at its end."""
        end = len(self.lines)
        while end and self.lines[end - 1].is_blank and self.lines[end - 1].raw.endswith("\n"):
            end -= 1
        gone = len(self.lines) - end
        return self.spliced([Splice(end, gone, ())]) if gone else self

    def __repr__(self) -> str:
        return f"<Section {self.kind} {self.name} of {len(self.lines)} lines>"
