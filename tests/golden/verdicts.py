"""What HAProxy itself says of the lines of a recorded case.

The recorded server wrote much that HAProxy refuses. No answer to such a case is right: it is no fault
to refuse it before it is written, or to leave out what no line can say.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dataplane_core.haproxy.binaries import installed

JUDGES = ("2.8", "3.2")
NAMELESS = ("global", "traces")
GLOBAL = "global\n  expose-experimental-directives\n  httpclient.ssl.verify none\n"
"""HAProxy's own client asks nobody here: the two hundred files of the system's authorities stay closed."""
SCRATCH = "@DIR@"
_ALERT = re.compile(r"\[ALERT\][^\n]*?\[[^\]\n]*:(\d+)\](.*)")
_MISSING = re.compile(r"no such ACL|No such file|unable to (find|load|stat)|cannot open", re.I)
"""What is wrong where a line stands and not in the line: a name or a file that is not there."""


class Judges:
    """The installed ones of the HAProxys that judge.

    Lines are judged in the section of the start configuration that they were recorded in, behind its
    own ones; of the others, there are only those that it inherits from. What was judged is kept in
    a folder, for the processes of one run: a case is judged once, on whatever server it is tried.
    """

    def __init__(self, start: str, folder: Path, verdicts: Path) -> None:
        known = installed()
        self.programs = tuple(str(known[version]) for version in JUDGES if version in known)
        blocks = [block for block in re.split(r"\n(?=\w)", start) if block[:1].isalpha()]
        self._defaults = [block for block in blocks if block.startswith("defaults ")]
        self._sections = {_header(block): block for block in blocks}
        self._folder, self._file = folder, folder / "case.cfg"
        self._verdicts = verdicts
        verdicts.mkdir(exist_ok=True)

    def refuse(self, case: Mapping[str, Any], scratch: Path) -> bool:
        """Return whether all of them refuse a line that a case records.

        `scratch` is the folder that files are in which the case names; equal ones are in ours.
        """
        header = str(case.get("section") or "")
        lines = tuple(line.replace(str(scratch), SCRATCH) for line in _lines(case))
        if "line" in case and header not in NAMELESS:
            header += " case"
        if not header or not lines or not self.programs:
            return False
        key = hashlib.sha256(repr((header, lines)).encode()).hexdigest()
        if (verdict := self._kept(key)) is None:
            verdict = all(self._refuses(program, header, lines) for program in self.programs)
            with suppress(FileExistsError):  # another process judged the same meanwhile
                (self._verdicts / key).symlink_to(str(verdict))
        return verdict

    def _kept(self, key: str) -> bool | None:
        """Return what was judged before; None where nothing was."""
        try:
            return os.readlink(self._verdicts / key) == str(True)
        except FileNotFoundError:
            return None

    def _refuses(self, program: str, header: str, lines: tuple[str, ...]) -> bool:
        own = self._sections.get(header, header).rstrip()
        above = "\n".join(part.rstrip() for part in (GLOBAL, *self._defaults, own)) + "\n"
        first = above.count("\n") + 1
        judged = "\n".join(f"  {line}" for line in lines).replace(SCRATCH, str(self._folder))
        self._file.write_text(f"{above}{judged}\n", "utf-8")
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
