"""Regular expressions of users, matched in linear time.

Python's `re` tries one way after the other: `^(a+)+$` on a name of forty letters takes it years,
and nothing ends it. Here all ways are followed at once, a character at a time, so that the time
grows with the length of the name and with nothing else. What cannot be matched so, back references
and looking around, is refused, as Go's `regexp` refuses it.
"""

import re
from collections.abc import Iterator

from dataplane_core.plugin import lazy_pattern

MOST_STEPS = 1000
"""Longest program that an expression may make, repetitions such as `{1,50}` written out."""
_LONGEST = 1000  # characters of an expression
_DEEPEST = 50  # groups within groups
_KEPT_MOVES = 5000

_ATOM = lazy_pattern(
    r"\[\^?\]?(?:\\.|[^\]\\])*\]"  # a set of characters
    r"|\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|0[0-7]{0,2}|[^0-9])"
    r"|[^\\\[()|*+?]",
    re.DOTALL,
)
_REPEAT = lazy_pattern(r"([*+?]|\{[0-9]*,[0-9]*\}|\{[0-9]+\})(\??)")
_GROUP = lazy_pattern(r"\((?:\?(?:P?<[^\W\d]\w*>|(?P<on>[is]*)(?:-(?P<off>[is]+))?:))?")
_FLAGS = lazy_pattern(r"\(\?(?P<on>[is]+)\)")
_PLACES = frozenset({"^", "$", r"\A", r"\Z", r"\b", r"\B"})

# One step of a program: what it does, and what with. Jumps count from the step itself.
#   ("one", pattern)   take one character that the pattern fits
#   ("at", place)      go on only at that place of the text
#   ("jump", *targets) go on at each of the targets
_Step = tuple[object, ...]
_Program = tuple[_Step, ...]


class UnfitExpression(ValueError):
    """An expression is none, or one that cannot be matched in linear time."""


class Expression:
    """An expression that is looked for in texts; raises `UnfitExpression` for one that is unfit."""

    def __init__(self, pattern: str) -> None:
        self._program = _Parser(pattern).program()
        self._moves: dict[tuple[frozenset[int], str, str], frozenset[int] | None] = {}

    def found_in(self, text: str) -> bool:
        """Tell whether the expression fits anywhere in a text, as `re.search` does."""
        steps: frozenset[int] | None = frozenset()
        for before, character in zip(["", *text], [*text, ""], strict=True):
            assert steps is not None
            key = (steps, before, character)
            if key not in self._moves:
                if len(self._moves) >= _KEPT_MOVES:
                    self._moves.clear()
                self._moves[key] = self._move(*key)
            steps = self._moves[key]
            if steps is None:
                return True
        return False

    def _move(self, steps: frozenset[int], before: str, character: str) -> frozenset[int] | None:
        """Return the steps that are reached with one character; None once the expression fits."""
        waiting, seen, reached = [0, *steps], set[int](), set[int]()
        while waiting:
            step = waiting.pop()
            if step in seen:
                continue
            seen.add(step)
            if step == len(self._program):
                return None
            kind, *given = self._program[step]
            if kind == "jump":
                waiting += (step + int(str(target)) for target in given)
            elif kind == "at":
                if _stands(str(given[0]), before, character):
                    waiting.append(step + 1)
            elif character and isinstance(given[0], re.Pattern) and given[0].fullmatch(character):
                reached.add(step + 1)
        return frozenset(reached)


def _stands(place: str, before: str, behind: str) -> bool:
    """Tell whether a place such as `^` is between two characters; "" stands for none."""
    if place in ("^", r"\A"):
        return not before
    if place in ("$", r"\Z"):
        return not behind
    edge = bool(re.match(r"\w", before)) != bool(re.match(r"\w", behind))
    return edge == (place == r"\b")


class _Parser:
    """Makes the program of an expression, whose syntax `re` has accepted."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > _LONGEST:
            raise UnfitExpression(f"it is longer than {_LONGEST} characters")
        self._depth = 0
        self._text = pattern
        self._place = 0

    def program(self) -> _Program:
        """Return the program of the whole expression."""
        try:
            re.compile(self._text)
        except (re.error, RecursionError, OverflowError) as error:
            raise UnfitExpression(str(error)) from None
        flags = self._taken(_FLAGS)
        program = self._choice(_flags(flags["on"]) if flags else re.NOFLAG)
        if self._place < len(self._text):
            raise self._unfit()
        return program

    def _taken(self, pattern: "re.Pattern[str]") -> "re.Match[str] | None":
        found = pattern.match(self._text, self._place)
        if found:
            self._place = found.end()
        return found

    def _next_is(self, characters: str) -> bool:
        return self._text[self._place : self._place + 1] in tuple(characters)

    def _unfit(self) -> UnfitExpression:
        return UnfitExpression(f"what stands at position {self._place} is not supported")

    def _choice(self, flags: re.RegexFlag) -> _Program:
        program = self._sequence(flags)
        while self._next_is("|"):
            self._place += 1
            other = self._sequence(flags)
            program = (
                ("jump", 1, len(program) + 2), *program, ("jump", len(other) + 1), *other,
            )  # fmt: skip
        return program

    def _sequence(self, flags: re.RegexFlag) -> _Program:
        program: _Program = ()
        while self._place < len(self._text) and not self._next_is("|)"):
            program += self._repeated(self._item(flags))
            if len(program) > MOST_STEPS:
                raise _too_long()
        return program

    def _item(self, flags: re.RegexFlag) -> _Program:
        if self._next_is("("):
            return self._group(flags)
        atom = self._taken(_ATOM)
        if atom is None:
            raise self._unfit()
        if atom[0] in _PLACES:
            return (("at", atom[0]),)
        try:
            return (("one", re.compile(atom[0], flags)),)
        except re.error:
            raise self._unfit() from None

    def _group(self, flags: re.RegexFlag) -> _Program:
        group = self._taken(_GROUP)
        if group is None or self._next_is("?") or self._depth == _DEEPEST:
            raise self._unfit()
        self._depth += 1
        program = self._choice((flags | _flags(group["on"])) & ~_flags(group["off"]))
        self._depth -= 1
        if not self._next_is(")"):
            raise self._unfit()
        self._place += 1
        return program

    def _repeated(self, program: _Program) -> _Program:
        found = self._taken(_REPEAT)
        if found is None:
            return program
        if self._next_is("*+?"):  # `a++` gives nothing back: that is no matter of one step
            raise self._unfit()
        least, most = _times(found[1])
        if (len(program) + 2) * max(least, most or 0, 1) > MOST_STEPS:
            raise _too_long()
        optional = (("jump", 1, len(program) + 1), *program)
        if most is not None:
            return program * least + optional * (most - least)
        endless = (("jump", 1, len(program) + 2), *program, ("jump", -len(program) - 1))
        return program * least + endless


def _times(sign: str) -> tuple[int, int | None]:
    """Return how often a sign such as `*` or `{2,5}` repeats: at least, and at most."""
    if sign in "*+?":
        return (int(sign == "+"), 1 if sign == "?" else None)
    least, comma, most = sign[1:-1].partition(",")
    if not comma:
        return int(least), int(least)
    return int(least or 0), int(most) if most else None


def _flags(letters: str | None) -> re.RegexFlag:
    flags: Iterator[re.RegexFlag] = (re.I if letter == "i" else re.S for letter in letters or "")
    return sum(flags, start=re.NOFLAG)


def _too_long() -> UnfitExpression:
    return UnfitExpression(f"with its repetitions it has more than {MOST_STEPS} steps")
