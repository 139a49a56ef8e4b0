"""Keep lines of files outside the storage out of HAProxy's words about a configuration.

A text that a client sends can name any file that HAProxy may read: as a list of patterns, a script,
a list of certificates. HAProxy's message about a line of it that it does not take repeats that
line. The client is told the file and the line's number instead; files of the storage, which it can
read anyway, are told of as ever.
"""

import os
import re
from collections.abc import Iterable, Iterator

from dataplane_core.haproxy.live import is_ip
from dataplane_core.settings import Settings

_PATTERN = re.compile(r"at line ([0-9]+) of file '([^']+)'")
_REASON = re.compile(r"' (is not a valid [A-Za-z0-9 ]{1,40}) at line [0-9]+ of file '[^']+'\.?$")
_PLACE = re.compile(r"\[([^\]\[]+?):([0-9]+)\]")
_SCRIPT = re.compile(r"(?:^|[\s'])([^\s':]+):([0-9]+): ")
_SCRIPT_FILE = re.compile(r"Lua file '([^']+)'")
_SCRIPTED = re.compile(r"\blua\b", re.IGNORECASE)
_READ = re.compile(r"\b(crt-list|lf-file)\s+(\S+)")
"""Words of a line whose file HAProxy quotes without its name."""

_QUOTING = re.compile(r"[\"'\\]")
_QUOTES_A_FILE = re.compile(r"(.*?'crt-list' ?:|.*? rule ?:)", re.DOTALL)
_NOT_SHOWN = "what it holds is not shown, as the file is outside of the storage"


class ForeignFiles:
    """Tells HAProxy's words without what they repeat of files outside of the folders `stored`.

    `name` is what these words call the configuration itself; if it is a path, they may name the
    file by another one.
    """

    def __init__(self, name: str, stored: Iterable[str]) -> None:
        self._name = name
        self._path = os.path.realpath(name) if os.path.isabs(name) else ""
        self._stored = tuple(os.path.realpath(one) + "/" for one in filter(None, stored))

    def without_contents(self, message: str, line: str = "") -> str:
        """Return a message about a line of the configuration, without lines of such files."""
        for file, number in self._places(message):
            if not self._is_stored(file):
                reason = _REASON.search(message)
                said = f"line {number} of the file {file} {reason[1] if reason else 'is refused'}"
                return f"{said}; {_NOT_SHOWN}"
        return self._without_quotes(message, line)

    def _places(self, message: str) -> Iterator[tuple[str, str]]:
        """Yield the files that a message is about, with a line's number each."""
        for number, file in _PATTERN.findall(message):
            yield file, number
        places = _PLACE.findall(message)
        if _SCRIPTED.search(message):
            named = _SCRIPT_FILE.search(message)  # Lua leaves out how a long name begins
            found = _SCRIPT.findall(message)
            places += [(named[1] if named else file, number) for file, number in found]
        for file, number in places:
            if not self.is_configuration(file) and not is_ip(f"{file}:{number}"):
                yield file, number

    def line_of(self, message: str) -> int | None:
        """Return the number of the line of the configuration that a message names."""
        found = (int(line) for file, line in _PLACE.findall(message) if self.is_configuration(file))
        return next(found, None)

    def is_configuration(self, file: str) -> bool:
        """Return whether words about the configuration name it so."""
        if file == self._name or not self._path:
            return file == self._name
        if os.path.isabs(file):
            return os.path.realpath(file) == self._path
        return os.path.basename(file) == os.path.basename(self._path)

    def _without_quotes(self, message: str, line: str) -> str:
        """Return a message that may quote a file without its name, where its line names one."""
        begin = _QUOTES_A_FILE.match(message)
        if begin is None:
            return message
        files = [file for _, file in _READ.findall(_QUOTING.sub("", line))]
        foreign = [file for file in files if not self._is_stored(file) and os.path.exists(file)]
        if not foreign and "$" not in line:  # a variable may stand for the word before the file
            return message
        if not foreign and "crt-list" not in message and "expression <" not in message:
            return message
        named = f"the file {foreign[0]}" if foreign else "a file"
        return f"{begin[1]} {named} is refused; {_NOT_SHOWN}"

    def _is_stored(self, file: str) -> bool:
        return os.path.isabs(file) and os.path.realpath(file).startswith(self._stored)


def storage_folders(settings: Settings) -> list[str]:
    """Return the folders whose files a client can read."""
    all_ = settings.dataplaneapi.resources
    return [all_.maps_dir, all_.ssl_certs_dir, all_.general_storage_dir, all_.spoe_dir]
