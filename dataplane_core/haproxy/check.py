"""Check a candidate with HAProxy, or with `validate_cmd`, before it becomes the configuration."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dataplane_core.errors import CheckFailed, Finding
from dataplane_core.haproxy import binaries
from dataplane_core.haproxy.shown_words import ShownWords, shown_words
from dataplane_core.haproxy.subprocesses import (
    CommandFailed,
    CompletedCommand,
    RunningCommand,
    command_words,
)
from dataplane_core.settings import Settings
from dataplane_core.settings.haproxy import CANDIDATE_VARIABLE, CANDIDATE_WORD
from dataplane_core.store import messages
from dataplane_core.store.journal.counters import Counters

# HAProxy's last line about a file that it accepts (3.x writes it with -V only). What it does behind
# that line needs no waiting for: `output.py`.
_VALID = "Configuration file is valid"
# Written where a line is refused: HAProxy does not look at the file as a whole any more then.
_UNREAD = "Error(s) found in configuration file"
_NOT_RUN = (126, 127)  # exit statuses of a shell and of the loader for what cannot be run
# The verdict of 3.1 and later on a file without a `bind`, with exit status 2, which they start all
# the same as a master with its worker; up to 3.0 a check for a master calls such a file valid.
_NO_LISTENER = "Configuration file has no error but will not start (no listener) => exit(2)."
_ALERT = "[ALERT]"  # begins a line in which HAProxy says why it does not start
# Lua scripts print to standard output, too, while the file is read, and could print the last line.
# Files that load scripts are waited for until HAProxy's own end.
_LOADS_SCRIPTS = b"lua-load"


class HaproxyChecker:
    """Runs `validate_cmd`, or HAProxy itself, on a file.

    The candidate should lie in the folder of the configuration: with `default-path config` or
    `parent`, HAProxy looks for other files relative to the place of the file that it checks.
    """

    def __init__(
        self,
        settings: Settings,
        counters: Counters | None = None,
        words: ShownWords | None = None,
    ) -> None:
        self._settings = settings
        self._words = words or shown_words(settings)
        self._counters = counters
        self._custom = settings.haproxy.reload.validate_cmd
        self._setting = "haproxy.reload.validate_cmd" if self._custom else "haproxy.haproxy_bin"

    def check(self, path: Path) -> list[Finding]:
        """Return HAProxy's warnings about a file that it accepts.

        Raises `CheckFailed` with all findings when HAProxy refuses the file, and `CommandFailed`,
        with the name of the setting, when the check cannot be run, breaks off or does not end in
        time. No text names `path`.
        """
        with self.begin(path) as verdict:
            return verdict()

    @contextmanager
    def begin(self, path: Path) -> Iterator[Callable[[], list[Finding]]]:
        """Start a check, and give a function that waits for it and returns or raises as `check`."""
        last_line = "" if self._custom or _LOADS_SCRIPTS in _bytes_of(path) else _VALID
        timeout = self._settings.dataplane.check_timeout
        named = {CANDIDATE_VARIABLE: str(path)}
        with RunningCommand(
            self.command(path), timeout, self._setting, named, last_line
        ) as running:
            yield lambda: self._counted(running, path)

    def _counted(self, running: RunningCommand, path: Path) -> list[Finding]:
        """Return the verdict, and count the check with its result and its time."""
        begun, result = time.monotonic(), "failed"
        try:
            found = self._verdict(running.wait(), path)
            result = "accepted"
            return found
        except CheckFailed:
            result = "refused"
            raise
        finally:
            if self._counters is not None:
                self._counters.add("checks", result)
                self._counters.add("check_seconds", amount=time.monotonic() - begun)

    def _verdict(self, completed: CompletedCommand, path: Path) -> list[Finding]:
        if completed.ok and completed.output.strip() in ("", _VALID):
            return []
        found = self._findings(completed, path)
        # What HAProxy itself calls an alert it will not start with, whatever its exit status. A
        # script that HAProxy loads may say anything else.
        says_alert = completed.output.startswith(_ALERT) or f"\n{_ALERT}" in completed.output
        takes = completed.ok and (self._custom or not says_alert)
        if takes or self._lacks_listeners(completed):
            return [finding for finding in found if finding.severity == "warning"]
        said = messages.summary(found) or "it said nothing"
        reason = f"{completed.describe()}: {said}"
        if not self._is_refusal(completed, found):
            message = f"the check set by {self._setting} broke off: {reason}"
            raise CommandFailed(message, started=True)
        unread = _UNREAD in completed.output
        raise CheckFailed(f"validation error: {reason}", tuple(found), unread=unread)

    def _findings(self, completed: CompletedCommand, path: Path) -> list[Finding]:
        """Return what a check says, without secrets and lines of files outside of the storage."""
        name, output = self._words.name, completed.output
        resolved = os.path.realpath(path)
        if resolved != str(path):
            output = output.replace(resolved, str(path))
        about = self._words.about(_bytes_of(path).decode("utf-8", "surrogateescape"))

        def told(one: Finding) -> Finding:
            refused = one.severity == "alert"
            return replace(one, message=about.told(one.message, one.line, refused=refused))

        return [told(one) for one in messages.findings(output, str(path), name)]

    def _is_refusal(self, completed: CompletedCommand, found: list[Finding]) -> bool:
        """Tell whether a check failed because of the file, and not because of its own program."""
        if completed.status in _NOT_RUN:
            return False
        if completed.status > 0 and self._custom:
            return True  # `validate_cmd` may refuse a file without a word
        # Some refused lines have only a warning, such as `program` in 3.2.
        return _UNREAD in completed.output or any(one.severity == "alert" for one in found)

    def _lacks_listeners(self, completed: CompletedCommand) -> bool:
        """Tell whether the only thing that HAProxy misses is a `bind` line."""
        said = completed.output.splitlines()
        return not self._custom and completed.status == 2 and _NO_LISTENER in said

    def command(self, path: Path) -> list[str]:
        """Return the words of the command that checks `path`.

        In the words of `validate_cmd`, `{file}` stands for the candidate's path. HAProxy itself
        checks as for a master with workers (`-W`): a master takes `program` sections, and needs no
        listener, so that a configuration can begin with its backends.
        """
        if self._custom:
            parts = command_words(self._custom, self._setting)
            return [part.replace(CANDIDATE_WORD, str(path)) for part in parts]
        program = binaries.program(self._settings)
        return [program, "-W", "-c", "-V", "-f", str(path)]


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # HAProxy's own message about such a file is better

