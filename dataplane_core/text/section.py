"""A section.

Its header, the comments right above it, and its lines. Immutable; an edit gives a new one.
"""

from collections.abc import Sequence
from typing import Any

from dataplane_core.text.comments import own_start
from dataplane_core.text.conditions import blocks, may_hold, reach
from dataplane_core.text.language import DEFAULTS, SECTIONS, Language
from dataplane_core.text.lines import Line
from dataplane_core.text.tokens import unquote

SCOPE_KIND = "["
"""The kind of the lines `[name]` that divide SPOE files; the name is the whole word."""


class Section:
    """A snapshot of one section's text, cut into lines when first needed.

    `lead` are the comment lines directly above the header (they travel with the section), `lines`
    the lines below it, blank lines and comments at its end included. `language` is that of the
    document that it was cut from.
    """

    __slots__ = ("_lead", "_lines", "_text", "cache", "header", "kind", "language", "name")

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
        # With an open quote, too, it starts a section.
        words = header.tokens or tuple(header.raw.split())
        self.kind = words[0] if words else ""
        if self.kind.startswith(SCOPE_KIND):
            words = (self.kind[0], *words)
            self.kind = SCOPE_KIND
        self.name = unquote(words[1]) if len(words) > 1 and self._origin(words) != 1 else ""
        self._lead = lead
        self._lines = lines
        self._text = text
        self.cache: dict[Any, Any] = {}

    @classmethod
    def parse(cls, text: str, language: Language = SECTIONS) -> "Section":
        """The section written in `text`, which starts with its lead or its header."""
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
        """An empty section, whose header has the line end `end`."""
        words = [kind, *([name] if name else []), *(["from", parent] if parent else [])]
        return cls(Line(" ".join(words) + end), (), ())

    @property
    def lead(self) -> tuple[Line, ...]:
        """The comment lines directly above the header."""
        return self._lead

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines below the header."""
        if self._lines is None:
            start = sum(len(line.raw) for line in self._lead) + len(self.header.raw)
            self._lines = tuple(map(Line, _cut(self.text[start:])))
        return self._lines

    @property
    def text(self) -> str:
        """The section as it stands in the file."""
        if self._text is None:
            parts = [line.raw for line in self._lead]
            parts.append(self.header.raw)
            parts.extend(line.raw for line in self._lines or ())
            self._text = "".join(parts)
        return self._text

    @property
    def parent(self) -> str | None:
        """The defaults section that the header's `from` names."""
        words = self.header.tokens
        at = self._origin(words)
        return unquote(words[at + 1]) if at + 1 < len(words) else None

    def _origin(self, words: Sequence[str]) -> int:
        """Where `from` stands on the header, else its end; only `defaults` may lack a name."""
        first = 1 if self.kind == DEFAULTS else 2
        return next((at for at in (first, 2) if words[at : at + 1] == ("from",)), len(words))

    def with_parent(self, parent: str | None) -> "Section":
        """The section with `from parent` on its header, or without a `from`."""
        if parent == self.parent:
            return self
        words = list(self.header.tokens)
        at = self._origin(self.header.tokens)
        words[at : at + 2] = ["from", parent] if parent else []
        return self._with(self.header.rewritten(words), self.lines)

    def with_lines(self, lines: Sequence[Line]) -> "Section":
        """The section with other lines below its header; what lacks a line end gets one."""
        body, end = tuple(lines), self.line_end()
        header = _ended(self.header, end) if body else self.header
        if any(not line.raw.endswith("\n") for line in body[:-1]):
            body = (*(_ended(line, end) for line in body[:-1]), body[-1])
        return self._with(header, body)

    def _with(self, header: Line, lines: tuple[Line, ...]) -> "Section":
        return Section(header, self._lead, lines, language=self.language)

    def spoken(self, language: Language) -> "Section":
        """The section as one of a document in `language`."""
        if language is self.language:
            return self
        return Section(self.header, self._lead, self._lines, self._text, language)

    def insert(self, at: int, *lines: Line) -> "Section":
        """The section with `lines` in front of its line `at`."""
        return self.with_lines([*self.lines[:at], *lines, *self.lines[at:]])

    def replace(self, at: int, line: Line) -> "Section":
        """The section with another line at `at`."""
        return self.with_lines([*self.lines[:at], line, *self.lines[at + 1 :]])

    def end(self) -> int:
        """Where a line is appended: behind the last line that says something.

        Directives of a conditional block that holds other sections too are none of its lines.
        """
        for at in range(reach(self.lines, self.blocks[1]) - 1, -1, -1):
            if self.lines[at].tokens or self.lines[at].broken:
                return at + 1
        return 0

    @property
    def blocks(self) -> tuple[list[range], list[int]]:
        """The conditional blocks among its lines, and directives of those that go beyond it."""
        known: tuple[list[range], list[int]] | None = self.cache.get("blocks")
        if known is None:
            known = blocks(self.lines) if may_hold(self.text) else ([], [])
            self.cache["blocks"] = known
        return known

    def outside(self, at: int) -> int:
        """The place nearest to `at` where a line counts whenever the header does."""
        whole, strays = self.blocks
        if at > reach(self.lines, strays):
            at = self.end()
        return max([at, *(block.stop for block in whole if at in block[1:])])

    def first_outside(self, places: Sequence[int]) -> int:
        """The first of the places where a line counts whenever the header does.

        Where there is none, a conditional block holds them all, and the first place is it.
        """
        return next((at for at in places if self.outside(at) == at), places[0])

    def in_front(self, first: int, at: int) -> int:
        """The place for a line in front of the line `at` and its comments, from `first` on.

        That is in front of the conditional block that the line begins.
        """
        places = range(own_start(self.lines, at, self.language), first - 1, -1)
        return own_start(self.lines, self.first_outside(places), self.language)

    def indent(self) -> str:
        """The indentation that the section's lines have."""
        for line in self.lines:
            if line.tokens and not line.tokens[0].startswith("."):
                return line.indent
        return "  "

    def line_end(self) -> str:
        """The line end that the section uses."""
        return "\r\n" if self.header.raw.endswith("\r\n") else "\n"

    def ends_blank(self) -> bool:
        """Whether a blank line is the section's last one."""
        return bool(self.lines) and self.lines[-1].is_blank and self.lines[-1].raw.endswith("\n")

    def separated(self) -> "Section":
        """The section with one empty line at its end."""
        if self.ends_blank():
            return self
        return self.with_lines([*self.lines, Line(self.line_end())])

    def without_blank(self) -> "Section":
        """The section without a blank line at its end."""
        return self.with_lines(self.lines[:-1]) if self.ends_blank() else self

    def trimmed(self) -> "Section":
        """The section without any blank line at its end."""
        return self.without_blank().trimmed() if self.ends_blank() else self

    def __repr__(self) -> str:
        return f"<Section {self.kind} {self.name} of {len(self.lines)} lines>"


