"""Have HAProxy note, in a rule's own condition, that it came to the rule, and how that ended.

A note is a term of the condition that always holds and puts the rule's number in front of a
variable of the session. So each term of the rule is evaluated once, at the moment and with the data
at which HAProxy does it, whatever the kind of the rule.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from dataplane_core.plugin import unquote

TRACE = "sess.dpsim"
"""The variable with the notes: the newest first, each with a dot behind it."""

ACCEPTED = "sess.dpsim_accepted"
"""Is set once a rule for connections has accepted: the ones behind it are passed over then."""

HELD, FAILED = "m", "n"
"""The ends of notes that all terms of one alternative held: of a condition with `if`, `unless`."""

_OR = ("or", "||")
_SKIP = ["!{", f"var({ACCEPTED}),bool", "}"]
_STOP = ["{", f"var({ACCEPTED}),bool", "}"]


def _test(mark: str) -> str:
    """Return the test that notes `mark`, and always holds."""
    return f"str({mark}),concat(.,{TRACE}),set-var({TRACE}),length,bool"


def note(mark: str) -> list[str]:
    """Return the term that notes `mark`."""
    return ["{", _test(mark), "}"]


def named_note(mark: str) -> list[str]:
    """Return the term that notes `mark` in one word: the name of an ACL of `declared_notes`."""
    return [f"dpsim{mark}"]


def declared_notes(number: int) -> list[list[str]]:
    """Return the words of the lines that declare the ACLs of a rule's notes."""
    marks = (f"{number}{end}" for end in ("", HELD, FAILED))
    return [["acl", *named_note(mark), _test(mark)] for mark in marks]


def with_notes(
    condition: Sequence[str],
    number: int,
    *,
    skips: bool = False,
    note: Callable[[str], list[str]] = note,
) -> list[str]:
    """Return the raw words of a rule's condition, `if` or `unless` included, with its notes.

    A rule without a condition has an empty one. With `skips`, the rule is passed over once
    `ACCEPTED` is set.
    """
    reached = note(str(number))
    if not condition:
        return ["if", *(_SKIP if skips else ()), *reached]
    word, *test = condition
    if not test:
        return list(condition)  # `if` alone never holds
    unless = unquote(word) == "unless"
    settled = note(f"{number}{FAILED if unless else HELD}")
    first, *others = _alternatives(test)
    guard = _SKIP if skips and not unless else []
    marked = [[*guard, *reached, *first, *settled]]
    marked += [[*guard, *other, *settled] for other in others]
    if skips and unless:
        marked.insert(0, _STOP)
    return [word, *_joined(marked)]


def _alternatives(test: Iterable[str]) -> list[list[str]]:
    """Return the parts of a condition between its `or`, outside of `{ … }`."""
    parts: list[list[str]] = [[]]
    inside = False
    for token in test:
        plain = unquote(token)
        if not inside and plain in _OR:
            parts.append([])
            continue
        inside = plain != "}" if inside else plain in ("{", "!{")
        parts[-1].append(token)
    return parts


def _joined(parts: Iterable[Sequence[str]]) -> Iterator[str]:
    return chain.from_iterable((*(("||",) if at else ()), *part) for at, part in enumerate(parts))


def read_notes(trace: str) -> dict[int, str]:
    """Return the rules that HAProxy came to, in order, each with `HELD`, `FAILED` or "".

    Where HAProxy evaluates rules again because more data has come, the last time counts.

    >>> read_notes("7m.7.5.3n.3.")
    {3: 'n', 5: '', 7: 'm'}
    """
    found: dict[int, str] = {}
    # What is behind the last dot was cut off: HAProxy's buffer was full.
    for mark in reversed(trace.rpartition(".")[0].split(".")):
        number = mark.rstrip(HELD + FAILED)
        if not number:
            continue
        end = mark[len(number) :]
        if not end:
            found.pop(int(number), None)
        found[int(number)] = end
    return found
