"""Lists of certificates (`crt-list`): their lines in a file, and in the running HAProxy.

Configuration manual, "crt-list": a line is a certificate's file, options of a `bind` line in
brackets, and names of servers. Management guide, section 9.3: `show ssl crt-list`, `add ssl
crt-list`, `del ssl crt-list`. HAProxy numbers the entries by the lines of the file that it has
read, and those that are added by the next number.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataplane_core.plugin import (
    CONTROL_CHARACTERS,
    BadRequest,
    Code,
    DataplaneError,
    Invalid,
    NotFound,
    Prop,
    RuntimeClient,
    Services,
    dataclass,
    lazy_pattern,
    refused,
    rehearsing,
    runtime_argument,
)

ENTRY = (
    Prop("file", help="The certificate's file, as the list names it."),
    Prop("line_number", "integer", minimum=0, help="The number of the line in the list, from 1."),
    Prop("sni_filter", "array", items=Prop(""), help="Names of servers that it is shown for."),
    Prop("ssl_bind_config", help="Options of a bind line for these names, without brackets."),
)
"""The properties of an entry."""

_LINE = lazy_pattern(
    r"[ \t]*(?P<file>[^\s\[\]#][^\s\[\]]*)(?:\s*\[(?P<config>[^\[\]]*)\])?(?P<filters>[^\[\]]*)"
)
_LOADED = lazy_pattern(
    r"(?P<file>.*?):(?P<number>[0-9]{1,18})(?: \[(?P<config>.*?)\])?(?P<filters>(?: [^ ]+)*)"
)
_SECONDS = 10.0
"""How long HAProxy may take to change a list, in all listeners that have it."""
_ABSENT = dict.fromkeys(("does not exist", "can't be found", "line number is incorrect"), NotFound)


@dataclass(frozen=True, slots=True)
class CrtListEntry:
    """An entry: the certificate's file, options of `bind` without brackets, names of servers."""

    file: str
    config: str = ""
    filters: tuple[str, ...] = ()
    number: int = 0

    @property
    def line(self) -> str:
        """The entry as a line of a list."""
        config = f"[{self.config}]" if self.config else ""
        return " ".join(filter(None, (self.file, config, *self.filters)))

    @property
    def shown(self) -> tuple[str, tuple[str, ...]]:
        """What HAProxy shows as it was written; it writes the options in an order of its own."""
        return self.file, self.filters

    @property
    def json(self) -> dict[str, Any]:
        """The entry as clients see it; properties without a value are left out."""
        shown = {
            "file": self.file,
            "line_number": self.number,
            "sni_filter": list(self.filters),
            "ssl_bind_config": self.config,
        }
        return {name: value for name, value in shown.items() if value}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "CrtListEntry":
        """Return the entry that a body describes.

        Raises `BadRequest` without a file, and `Invalid` for what one line of a list cannot hold.
        """
        file, config = body.get("file") or "", body.get("ssl_bind_config") or ""
        filters = tuple(body.get("sni_filter") or ())
        if not file:
            raise BadRequest("file in body is required")
        entry = cls(file, " ".join(config.split(" ")).strip(), filters)
        if CONTROL_CHARACTERS.search(entry.line) or next(parse_crt_list(entry.line), None) != cls(
            entry.file, entry.config, filters, 1
        ):
            raise Invalid(
                "file and each of sni_filter in body must be one word, and no property may hold "
                "brackets or control characters",
                code=Code.PATTERN,
            )
        return entry


def is_crt_list(data: bytes) -> bool:
    """Tell whether a file among certificates may be a list of them: text that is no PEM."""
    return b"-----BEGIN " not in data and b"\0" not in data


def parse_crt_list(text: str) -> Iterator[CrtListEntry]:
    """Yield the entries of a list's text, with the numbers of their lines from 1."""
    for number, line in enumerate(text.split("\n"), 1):
        match = _LINE.fullmatch(line.rstrip())
        if match is not None:
            yield _entry(match, number)


def parse_loaded_crt_list(answer: str) -> Iterator[CrtListEntry]:
    """Yield the entries in an answer to `show ssl crt-list -n`; raises `NotFound`.

    HAProxy ends some options with a zero byte, which is none of theirs.
    """
    if answer.startswith("didn't find"):
        raise NotFound("the running HAProxy has loaded no such list of certificates")
    for line in answer.replace("\0", "").splitlines():
        match = _LOADED.fullmatch(line.strip())
        if match is not None and not line.startswith("#"):
            yield _entry(match, int(match["number"]))


def _entry(match: re.Match[str], number: int) -> CrtListEntry:
    config = " ".join((match["config"] or "").split())
    return CrtListEntry(match["file"], config, tuple(match["filters"].split()), number)


def with_entry(text: str, entry: CrtListEntry) -> str:
    """Return a list's text with an entry behind the others."""
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{entry.line}\n"


def without_line(text: str, number: int) -> str:
    """Return a list's text without the line of a number."""
    lines = text.split("\n")
    return "\n".join(lines[: number - 1] + lines[number:])


class CrtLists:
    """The lists that every process has loaded; a whole folder of certificates is one, too."""

    def __init__(self, services: Services) -> None:
        self.runtime = services.runtime

    def names(self, client: RuntimeClient | None = None) -> list[str]:
        """Return the names of the lists, as one process has them (the first)."""
        client = client or self.runtime.processes()[0]
        return [
            name
            for name in client.command("show ssl crt-list", self.runtime.deadline).splitlines()
            if name
        ]

    def entries(self, name: str, client: RuntimeClient | None = None) -> list[CrtListEntry]:
        """Return the entries of a list; raises `NotFound`."""
        client = client or self.runtime.processes()[0]
        command = f"show ssl crt-list -n {runtime_argument(name)}"
        answer = client.dump(command, self.runtime.deadline).decode("utf-8", "replace")
        return list(parse_loaded_crt_list(answer))

    def add(self, name: str, entries: Iterable[CrtListEntry], client: RuntimeClient) -> None:
        """Add entries to a list of one process, behind the others.

        Their certificates must be loaded. Raises `NotFound` without the list, and `BadRequest` with
        HAProxy's words.
        """
        if rehearsing() is not None:
            self.entries(name, client)
        for entry in entries:
            command = f"add ssl crt-list {runtime_argument(name)}"
            answer = client.finish(command, _SECONDS, f"{entry.line}\n")
            _expect(answer, "Success", {f"crt-list '{name}' does not exist": NotFound})

    def remove(self, name: str, file: str, number: int | None, client: RuntimeClient) -> None:
        """Take an entry out of a list of one process; `number` tells those of one file apart.

        Raises `NotFound`, and `BadRequest` with HAProxy's words: for the certificate that is shown
        to who names no server, and for a file with several entries.
        """
        if rehearsing() is not None and not any(
            one.file == file and number in (None, one.number) for one in self.entries(name, client)
        ):
            raise NotFound(f"{name} has no such entry of {file}")
        which = f"{runtime_argument(file)}:{number}" if number else runtime_argument(file)
        command = f"del ssl crt-list {runtime_argument(name)} {which}"
        _expect(client.finish(command, _SECONDS), "deleted in", _ABSENT)


def _expect(answer: str, expected: str, kinds: Mapping[str, type[DataplaneError]]) -> None:
    if expected not in answer:
        raise refused(" ".join(answer.split())[:300] or "nothing", kinds)
