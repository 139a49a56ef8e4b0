"""What HAProxy makes of the texts whose hostile strings were taken: the words of their lines, or a refusal.

Hundreds of texts stand in one file, each in a section of its own. HAProxy shows the words of each line
(`-dC`), and they have to be those that the server reads in it: then the string is one value, or a part
of one, as it was said. The check (`-c`) takes a line or refuses it with a message for it; what is
refused is taken out, until nothing is.
"""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dataplane_core.text.words import words
from tests.torture.hostile.subjects import BASE, OWN

BATCH = 400
_SECONDS = 60
_TOO_LONG = -1000
_ABORTED = -6
"""HAProxy 2.8 frees memory twice when it refuses some lines (`log-stderr` with a sample)."""
_DEFAULTS = (BASE.strip(), "  mode http", "  default-server init-addr none",
             *(f"  timeout {name} 1s" for name in ("connect", "client", "server")))  # fmt: skip
_TAKEN = 0, 2
"""The second without a listener, which none of these texts needs."""
_NAMELESS = ("global", "traces")
_ENVIRON = {"HOME": "/home/of/nobody", "PATH": os.environ["PATH"]}
_LINE = re.compile(r"\[(ALERT|WARNING)\].*?\[[^\[\] ]*verdicts\.cfg:(\d+)\](.*)")
_NAMED = re.compile(rf"\[(ALERT|WARNING)\](.*?\b{OWN}(\d+)\b.*)")
_TWICE = re.compile(r"already|duplicate|more than once|same name|redefin|redeclar")
"""What is said of a line because another piece has one like it."""
_SHOWN = re.compile(r"^(\d+)\t\t?(.*) $|^(\d+)\t()$")
_OPENS_FILES = re.compile(r"^\s*backing-file\b", re.MULTILINE)
"""The check makes the file of a ring, wherever it is."""


@dataclass
class Verdicts:
    """What HAProxy said of so many texts, and each breach in a sentence."""

    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    """An example of each kind of message."""

    def __str__(self) -> str:
        told = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        return f"{told}; {len(self.breaches)} breaches"


@dataclass(frozen=True)
class Piece:
    """The section of a text, under a name that no other has, and what it is a trial of."""

    number: int
    about: str
    lines: tuple[str, ...]

    @property
    def group(self) -> str:
        """The kind of a section that can have no name, else nothing."""
        kind = self.lines[0].split()[0]
        return kind if kind in _NAMELESS else ""


def pieces(texts: Mapping[str, str]) -> Iterator[Piece]:
    """The sections of texts, each with a number in its name."""
    for number, (text, about) in enumerate(texts.items()):
        lines = [line for line in text.split("\n") if line.strip() and line != BASE.strip()]
        lines[0] = re.sub(rf"^(\S+) {OWN}\b", rf"\1 {OWN}{number}", lines[0])
        if not _OPENS_FILES.search(text):
            yield Piece(number, about, tuple(lines))


class _Asked:
    """A file of pieces, and what HAProxy says of it."""

    def __init__(self, batch: Iterable[Piece], program: str, folder: Path, *options: str) -> None:
        self.lines: dict[int, tuple[Piece, str]] = {}
        self._pieces = {piece.number: piece for piece in batch}
        text = [] if next(iter(self._pieces.values())).group else [*_DEFAULTS]
        for piece in self._pieces.values():
            for line in piece.lines:
                text.append(line)
                self.lines[len(text)] = piece, line
        file = folder / "verdicts.cfg"
        file.write_bytes("".join(f"{line}\n" for line in text).encode("utf-8", "surrogateescape"))
        try:
            done = subprocess.run([program, *options, "-c", "-f", file.name], cwd=folder, env=_ENVIRON, timeout=_SECONDS,
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)  # fmt: skip
        except subprocess.TimeoutExpired:
            self.status, self.shown, self._said = _TOO_LONG, "", ""
            return
        self.status = done.returncode
        self.shown = done.stdout.decode("utf-8", "surrogateescape")
        self._said = done.stderr.decode("utf-8", "surrogateescape")

    def messages(self) -> Iterator[tuple[str, Piece | None, str]]:
        """The severity of each message, what it is about, and what it says."""
        for line in self._said.splitlines():
            if found := _LINE.search(line):
                yield found[1], self.lines.get(int(found[2]), (None,))[0], found[3]
            elif found := _NAMED.search(line):
                yield found[1], self._pieces.get(int(found[3])), found[2]


