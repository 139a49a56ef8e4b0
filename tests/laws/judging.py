"""HAProxy's judgement of many small pieces of configuration at once.

Each piece is a section of its own, told apart by its lines and by its name: one run of `haproxy -c`
judges hundreds, and what it refuses is taken out until it accepts the rest.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataplane_core.errors import Finding
from dataplane_core.store import messages

BASE = """\
global
  expose-experimental-directives
defaults base
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
backend known from base
"""
_NAME = re.compile(r"\bgen-(\d+)\b")
BATCH = 400


@dataclass(frozen=True)
class Piece:
    """The text of a section called `gen-<number>`, and the collection that its object is from."""

    family: str
    number: int
    text: str


def verdicts(program: str, folder: Path, pieces: Sequence[Piece]) -> dict[int, str]:
    """HAProxy's words on each piece that it refuses, by the piece's number."""
    refused: dict[int, str] = {}
    for start in range(0, len(pieces), BATCH):
        _judge(program, folder, list(pieces[start : start + BATCH]), refused)
    return refused


def check(program: str, path: Path, *more: str) -> tuple[bool, list[Finding]]:
    """Whether HAProxy accepts a file (that it has no listener is no matter), and what it says."""
    command = [program, *more, "-c", "-f", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, cwd=path.parent)
    said = (done.stdout + done.stderr).decode(errors="replace")
    said = re.sub(r"(?<=.)\[(ALERT|WARNING|NOTICE)\]", r"\n[\1]", said)  # some end without one
    return done.returncode in (0, 2), messages.findings(said, str(path), path.name)


def _judge(program: str, folder: Path, pieces: list[Piece], refused: dict[int, str]) -> None:
    """Run until HAProxy accepts what is left; halve it where nothing says which piece is meant."""
    while pieces:
        path = folder / "pieces.cfg"
        path.write_text(BASE + "".join(piece.text for piece in pieces))
        accepted, found = check(program, path, "-W")
        if accepted:
            return
        blamed = _blame(pieces, found)
        if not blamed and len(pieces) == 1:
            blamed = {pieces[0].number: messages.summary(found) or "(no word)"}
        if not blamed:
            middle = len(pieces) // 2
            _judge(program, folder, pieces[:middle], refused)
            _judge(program, folder, pieces[middle:], refused)
            return
        refused.update(blamed)
        pieces = [piece for piece in pieces if piece.number not in blamed]


def _blame(pieces: list[Piece], found: list[Finding]) -> dict[int, str]:
    """What the alerts say, by the number of the piece that they name or whose line they tell."""
    owners: list[int] = [-1] * BASE.count("\n")
    for piece in pieces:
        owners += [piece.number] * piece.text.count("\n")
    blamed: dict[int, str] = {}
    for one in found:
        if one.severity != "alert" or one.message.startswith("too many fatal errors"):
            continue
        owner = owners[one.line - 1] if one.line and one.line <= len(owners) else -1
        named = _NAME.search(one.message)
        if owner < 0 and named:
            owner = int(named[1])
        if owner >= 0:
            blamed.setdefault(owner, " ".join(one.message.split()))
    return blamed
