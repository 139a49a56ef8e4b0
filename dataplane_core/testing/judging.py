"""Have HAProxy judge many small pieces of configuration at once.

Each piece is a section of its own, told apart by its lines and by its name: one run of `haproxy -c`
judges hundreds, and what it refuses is taken out until it accepts the rest.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Finding
from dataplane_core.store import messages
from dataplane_core.text.language import DEFAULTS, INHERITING

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
NEEDED = {"fcgi-app": "  docroot /srv\n"}
"""Lines without which HAProxy refuses a section of the kind."""
_WITHOUT_NAME = frozenset({"global", "traces"})


@dataclass(frozen=True)
class Piece:
    """The text of a section called `gen-<number>`, and the collection that its object is from."""

    family: str
    number: int
    text: str


def section_text(kind: str, number: int, lines: Iterable[str], base: str = " from base") -> str:
    """Return a section of a kind, called `gen-<number>`, that has these lines.

    One that can inherit does so from the `defaults` section that `base` names.
    """
    name = "" if kind in _WITHOUT_NAME else f" gen-{number}"
    parent = base if kind in INHERITING - {DEFAULTS} else ""
    body = "".join(f"  {one}\n" for one in lines)
    return f"{kind}{name}{parent}\n{NEEDED.get(kind, '')}{body}"


def verdicts(
    program: str, folder: Path, pieces: Sequence[Piece], base: str = BASE
) -> dict[int, str]:
    """Return HAProxy's words on each piece that it refuses, by the piece's number."""
    refused: dict[int, str] = {}
    for start in range(0, len(pieces), BATCH):
        _judge(program, folder, list(pieces[start : start + BATCH]), refused, base)
    return refused


def check(program: str, path: Path, *more: str) -> tuple[bool, list[Finding]]:
    """Return whether HAProxy accepts a file, listeners or none, and what it says."""
    command = [program, *more, "-c", "-f", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, cwd=path.parent)
    said = (done.stdout + done.stderr).decode(errors="replace")
    said = re.sub(r"(?<=.)\[(ALERT|WARNING|NOTICE)\]", r"\n[\1]", said)  # some end without one
    return done.returncode in (0, 2), messages.findings(said, str(path), path.name)


def _judge(
    program: str, folder: Path, pieces: list[Piece], refused: dict[int, str], base: str
) -> None:
    """Run until HAProxy accepts what is left; halve it where nothing says which piece is meant."""
    while pieces:
        path = folder / "pieces.cfg"
        path.write_text(base + "".join(piece.text for piece in pieces))
        accepted, found = check(program, path, "-W")
        if accepted:
            return
        blamed = _blame(pieces, found, base)
        if not blamed and len(pieces) == 1:
            blamed = {pieces[0].number: messages.summary(found) or "(no word)"}
        if not blamed:
            middle = len(pieces) // 2
            _judge(program, folder, pieces[:middle], refused, base)
            _judge(program, folder, pieces[middle:], refused, base)
            return
        refused.update(blamed)
        pieces = [piece for piece in pieces if piece.number not in blamed]


def _blame(pieces: list[Piece], found: list[Finding], base: str) -> dict[int, str]:
    """Return what the alerts say, by the number of the piece that they are about."""
    owners: list[int] = [-1] * base.count("\n")
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