class Judge:
    """Asks one HAProxy, in a folder from which no short path leads out."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder / "so" / "many" / "folders" / "deep"
        self._folder.mkdir(parents=True)
        self.verdicts = Verdicts()

    def try_all(self, texts: Mapping[str, str]) -> Verdicts:
        """Judge all texts, in batches."""
        groups: dict[str, list[Piece]] = {}
        for piece in pieces(texts):
            self.verdicts.counts["texts"] += 1
            groups.setdefault(piece.group, []).append(piece)
        for every in groups.values():
            for at in range(0, len(every), BATCH):
                self._show(every[at : at + BATCH])
                self._check(every[at : at + BATCH])
        return self.verdicts

    def _ask(self, batch: Iterable[Piece], *options: str) -> _Asked:
        self.verdicts.counts["questions"] += 1
        return _Asked(batch, self._program, self._folder, *options)

    def _show(self, batch: list[Piece]) -> None:
        """Compare the words that HAProxy has of each line with those that the server reads in it."""
        while batch:
            asked = self._ask(batch, "-dC,line")
            if asked.status < 0:
                return self._halve(batch, f"the words: HAProxy ends with {asked.status}", self._show)
            refused = self._refused(asked)
            if not refused:
                return self._compare(asked)
            self.verdicts.counts["lines without words"] += len(refused)
            batch = [piece for piece in batch if piece not in refused]
        return None

    def _compare(self, asked: _Asked) -> None:
        shown = {int(one[1] or one[3]): one[2] or "" for one in map(_SHOWN.match, asked.shown.split("\n")) if one}
        for number, (piece, line) in asked.lines.items():
            read = words(line, {name.encode(): value.encode() for name, value in _ENVIRON.items()})
            self.verdicts.counts["lines with the same words"] += 1
            said = " ".join(read.values).rstrip(" ")
            # A word may have ends of lines in it.
            same = f"\n{number}\t\t{said}" in f"\n{asked.shown}" if "\n" in said else shown.get(number, "").rstrip(" ") == said
            if read.problem or not same:
                self._tell(piece, f"is {shown.get(number)!r} to HAProxy, and {read} here: {line[:300]!r}")

    def _check(self, batch: list[Piece]) -> None:
        """Have HAProxy take each piece, or refuse it by a message for its lines."""
        while batch:
            asked = self._ask(batch)
            refused = self._refused(asked)
            if asked.status < 0:
                if not refused:
                    return self._halve(batch, f"the check: HAProxy ends with {asked.status}", self._check)
                self.verdicts.counts["deaths of HAProxy after such a message"] += 1
            if asked.status in _TAKEN and not refused:
                self.verdicts.counts["taken"] += len(batch)
                return None
            if not refused:
                return self._halve(batch, "", self._check)
            self._settle(refused, alone=len(batch) == 1)
            batch = [piece for piece in batch if piece not in refused]
        return None

    def _settle(self, refused: dict[Piece, str], alone: bool) -> None:
        """Count what is refused; what may be refused because of others is asked for alone."""
        for piece, said in refused.items():
            if not alone and _TWICE.search(said):
                self._check([piece])
            else:
                self.verdicts.counts["refused by a message for the line"] += 1

    def _refused(self, asked: _Asked) -> dict[Piece, str]:
        """The pieces that an alert is for."""
        refused: dict[Piece, str] = {}
        for severity, piece, said in asked.messages():
            if piece is None:
                self.verdicts.breaches.append(f"{severity} for a line that nobody wrote: {said}")
                continue
            self.verdicts.said.setdefault(_kind_of(severity, said), f"{piece.about} | {piece.lines} | {said}"[:600])
            if severity == "ALERT":
                refused.setdefault(piece, said)
        return refused

    def _halve(self, batch: list[Piece], fault: str, ask: Callable[[list[Piece]], None]) -> None:
        """Find the piece that is at fault: of several, each half is asked for alone."""
        if len(batch) > 1:
            ask(batch[: len(batch) // 2])
            ask(batch[len(batch) // 2 :])
        elif fault.endswith(f" {_ABORTED}"):
            # It takes nothing then, and the server answers as to any other refusal.
            self.verdicts.counts["deaths of HAProxy without a message"] += 1
            self.verdicts.said.setdefault(fault, f"{batch[0].about} | {batch[0].lines}"[:600])
        elif fault:
            self._tell(batch[0], fault)
        else:
            self.verdicts.counts["refused as a whole"] += 1

    def _tell(self, piece: Piece, said: str) -> None:
        self.verdicts.breaches.append(f"{piece.about}: {said}")


def _kind_of(severity: str, said: str) -> str:
    """A message without what is the line's own."""
    return severity + re.sub(r"'.*'|[0-9]+", "_", said)[:200]
