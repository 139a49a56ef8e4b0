"""Hold one line of a configuration file as it was written, and cut it only when asked."""

from collections.abc import Sequence
from typing import Any

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.tokens import QuoteError, scan

_INDENT = lazy_pattern(r"[ \t]*")
NO_READINGS: dict[Any, Any] = {}
"""What lines have that nobody has read, as most of a large text: one for all, and always empty."""


def with_last_newline(text: str) -> str:
    """Return `text` with an end of its last line, `\\r\\n` where the line before has that.

    HAProxy refuses a file whose last line has no end: it takes the file for one that was cut off.
    Editors and clients often leave that end out.
    """
    if not text or text.endswith("\n"):
        return text
    crlf = text.rpartition("\n")[0].endswith("\r") and not text.endswith("\r")
    return text + ("\r\n" if crlf else "\n")


class Line:
    """An immutable line: `raw` is its text with the line end, all else follows from that.

    `readings` is the grammar's cache of what each form of line reads here. It travels with the line
    through every edit of its section, so that after an edit only new lines are read. `broken` is
    whether the line has an open quote; it is known once `tokens` were asked for.

    >>> line = Line("  server s1 192.0.2.1:80  # first\\n")
    >>> line.tokens, line.comment
    (('server', 's1', '192.0.2.1:80'), '# first')
    >>> line.rewritten(["server", "s1", "192.0.2.9:80"]).raw
    '  server s1 192.0.2.9:80  # first\\n'
    """

    __slots__ = ("_comment", "_tokens", "broken", "raw", "readings")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.broken = False
        self.readings = NO_READINGS
        self._tokens: tuple[str, ...] | None = None
        self._comment = ""

    def keep(self, form: Any, reading: Any) -> None:
        """Keep what a form of line reads here."""
        if self.readings is NO_READINGS:
            self.readings = {form: reading}
        else:
            self.readings[form] = reading

    @property
    def tokens(self) -> tuple[str, ...]:
        """The raw tokens; empty for a blank line, a comment, and a line with an open quote."""
        if self._tokens is None:
            # The words come last: other threads take the rest for known as soon as they are there.
            try:
                tokens, self._comment = scan(self.raw)
            except QuoteError:
                tokens, self.broken = (), True
            self._tokens = tokens
        return self._tokens

    @property
    def comment(self) -> str:
        """The trailing comment from its `#` on, or ""."""
        return self._comment if self.tokens or self.is_comment else ""

    @property
    def is_comment(self) -> bool:
        """Whether the line holds a comment and nothing else."""
        return self.raw.lstrip(" \t").startswith("#")

    @property
    def is_blank(self) -> bool:
        """Whether nothing is written on the line."""
        return not self.raw.strip()

    @property
    def indent(self) -> str:
        """The blanks in front of the first word."""
        match = _INDENT.match(self.raw)
        return match[0] if match else ""

    def rewritten(self, tokens: Sequence[str]) -> "Line":
        """Return the line with other words; indentation, comment and line end stay."""
        if tuple(tokens) == self.tokens:
            return self
        end = self.raw[len(self.raw.rstrip("\r\n")) :]
        if not self.comment:
            return Line(self.indent + " ".join(tokens) + end)
        body = self.raw.rstrip("\r\n")
        before = body[: len(body) - len(self.comment)]
        gap = before[len(before.rstrip(" \t")) :]
        return Line(f"{self.indent}{' '.join(tokens)}{gap or ' '}{self.comment}{end}")

    def with_comment(self, comment: str) -> "Line":
        """Return the line with another comment behind its words, from the `#` on; "" for none."""
        if comment == self.comment or not self.tokens:
            return self
        body = self.raw.rstrip("\r\n")
        end = self.raw[len(body) :]
        if self.comment:
            written = body.removesuffix(self.comment)
            bare = written.rstrip(" \t")
            body = written if bare.endswith("\\") else bare  # an escaped blank is the word's
        return Line(f"{body} {comment}{end}" if comment else body + end)

    @classmethod
    def make(cls, tokens: Sequence[str], indent: str = "  ", end: str = "\n") -> "Line":
        """Return a new line of `tokens`, with one blank between them."""
        return cls(indent + " ".join(tokens) + end)

    def __repr__(self) -> str:
        return f"Line({self.raw!r})"


def is_whole(line: Line) -> bool:
    """Return whether a line is ended, and is not several lines."""
    return line.raw.find("\n") == len(line.raw) - 1


def ended(line: Line, end: str) -> Line:
    """Return the line with `end` behind it, where it has no end."""
    return line if line.raw.endswith("\n") else Line(line.raw + end)


def split_lines(text: str) -> list[str]:
    """Return the text of each line; only a newline ends a line (str.splitlines knows more)."""
    raws = text.split("\n")
    last = raws.pop()
    return [raw + "\n" for raw in raws] + ([last] if last else [])


def lines_of(text: str) -> tuple[Line, ...]:
    """Return the lines of a text."""
    return tuple(map(Line, split_lines(text)))
