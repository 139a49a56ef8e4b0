"""Tell which lines of the text that a client sent HAProxy's findings are about."""

from collections.abc import Callable, Iterable

from dataplane_core.plugin import (
    Document,
    Finding,
    Language,
    Section,
    SentFinding,
    split_header,
    unquote,
)


class SentText:
    """A text that a client sent, of which a file was made."""

    def __init__(self, text: str, language: Language) -> None:
        self._head, rest = split_header(text)
        self._document = Document.parse(rest, language)

    def located(
        self, findings: Iterable[Finding], result: Document, below: Callable[[int], int]
    ) -> tuple[Finding, ...]:
        """Return findings about a file with the lines of the text, where it has such a line.

        `below` gives the number of a line in the document of the file.
        """
        return tuple(
            SentFinding(
                one.line, one.severity, one.message, one.section, one.resource,
                None if one.line is None else self._line(result, below(one.line)),
            )
            for one in findings
        )  # fmt: skip

    def _line(self, result: Document, number: int) -> int | None:
        """Return the line that says what a line of the result says, in the same section."""
        above = result.preamble.count("\n")
        for section in result.sections:
            header = above + section.top.count("\n") + 1
            above += section.text.count("\n")
            if number <= above:
                sent = self._document.by_key(result.key(section))
                if sent is None or number < header:
                    return None
                return self._in_section(section, sent, number - header - 1)
        return None

    def _in_section(self, section: Section, sent: Section, at: int) -> int | None:
        header = self._header(sent)
        if at < 0:
            return self._head.above(header)
        said = _said(section)
        alike = [place for place, words in enumerate(_said(sent)) if words == said[at]]
        if not said[at] or not alike:
            return None
        place = alike[min(said[:at].count(said[at]), len(alike) - 1)]
        return self._head.above(header + 1 + place)

    def _header(self, sent: Section) -> int:
        sections = self._document.sections
        above = "".join(one.text for one in sections[: self._document.position(sent)])
        top = (self._document.preamble, above, sent.top)
        return 1 + sum(text.count("\n") for text in top)


def _said(section: Section) -> list[list[str]]:
    """Return the words of each line of a section."""
    return [[unquote(word) for word in line.tokens] for line in section.lines]
