"""Texts of HAProxy's Runtime API: words, commands and payloads to send, and what answers mean.

Management Guide, section 9.3 ("Unix Socket commands"): a connection takes one line, and is closed
after the answer unless it is in `prompt` mode. Words are separated by blanks, `;` separates
commands, a last word `<<` announces a payload, and a backslash takes the meaning from the character
behind it. Quotes mean nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dataplane_core.errors import BadRequest, Code, DataplaneError, Invalid, RuntimeFailed
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.tokens import CONTROL_CHARACTERS

_SIMPLE = lazy_pattern(r"[A-Za-z0-9_./:@%=,+-]+")  # most words: they need no escape
_ESCAPED = lazy_pattern(r"[\\; <]")
_PLAIN = lazy_pattern(r"(?:[^\\;]|\\.)*")
_PAYLOAD = lazy_pattern(r"(?:^|[ \t])<<\S*[ \t]*$")
# What HAProxy 2.6 to 3.2 answer, if anything, to a change that they carried out, or that sets the
# address that a server has already. Any other text is taken for a refusal.
_STEP = r"(?:(?:IP|port) changed from '[^']*' to '[^']*'|no need to change the (?:addr|port))"
_CREATED = r"New server registered\.|Server deleted\."
_SUCCESS = lazy_pattern(rf"{_STEP}(?:, {_STEP})*(?: by '[^']*')?|nothing changed|{_CREATED}")

# Commands that come often, whose short answers have no line that begins as a prompt does, and that
# leave the connection as it was: `operator`, `quit` and `set timeout` do not.
_SINGLE = lazy_pattern(
    rb"(?:get|add|set|del|clear|show) (?:acl|map|server|table|weight)\b|get var |show info"
    rb"|show servers state|set maxconn |(?:enable|disable) (?:agent|health|server|frontend) "
)

_USUAL = (
    (b"add ssl crt-list ", "Success!"), (b"del ssl crt-list ", "Entry deleted in crtlist!"),
    (b"new ssl ", "New empty store"), (b"set ssl ", "Transaction created for it"),
    (b"add ssl ", "Transaction created for it"), (b"commit ssl ", "Success!"),
    (b"del ssl ", "'it' deleted!"), (b"prepare ", "New version created: 1"),
)  # fmt: skip

NO_WORKER = "Can't find the target PID"
"""How a master's answer to a command for a worker begins, where there is no worker."""
# A socket of level `user` answers `show table NAME` with the size, and a reason for no entries.
_NO_ENTRIES = r"(?:# table: .*\n)?# contents not dumped due to insufficient privileges"
_REFUSED = lazy_pattern(rf"Unknown command|{NO_WORKER}|(?P<denied>Permission denied|{_NO_ENTRIES})")


def runtime_argument(value: str) -> str:
    r"""Return one argument of a command, escaped so that HAProxy reads exactly `value`.

    >>> runtime_argument("a b;c\\<<")
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
    """Return a command in bytes; raises `Invalid` for a text that is not exactly one command."""
    several = (";" in text or "\\" in text) and not _PLAIN.fullmatch(text)
    if several or CONTROL_CHARACTERS.search(text) or ("<<" in text and _PAYLOAD.search(text)):
        raise Invalid("this is not exactly one command of HAProxy's Runtime API")
    return text.encode("utf-8", "surrogateescape")


def is_question(command: bytes) -> bool:
    """Return whether a command only asks, and changes nothing."""
    return command.startswith((b"show ", b"get ", b"help", b"acme status"))


def usual_answer(command: bytes) -> str:
    """Return what HAProxy answers to a change that it carries out; most say nothing."""
    return next((said for begin, said in _USUAL if command.startswith(begin)), "")


def is_single(command: bytes) -> bool:
    """Tell whether a connection in `prompt` mode can take one command among others."""
    # HAProxy up to 2.8 asks for each line of a payload with a prompt of its own.
    return _SINGLE.match(command) is not None and b"\n" not in command


def with_payload(command: bytes, payload: str) -> bytes:
    """Return a command with its payload, the lines that it is about.

    Raises `Invalid` for lines with control characters and for an empty line, which would end the
    payload.
    """
    lines = payload.splitlines()
    if not lines or not all(lines) or any(map(CONTROL_CHARACTERS.search, lines)):
        raise Invalid("this cannot be the payload of a command of HAProxy's Runtime API")
    return command + "\n".join([" <<", *lines, ""]).encode()


def packed(commands: Iterable[bytes], limit: int, prefix: int) -> Iterator[Sequence[bytes]]:
    """Yield groups of commands, each for one line of at most `limit` bytes.

    A command that is longer stands alone. `prefix` is the number of bytes that go before each
    command.
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


def is_success(answer: str) -> bool:
    """Tell whether an answer says that a change was carried out; most say so by an empty answer."""
    return not answer or _SUCCESS.fullmatch(answer) is not None


class RuntimeRefused(RuntimeFailed):
    """HAProxy does not know the command, or its socket does not permit it."""


class NotPermitted(RuntimeRefused):
    """The level of the socket (`user`, `operator`) does not permit the command."""


def refusal_of(answer: str) -> RuntimeRefused | None:
    """Return the failure that an answer, or its beginning, means; None for any other answer."""
    match = _REFUSED.match(answer)
    if match is None:
        return None
    if match["denied"]:
        return NotPermitted("HAProxy refuses the command: Permission denied")
    return RuntimeRefused(f"HAProxy refuses the command: {answer.splitlines()[0]}")


def first_words(answers: Sequence[str]) -> str:
    """Return what HAProxy says to a command that answers nothing when all is well; else "".

    `answers` are those of all processes; the first that says something counts.
    """
    return next((one.strip() for one in answers if one.strip()), "")


def refused(words: str, kinds: Mapping[str, type[DataplaneError]]) -> DataplaneError:
    """Return the failure that HAProxy's words mean.

    `kinds` maps parts of sentences to failures; words that have none of them are a `BadRequest`.
    """
    kind = next((kind for part, kind in kinds.items() if part in words), BadRequest)
    return kind(f"HAProxy says: {words}")
