"""HAProxy's judgement of a candidate, before it takes the configuration's place."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding
from dataplane_core.haproxy import binaries, messages
from dataplane_core.haproxy.commands import CommandFailed, Completed, Running, words
from dataplane_core.settings import Settings
from dataplane_core.settings.balancer import CANDIDATE_VARIABLE, CANDIDATE_WORD

# HAProxy's last words on a file that it accepts (3.x says them with -V only). From there on it but
# gives back its memory, and nobody needs to wait for that.
_VALID = "Configuration file is valid"
_NOT_RUN = (126, 127)  # a shell's, and the loader's, for what cannot be run
# HAProxy refuses a `program` section unless it is told to run as a master with workers.
_NEEDS_MASTER = re.compile(rb"^[ \t]*program[ \t]", re.M)
# What Lua prints while a file is read is on standard output, too: there HAProxy's own end counts.
_PRINTS = b"lua-load"


class Checker:
    """Runs `validate_cmd`, or HAProxy itself, on a file.

    The candidate should lie in the folder of the configuration: with `default-path config` or
    `parent`, HAProxy looks for other files relative to the place of the file that it checks.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._custom = settings.haproxy.reload.validate_cmd
        self._setting = "haproxy.reload.validate_cmd" if self._custom else "haproxy.haproxy_bin"

    def check(self, path: Path) -> list[Finding]:
        """What HAProxy remarks on a file that it accepts.

        Raises `CheckFailed` with all findings when it refuses the file, and `CommandFailed`, with
        the name of the setting, when it cannot be run, breaks off or does not end. No text names
        `path`.
        """
        with self.begin(path) as verdict:
            return verdict()

    @contextmanager
    def begin(self, path: Path) -> Iterator[Callable[[], list[Finding]]]:
        """Start a check; what it gives waits for the verdict, then tells or raises as `check`."""
        text = b"" if self._custom else _text(path)
        last_line = "" if self._custom or _PRINTS in text else _VALID
        timeout = self._settings.dataplane.check_timeout
        named = {CANDIDATE_VARIABLE: str(path)}
        command = self.command(path, text)
        with Running(command, timeout, self._setting, named, last_line) as running:
            yield lambda: self._judged(running.wait(), path)

    def _judged(self, completed: Completed, path: Path) -> list[Finding]:
        found = _findings(completed, path, Path(self._settings.haproxy.config_file).name)
        if completed.ok:
            return [finding for finding in found if finding.severity == "warning"]
        said = messages.summary(found) or "it said nothing"
        reason = f"{completed.describe()}: {said}"
        if not self._is_refusal(completed, found):
            message = f"the check set by {self._setting} broke off: {reason}"
            raise CommandFailed(message, started=True)
        raise CheckFailed(f"validation error: {reason}", tuple(found))

    def _is_refusal(self, completed: Completed, found: list[Finding]) -> bool:
        """Whether a check that failed says something of the file, not of its own program."""
        if completed.status in _NOT_RUN:
            return False
        if completed.status > 0 and self._custom:
            return True  # a command may refuse without a word
        return any(finding.severity == "alert" for finding in found)

    def command(self, path: Path, text: bytes) -> list[str]:
        """The words of the command that checks `path`; HAProxy's own depend on its `text`.

        In `validate_cmd` the word part `{file}` stands for the candidate's path.
        """
        if self._custom:
            parts = words(self._custom, self._setting)
            return [part.replace(CANDIDATE_WORD, str(path)) for part in parts]
        program = binaries.program(self._settings)
        master = self._settings.haproxy.master_worker_mode or _needs_master(text)
        return [program, *(["-W"] if master else []), "-c", "-V", "-f", str(path)]


def _findings(completed: Completed, path: Path, name: str) -> list[Finding]:
    output = completed.output
    resolved = os.path.realpath(path)
    if resolved != str(path):
        output = output.replace(resolved, str(path))
    return messages.findings(output, str(path), name)


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # HAProxy says it better


def _needs_master(text: bytes) -> bool:
    return b"program" in text and _NEEDS_MASTER.search(text) is not None
