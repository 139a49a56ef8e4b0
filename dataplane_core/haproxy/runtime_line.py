"""Lines of HAProxy's Runtime API: words, commands, payloads.

Management Guide, section 9.3 ("Unix Socket commands"): a connection takes one line and is closed
after the answer; words are separated by blanks, `;` separates commands, a last word `<<` announces
a payload, and a backslash takes the meaning from the character behind it. Quotes mean nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from dataplane_core.errors import Code, Invalid
from dataplane_core.text.tokens import CONTROL_CHARACTERS

_SIMPLE = re.compile(r"[A-Za-z0-9_./:@%=,+-]+")  # most of what is sent; no escape is needed
_ESCAPED = re.compile(r"[\\; <]")
_PLAIN = re.compile(r"(?:[^\\;]|\\.)*")
_PAYLOAD = re.compile(r"(?:^|[ \t])<<\S*[ \t]*$")
# What HAProxy 2.6 to 3.2 answer, if anything, to a `set server … addr` that they carried out or
# that asked for what is so already. Any other text is taken for a refusal.
_STEP = r"(?:(?:IP|port) changed from '[^']*' to '[^']*'|no need to change the (?:addr|port))"
_MADE = r"New server registered\.|Server deleted\."
_DONE = re.compile(rf"{_STEP}(?:, {_STEP})*(?: by '[^']*')?|nothing changed|{_MADE}")


def runtime_argument(value: str) -> str:
    r"""One argument of a command, escaped so that HAProxy reads exactly `value`.

    >>> argument("a b;c\\<<")
    'a\\ b\\;c\\\\\\<\\<'

    Raises `Invalid` for what no command can carry: nothing at all, or control characters.
    """
    if _SIMPLE.fullmatch(value):
        return value
    if not value:
        raise Invalid("an empty value cannot be sent to HAProxy", code=Code.REQUIRED)
    if CONTROL_CHARACTERS.search(value):
        raise Invalid(
            "a value with control characters cannot be sent to HAProxy", code=Code.PATTERN
        )
    return _ESCAPED.sub(r"\\\g<0>", value)


def one_command(text: str) -> bytes:
    """Return a command in bytes; raises `Invalid` for a text that is more or less than one."""
    several = (";" in text or "\\" in text) and not _PLAIN.fullmatch(text)
    if several or CONTROL_CHARACTERS.search(text) or ("<<" in text and _PAYLOAD.search(text)):
        raise Invalid("this is not exactly one command of HAProxy's Runtime API")
    return text.encode("utf-8", "surrogateescape")


def with_payload(command: bytes, payload: str) -> bytes:
    """Return a command with the lines that it is about.

    Raises `Invalid` for lines with control characters and for an empty line, which would end them.
    """
    lines = payload.splitlines()
    if not lines or not all(lines) or any(map(CONTROL_CHARACTERS.search, lines)):
        raise Invalid("this cannot be the payload of a command of HAProxy's Runtime API")
    return command + "\n".join([" <<", *lines, ""]).encode()


def packed(commands: Iterable[bytes], limit: int, prefix: int) -> Iterator[Sequence[bytes]]:
    """Group commands for lines of at most `limit` bytes; a longer one stands alone.

    `prefix` is the length of what goes before each.
    """
    line: list[bytes] = []
    size = 0
    for command in commands:
        length = prefix + len(command) + 1
        if line and size + length > limit:
            yield line
            line, size = [], 0
        line.append(command)
        size += length
    if line:
        yield line


def is_done(answer: str) -> bool:
    """Whether an answer says, as most do by saying nothing, that a change was carried out."""
    return not answer or _DONE.fullmatch(answer) is not None
