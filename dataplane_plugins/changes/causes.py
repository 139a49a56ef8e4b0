"""Find out which of several operations a finding of HAProxy is the fault of."""

from collections.abc import Callable, Iterable, Sequence

from dataplane_core.plugin import Document, Finding, lazy_pattern, opcodes, split_lines

_MOST_CHECKS = 12
_NUMBERS = lazy_pattern(r"\d+")

Check = Callable[[Document], Iterable[Finding]]
"""Returns what HAProxy finds in a document."""


class Causes:
    """The documents after each of several operations, the first of them the one before all.

    A finding on a line that an operation wrote is that operation's. Any other is of the one from
    which on HAProxy has it: `check` is asked about the documents in between.
    """

    def __init__(self, documents: Sequence[Document], check: Check) -> None:
        self._documents = documents
        self._check = check
        self._checked: dict[int, set[str]] = {}
        self._authors = _authors(documents)

    def operation(self, finding: Finding, line: int | None) -> int | None:
        """Return the number of the operation, from 0; None if it was there before, or unclear.

        `line` is the line of the last document that the finding is about, from 1.
        """
        if line is not None and 0 < line <= len(self._authors):
            author = self._authors[line - 1]
            if author is not None:
                return author
        return self._first_with(finding)

    def _first_with(self, finding: Finding) -> int | None:
        """Return the first operation after which HAProxy has a finding."""
        low, high = 0, len(self._documents) - 1
        if self._has(low, finding):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if middle not in self._checked and len(self._checked) >= _MOST_CHECKS:
                return None
            low, high = (low, middle) if self._has(middle, finding) else (middle, high)
        return high - 1

    def _has(self, number: int, finding: Finding) -> bool:
        if number not in self._checked:
            self._checked[number] = set(map(_said, self._check(self._documents[number])))
        return _said(finding) in self._checked[number]


def _said(finding: Finding) -> str:
    """Return what a finding says but for numbers of lines, which other operations move."""
    return _NUMBERS.sub("#", finding.message)


def _authors(documents: Sequence[Document]) -> list[int | None]:
    """Return for each line of the last document which operation wrote it; None for an older one."""
    old = split_lines(documents[0].text())
    authors: list[int | None] = [None] * len(old)
    for number, document in enumerate(documents[1:]):
        if document is documents[number]:
            continue
        new = split_lines(document.text())
        most = min(len(old), len(new))
        start = next((at for at in range(most) if old[at] != new[at]), most)
        most -= start
        end = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
        middle: list[int | None] = []
        gone = old[start : len(old) - end]
        for tag, i1, i2, j1, j2 in opcodes(gone, new[start : len(new) - end]):
            kept = authors[start + i1 : start + i2]
            middle += kept if tag == "equal" else [number] * (j2 - j1)
        authors[start : len(old) - end] = middle
        old = new
    return authors
