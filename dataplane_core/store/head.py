"""The lines at the top of haproxy.cfg that belong to this server: its version and its checksum.

`# _version=7` is the version's number; a file without it gains it as its first line at the first
commit. `# _md5hash=…` holds the MD5 of the text without that line; where it stands it is kept
right, it is never added. Both count only among the comments and blank lines that the file starts
with. A `Document` never holds them: they are taken off when a file is read and put back, at the
lines where they stood, when one is written.
"""

import re
from collections.abc import Iterator

from dataplane_core.dataclass import dataclass
from dataplane_core.digests import blake2b, md5
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.lines import with_last_newline

_VERSION = lazy_pattern(r"([ \t]*#[ \t]*_version[ \t]*=[ \t]*)([0-9]{1,15})([ \t]*\r?\n?)\Z")
_CHECKSUM = lazy_pattern(r"([ \t]*#[ \t]*_md5hash[ \t]*=[ \t]*)([0-9A-Fa-f]*)([ \t]*\r?\n?)\Z")


@dataclass(frozen=True, slots=True)
class Head:
    """The server's own lines of one text, each with its number in the file, counted from 0."""

    lines: tuple[tuple[int, str], ...] = ()

    @property
    def version(self) -> int | None:
        """Number on the version line; None without one."""
        return next((int(match[2]) for match in self._matches(_VERSION)), None)

    @property
    def checksum(self) -> str | None:
        """Hash on the checksum line; None without one."""
        return next((match[2] for match in self._matches(_CHECKSUM)), None)

    def _matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        return (match for _, raw in self.lines if (match := pattern.match(raw)))

    def below(self, line: int) -> int:
        """Return the number, from 1, of line `line` of the file in the text without these lines."""
        return line - sum(at < line - 1 for at, _ in self.lines)

    def above(self, line: int) -> int:
        """Return the number, from 1, of line `line` of the text without these lines in the file."""
        for at, _ in self.lines:
            line += at < line
        return line


def split_header(text: str) -> tuple[Head, str]:
    """Return the server's own lines, and the text without them."""
    own: list[tuple[int, str]] = []
    kept: list[str] = []
    end = 0
    for number, raw in enumerate(_top(text)):
        end += len(raw)
        if _VERSION.match(raw) or _CHECKSUM.match(raw):
            own.append((number, raw))
        else:
            kept.append(raw)
    return Head(tuple(own)), "".join(kept) + text[end:] if own else text


def join(head: Head, text: str, version: int | None) -> str:
    """Return `text` with the lines of `head` at their places and `version` on the version line.

    With a version the result is a text to be written, whose last line has its end. With None
    nothing is changed: `join(*split_header(text), None)` is `text`.
    """
    top = list(_top(text))
    rest = text[sum(map(len, top)) :]
    for number, raw in _numbered(head, text, version):
        at = min(number, len(top))
        if at > 0 and not top[at - 1].endswith("\n"):
            top[at - 1] += "\n"
        last = at == len(top) and not rest
        top.insert(at, raw if raw.endswith("\n") or last else raw + "\n")
    whole = "".join(top) + rest
    return whole if version is None else with_checksum(with_last_newline(whole))


def _numbered(head: Head, text: str, version: int | None) -> list[tuple[int, str]]:
    """Return the lines of `head` with `version` on the first version line, made if missing."""
    if version is None:
        return list(head.lines)
    lines = list(head.lines)
    for at, (number, raw) in enumerate(lines):
        if match := _VERSION.match(raw):
            lines[at] = (number, f"{match[1]}{version}{match[3]}")
            return lines
    end = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    checksum = next((number for number, _ in lines), None)
    at = 0 if checksum is None else checksum + 1
    moved = [(number + (number >= at), raw) for number, raw in lines]
    return sorted([*moved, (at, f"# _version={version}{end}")])


def with_checksum(text: str) -> str:
    """Return the text with the right hash on its checksum line, if it has one."""
    start = 0
    for raw in _top(text):
        if match := _CHECKSUM.match(raw):
            rest = text[:start] + text[start + len(raw) :]
            digest = md5(encode_text(rest))
            return f"{text[:start]}{match[1]}{digest}{match[3]}{text[start + len(raw) :]}"
        start += len(raw)
    return text


def _top(text: str) -> Iterator[str]:
    """Yield the comment and blank lines that `text` starts with, with their ends."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        raw = text[at:end]
        if raw.strip() and not raw.lstrip(" \t").startswith("#"):
            return
        yield raw
        at = end


def digest_of(data: bytes) -> str:
    """Return a short hash that identifies a text: 32 hexadecimal digits."""
    return blake2b(data, 16).hex()


def encode_text(text: str) -> bytes:
    """Return the bytes of a text; those of the file for one that was read with `decode_text`."""
    return text.encode("utf-8", "surrogateescape")


def decode_text(data: bytes) -> str:
    """Return bytes as a text that `encode_text` turns into the same bytes, whatever they are."""
    return data.decode("utf-8", "surrogateescape")
