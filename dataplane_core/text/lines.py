"""One line of a configuration file, kept as it was written."""

import re
from collections.abc import Sequence
from typing import Any

from dataplane_core.text.tokens import QuoteError, scan

_INDENT = re.compile(r"[ \t]*")


def with_last_newline(text: str) -> str:
    """Return `text` with its last line ended, as the line before it is.

    HAProxy takes a file whose last line has no end for one that was cut off, and refuses it.
    Editors and clients often leave that end out.
    """
    if not text or text.endswith("\n"):
        return text
    crlf = text.rpartition("\n")[0].endswith("\r") and not text.endswith("\r")
    return text + ("\r\n" if crlf else "\n")


class Line:
    """An immutable line: `raw` is its text with the line end; all else is read from it when asked
    for.

    `readings` is a cache for the grammar: what a declaration made of this line. It travels with the
    line through every edit of its section, so that an edit reads only the lines that are new.
    """

    __slots__ = ("_comment", "_tokens", "broken", "raw", "readings")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.broken = False
        self.readings: dict[Any, Any] = {}
        self._tokens: tuple[str, ...] | None = None
        self._comment = ""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The raw words; empty for a blank line, a comment, and a line with an open quote."""
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
        """The blanks in front."""
        match = _INDENT.match(self.raw)
        return match[0] if match else ""

    def rewritten(self, tokens: Sequence[str]) -> "Line":
        """The same line with other words: indentation, trailing comment and line end stay."""
        if tuple(tokens) == self.tokens:
            return self
        end = self.raw[len(self.raw.rstrip("\r\n")) :]
        if not self.comment:
            return Line(self.indent + " ".join(tokens) + end)
        body = self.raw.rstrip("\r\n")
        before = body[: len(body) - len(self.comment)]
        gap = before[len(before.rstrip(" \t")) :]
        return Line(f"{self.indent}{' '.join(tokens)}{gap or ' '}{self.comment}{end}")

    @classmethod
    def make(cls, tokens: Sequence[str], indent: str = "  ", end: str = "\n") -> "Line":
        """A new line of `tokens`."""
        return cls(indent + " ".join(tokens) + end)

    def __repr__(self) -> str:
        return f"Line({self.raw!r})"
