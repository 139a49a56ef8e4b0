"""Show stand-ins in the place of secrets, and put the secrets back where stand-ins come back.

A stand-in is a word that says nothing of its secret, but is the same for the same secret, so that
who may not see a secret sees that it is another one now. A text that is shown has stand-ins, and an
edit is made on that text: where it leaves a stand-in, the secret that is there stays there.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary

from dataplane_core.digests import blake2b
from dataplane_core.errors import Invalid
from dataplane_core.grammar.model import HeadTable
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.secret_lines import secrets_in_json
from dataplane_core.resources.secrets import Secrets, first_word
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.credentials import conceal
from dataplane_core.text.lines import split_lines
from dataplane_core.text.tokens import unquote

_BEGIN = "hidden-"
STAND_IN = re.compile(rf"{_BEGIN}[0-9a-f]{{32}}(?![0-9a-f])")
"""What a stand-in looks like."""

_Part = tuple[str, str, str]
"""A part of a text: kind and name of the section, and its text."""
_Known = Mapping[tuple[str, str], str]
"""Secrets as lines have them, each by the first word of its line and its stand-in."""


class StandIns:
    """Knows the stand-ins of all secrets; `key` returns what they are made with."""

    def __init__(self, registry: Registry, key: Callable[[], bytes]) -> None:
        self._registry = registry
        self._secrets = Secrets(registry)
        self._make_key = key
        self._documents: WeakKeyDictionary[Document, Document] = WeakKeyDictionary()
        self._sections: WeakKeyDictionary[Section, tuple[Section, _Known]] = WeakKeyDictionary()

    @cached_property
    def _key(self) -> bytes:
        return self._make_key()

    def of(self, secret: str) -> str:
        """Return the stand-in of a secret, as a line or a value has it; that of one is itself."""
        if STAND_IN.fullmatch(secret):
            return secret
        text = unquote(secret).encode("utf-8", "surrogateescape")
        return _BEGIN + blake2b(text, 16, self._key).hex()

    def document(self, document: Document) -> Document:
        """Return a document with stand-ins; it shares the sections that have no secrets."""
        known = self._documents.get(document)
        if known is None:
            sections = tuple(self._section(one)[0] for one in document.sections)
            top = self.text(document.preamble)
            known = Document(top, sections, document.language, document.index)
            self._documents[document] = known
        return known

    def text(self, text: str) -> str:
        """Return the text of a configuration, or a part of one, with stand-ins."""
        return self._noted(text, {})

    def line(self, line: str) -> str:
        """Return a line with stand-ins."""
        return self._secrets.replaced(line, self.of)

    def in_json(self, value: Any) -> Any:
        """Return a JSON value of an object with stand-ins in the place of its secrets."""
        return secrets_in_json(value, self._names, self._shown_value)

    def _shown_value(self, value: str, is_secret: bool) -> str:
        return self.of(value) if is_secret and value else conceal(value, self.of)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return self._secrets.names_in_json()

    def _section(self, section: Section) -> tuple[Section, _Known]:
        """Return a section with stand-ins, and the secrets that it has."""
        found = self._sections.get(section)
        if found is None:
            known: dict[tuple[str, str], str] = {}
            text = self._noted(section.text, known)
            shown = Section.parse(text, section.language) if known else section
            found = self._sections[section] = shown, known
        return found

    def _noted(self, text: str, known: dict[tuple[str, str], str]) -> str:
        """Return a text with stand-ins, and note the secrets that were there."""

        def hide(word: str, secret: str) -> str:
            made = self.of(secret)
            if made != secret:
                known.setdefault((word, made), secret)
            return made

        lines = split_lines(text)
        return "".join(
            self._secrets.replaced(line, partial(hide, first_word(line))) for line in lines
        )

    def restored(self, before: Document, after: Document) -> Document:
        """Return an edited document with the secrets of `before` in the place of stand-ins.

        `after` was made of `before` as `document` shows it. Raises `Invalid` for a stand-in where
        no secret is to be kept: of no secret that is there, in another place, or more often.
        """
        shown = self.document(before)
        if shown is after:
            return before
        real = {id(one): own for one, own in zip(shown.sections, before.sections, strict=True)}
        known = dict[tuple[str, str], str]()
        self._noted(before.preamble, known)
        for section in before.sections:
            known |= self._section(section)[1]
        kept = real.keys() & set(map(id, after.sections))
        sections = tuple(
            real[id(one)] if id(one) in kept else self._made(one, before, known)
            for one in after.sections
        )
        top = self._restored(after.preamble, "", "", known)
        self._refuse_copies(
            [("", "", shown.preamble), *_edited(shown, kept)],
            [("", "", after.preamble), *_edited(after, kept)],
        )
        return Document(top, sections, after.language, after.index)

    def _made(self, section: Section, before: Document, known: _Known) -> Section:
        """Return a section of an edited document with its secrets, as its lines had them."""
        kind, name = section.kind, section.name
        if _BEGIN not in section.text:
            return section
        former = before.find(kind, name)
        if former is not None:
            known = {**known, **self._section(former)[1]}
        text = self._restored(section.text, kind, name, known)
        return section if text == section.text else Section.parse(text, section.language)

    def _restored(self, text: str, kind: str, name: str, known: _Known) -> str:
        if _BEGIN not in text:
            return text
        return "".join(
            self._restored_line(line, kind, name, known) if _BEGIN in line else line
            for line in split_lines(text)
        )

    def _restored_line(self, line: str, kind: str, name: str, known: _Known) -> str:
        word = first_word(line)

        def secret(found: re.Match[str]) -> str:
            kept = known.get((word, found[0]))
            if kept is None:
                raise self._refusal(line, found[0], kind, name)
            return kept

        made = STAND_IN.sub(secret, line)
        lost = Counter(STAND_IN.findall(line)) - Counter(STAND_IN.findall(self.line(made)))
        for found in lost:  # what stands there is no secret, and would be shown
            raise self._refusal(line, found, kind, name)
        return made

    def _refuse_copies(self, gone: Iterable[_Part], come: Iterable[_Part]) -> None:
        """Raise `Invalid` where more stand-ins come than go: nobody copies what they cannot see."""
        left = Counter(found for _, _, text in gone for found in STAND_IN.findall(text))
        for kind, name, text in come:
            for line in split_lines(text) if _BEGIN in text else ():
                for found in STAND_IN.findall(line):
                    left[found] -= 1
                    if left[found] < 0:
                        raise self._refusal(line, found, kind, name)

    def _refusal(self, line: str, found: str, kind: str, name: str) -> Invalid:
        """Return why a stand-in is not taken, with the name of the property that has it."""
        tables = HeadTable(self._registry.names.statements(kind))
        match = tables.lookup(Line(line.rstrip("\r\n")))
        values = {} if match is None or match[2] is None else match[2].values
        said = next(_holding(values, found), first_word(line))
        where = f"{kind} {name}".strip() or "the text"
        return Invalid(
            f"{said} in body: {found} in {where} stands for no secret that can be "
            "kept there: send the secret itself"
        )


def _holding(values: Mapping[str, Any], found: str) -> Iterator[str]:
    return (name for name, value in values.items() if found in str(value))


def _edited(document: Document, kept: Collection[int]) -> list[_Part]:
    """Return the sections of a document but for those that are kept."""
    return [(one.kind, one.name, one.text) for one in document.sections if id(one) not in kept]
