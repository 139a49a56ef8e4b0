"""What HAProxy itself says of the lines of a recorded case.

The recorded server wrote much that HAProxy refuses. No answer to such a case is right: it is no fault
to refuse it before it is written, or to leave out what no line can say.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dataplane_core.haproxy.binaries import installed

JUDGES = ("2.8", "3.2")
NAMELESS = ("global", "traces")
_ALERT = re.compile(r"\[ALERT\][^\n]*?\[[^\]\n]*:(\d+)\](.*)")
_MISSING = re.compile(r"no such ACL|No such file|unable to (find|load|stat)|cannot open", re.I)
"""What is wrong where a line stands and not in the line: a name or a file that is not there."""


class Judges:
    """The installed ones of the HAProxys that judge.

    Lines are judged in the section of the start configuration that they were recorded in, behind its
    own ones; of the others, there are only those that it inherits from.
    """

    def __init__(self, start: str, folder: Path) -> None:
        known = installed()
        self.programs = tuple(str(known[version]) for version in JUDGES if version in known)
        blocks = [block for block in re.split(r"\n(?=\w)", start) if block[:1].isalpha()]
        self._defaults = [block for block in blocks if block.startswith("defaults ")]
        self._sections = {_header(block): block for block in blocks}
        self._file = folder / "case.cfg"

    def refuse(self, case: Mapping[str, Any]) -> bool:
        """Return whether all of them refuse a line that a case records."""
        header, lines = str(case.get("section") or ""), tuple(_lines(case))
        if "line" in case and header not in NAMELESS:
            header += " case"
        if not header or not lines or not self.programs:
            return False
        return all(self._refuses(program, header, lines) for program in self.programs)

    @cache  # noqa: B019
    def _refuses(self, program: str, header: str, lines: tuple[str, ...]) -> bool:
        own = self._sections.get(header, header).rstrip()
        parts = ["global\n  expose-experimental-directives", *self._defaults, own]
        above = "\n".join(part.rstrip() for part in parts) + "\n"
        first = above.count("\n") + 1
        self._file.write_text(above + "\n".join(f"  {line}" for line in lines) + "\n", "utf-8")
        command = [program, "-c", "-f", str(self._file)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60).stderr
        wrong = (int(at) for at, message in _ALERT.findall(told) if not _MISSING.search(message))
        return any(first <= at < first + len(lines) for at in wrong)


def _header(block: str) -> str:
    """Return the first line of a section without what it inherits from."""
    return block.partition("\n")[0].partition(" from ")[0].strip()


def _lines(case: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that a case records as written, or as read."""
    for name in ("lines", "added", "lines_in_order"):
        yield from (line for line in case.get(name) or () if not line.startswith("#"))
    if "line" in case:
        yield case["line"]
