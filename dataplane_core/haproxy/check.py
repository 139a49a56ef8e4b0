"""HAProxy's judgement of a candidate, before it takes the configuration's place."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding
from dataplane_core.haproxy import binaries
from dataplane_core.haproxy.commands import (
    CommandFailed,
    CompletedCommand,
    RunningCommand,
    command_words,
)
from dataplane_core.settings import Settings
from dataplane_core.settings.haproxy import CANDIDATE_VARIABLE, CANDIDATE_WORD
from dataplane_core.store import messages

# HAProxy's last words on a file that it accepts (3.x says them with -V only). From there on it but
# gives back its memory, and nobody needs to wait for that.
_VALID = "Configuration file is valid"
# Said where a line is refused: then HAProxy does not look at the file as a whole any more.
_UNREAD = "Error(s) found in configuration file"
_NOT_RUN = (126, 127)  # a shell's, and the loader's, for what cannot be run
# The verdict of 3.1 and later on a file without a `bind`, with exit status 2, which they start all
# the same as a master with its worker; up to 3.0 a check for a master calls such a file valid.
_NO_LISTENER = "Configuration file has no error but will not start (no listener) => exit(2)."
# What Lua prints while a file is read is on standard output, too: there HAProxy's own end counts.
_PRINTS = b"lua-load"


class HaproxyChecker:
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
        last_line = "" if self._custom or _PRINTS in _text(path) else _VALID
        timeout = self._settings.dataplane.check_timeout
        named = {CANDIDATE_VARIABLE: str(path)}
        with RunningCommand(
            self.command(path), timeout, self._setting, named, last_line
        ) as running:
            yield lambda: self._judged(running.wait(), path)

    def _judged(self, completed: CompletedCommand, path: Path) -> list[Finding]:
        found = _findings(completed, path, Path(self._settings.haproxy.config_file).name)
        if completed.ok or self._lacks_listeners(completed):
            return [finding for finding in found if finding.severity == "warning"]
        said = messages.summary(found) or "it said nothing"
        reason = f"{completed.describe()}: {said}"
        if not self._is_refusal(completed, found):
            message = f"the check set by {self._setting} broke off: {reason}"
            raise CommandFailed(message, started=True)
        unread = _UNREAD in completed.output
        raise CheckFailed(f"validation error: {reason}", tuple(found), unread=unread)

    def _is_refusal(self, completed: CompletedCommand, found: list[Finding]) -> bool:
        """Whether a check that failed says something of the file, not of its own program."""
        if completed.status in _NOT_RUN:
            return False
        if completed.status > 0 and self._custom:
            return True  # a command may refuse without a word
        return any(finding.severity == "alert" for finding in found)

    def _lacks_listeners(self, completed: CompletedCommand) -> bool:
        """Whether HAProxy itself finds no more amiss than that nothing listens yet."""
        said = completed.output.splitlines()
        return not self._custom and completed.status == 2 and _NO_LISTENER in said

    def command(self, path: Path) -> list[str]:
        """Return the words of the command that checks `path`.

        In `validate_cmd` the word part `{file}` stands for the candidate's path. HAProxy itself
        checks as for a master with workers (`-W`): such a one takes `program` sections, and needs
        no listener, so that a configuration can begin with its backends.
        """
        if self._custom:
            parts = command_words(self._custom, self._setting)
            return [part.replace(CANDIDATE_WORD, str(path)) for part in parts]
        program = binaries.program(self._settings)
        return [program, "-W", "-c", "-V", "-f", str(path)]


def _findings(completed: CompletedCommand, path: Path, name: str) -> list[Finding]:
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

