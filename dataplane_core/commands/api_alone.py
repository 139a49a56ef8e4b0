"""Find the keywords that the API declares and an HAProxy does not know: `dataplane keywords`.

HAProxy registers only a part of its keywords; the rest stands in its code. So HAProxy is asked: a
keyword of which it says what it says of a made-up word in the same place is unknown to it.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Finding
from dataplane_core.grammar import Statement
from dataplane_core.grammar.vocabulary import keywords_behind
from dataplane_core.haproxy.build_keywords import BuildKeyword
from dataplane_core.haproxy.subprocesses import run_command
from dataplane_core.resources.collections import Collection
from dataplane_core.store import messages
from dataplane_core.text.language import GLOBAL, INHERITING, LISTEN

_MADE_UP = "zz-made-up"
_BATCH = 20
"""Lines asked at once: HAProxy stops at the fiftieth that it refuses."""
_SECONDS = 20.0
_GUESS = re.compile(r"[;,.]? *did you mean .*", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where lines have a keyword: the section's kind, the words that keep their place before it.

    `written` are the words that a line needs there, `words` those of them that are keywords.
    """

    section: str
    words: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    def line(self, keyword: str) -> str:
        """Return a line, or the header of a section, that ends with a keyword."""
        return f"  {' '.join((*self.written, keyword))}\n" if self.section else f"{keyword} x\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """A keyword that HAProxy is asked about, where, and the collections that have it."""

    section: str
    words: tuple[str, ...]
    keyword: str
    places: tuple[Place, ...]
    collections: tuple[str, ...]

    @property
    def as_keyword(self) -> BuildKeyword:
        """The keyword as lists of HAProxy show theirs."""
        return BuildKeyword("api", self.keyword.rstrip("("), self.section, self.words)


def places(kind: str, statement: Statement) -> Iterator[tuple[Place, str]]:
    """Yield the first words of a statement's lines, and the keywords behind these, with places.

    A keyword has a place in each example that holds it, and where the first keyword of one stands.
    """
    section = LISTEN if kind in INHERITING else kind
    for form in statement.forms:
        head = tuple(form.head)
        yield Place(section, head[:-1], head[:-1]), head[-1]
        known = {*keywords_behind(form)}
        split = map(str.split, statement.examples)
        examples = [one for one in split if (*one[: len(head)],) == head]
        for keyword in sorted(known):
            for written in {*_in_front(examples, {keyword}), *_in_front(examples, known)}:
                yield Place(section, head, written), keyword


def _in_front(examples: Iterable[list[str]], known: set[str]) -> list[tuple[str, ...]]:
    """Return what stands in front of the first of `known` words in the first example with one."""
    found = ((*words[:at],) for words in examples for at, word in enumerate(words) if word in known)
    return [*islice(found, 1)]


_Line = tuple[Place, str]
"""A line that HAProxy is asked about: a place and the word that it ends with."""


class Oracle:
    """Asks an HAProxy program about words."""

    def __init__(self, binary: str) -> None:
        self._binary = binary

    def unknown(self, asked: list[Asked]) -> list[Asked]:
        """Return those that the program does not know; raises `CommandFailed`.

        Of a section that it does not know only the section is returned.
        """
        found: list[Asked] = []
        for kind in sorted({one.section for one in asked}):
            inside = [one for one in asked if one.section == kind]
            names = sorted({name for one in inside for name in one.collections})
            section = Asked("", (), kind, (Place(""),), tuple(names))
            found += self._like_made_up([section]) or self._like_made_up(inside)
        heads = {(one.section, (*one.words, one.keyword)) for one in found}
        return [one for one in found if (one.section, one.words) not in heads]

    def _like_made_up(self, asked: list[Asked]) -> list[Asked]:
        words = ((one, word) for one in asked for word in (one.keyword, _MADE_UP))
        every = dict.fromkeys((place, word) for one, word in words for place in one.places)
        lines, said, size = [*every], dict[_Line, str](), _BATCH
        while lines:
            batch = lines[:size]
            found = dict(self._judged(batch))
            said.update(found)
            # HAProxy goes no further than some of the lines that it refuses, not always by number.
            if found or size == 1:
                lines = lines[max(map(batch.index, found), default=0) + 1 :]
            size = _BATCH if found else 1
        return [one for one in asked if _is_unknown(said, one)]

    def _judged(self, lines: list[_Line]) -> Iterator[tuple[_Line, str]]:
        """Yield what HAProxy says of each line that it refuses."""
        section = lines[0][0].section
        name = "" if section in ("", GLOBAL) else "x"
        text = f"{section} {name}\n" if section else "\n"
        text += "".join(place.line(word) for place, word in lines)
        with TemporaryDirectory(prefix="dataplane-") as folder:
            path = Path(folder, "asked.cfg")
            path.write_text(text)
            output = run_command(
                [self._binary, "-c", "-f", str(path)], _SECONDS, "haproxy.haproxy_bin"
            ).output
        for finding in reversed(messages.findings(output, str(path), path.name)):
            if finding.severity == "alert" and finding.line and 1 < finding.line < len(lines) + 2:
                yield lines[finding.line - 2], _without_guess(finding)


def _without_guess(finding: Finding) -> str:
    """Return a message without the known word that HAProxy holds to be meant."""
    return " ".join(_GUESS.sub("", finding.message).split()).rstrip(".")


def _is_unknown(said: dict[_Line, str], one: Asked) -> bool:
    """Return whether HAProxy names a keyword, and refuses it everywhere as the made-up one."""
    is_named = False
    for place in one.places:
        told = said.get((place, one.keyword), "")
        if told.replace(one.keyword, _MADE_UP) != said.get((place, _MADE_UP)):
            return False
        is_named = is_named or f"'{one.keyword}'" in told
    return is_named


def asked_about(
    statements: Iterable[tuple[Collection, str, Statement]],
    registered: set[tuple[str, tuple[str, ...], str]],
) -> list[Asked]:
    """Return the keywords of declarations that a build does not register, once each."""
    held: dict[tuple[str, tuple[str, ...], str], tuple[set[Place], set[str]]] = {}
    for collection, kind, statement in statements:
        for place, keyword in places(kind, statement):
            key = (place.section, place.words, keyword)
            if (*key[:2], keyword.rstrip("(")) not in registered:
                where, names = held.setdefault(key, (set(), set()))
                where.add(place)
                names.add(collection.name)
    return [
        Asked(*key, tuple(sorted(where, key=lambda one: one.written)), tuple(sorted(names)))
        for key, (where, names) in held.items()
    ]