class JoinedSections(Section):
    """All lines of several sections; the headers of all but the first stand among them.

    An edit gives a plain section, which `cut` parts again.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Section]) -> None:
        first, *others = parts
        more = [line for section in others for line in (section.header, *section.lines)]
        super().__init__(
            first.header, first.lead, (*first.lines, *more), language=first.language
        )
        self.parts = tuple(parts)

    def end(self) -> int:
        """The end of the first section: HAProxy takes some lines of `global` in that one only."""
        return self.parts[0].end()

    def outside(self, at: int) -> int:
        """The place nearest to `at` in the first section."""
        return super().outside(at) if at <= len(self.parts[0].lines) else self.end()

    def cut(self, edited: Section) -> list[Section]:
        """The sections that an edit makes of the parts; the untouched ones as they are."""
        pieces: list[list[Line]] = [[edited.header]]
        for line in edited.lines:
            if line.tokens[:1] == (self.kind,):
                pieces.append([])
            pieces[-1].append(line)
        return [
            part
            if (part.header, *part.lines) == tuple(lines)
            else Section(lines[0], part.lead, tuple(lines[1:]), language=part.language)
            for part, lines in zip(self.parts, pieces, strict=True)
        ]


def _ended(line: Line, end: str) -> Line:
    return line if line.raw.endswith("\n") else Line(line.raw + end)


def _cut(text: str) -> list[str]:
    """Lines with their ends; only a newline ends a line (str.splitlines knows more)."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])
